// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/capabilities.h"

#include "base/text.h"
#include "launcher/model/capability.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace berth::request {

namespace {

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text;
}

/// One of "NET_RAW", "cap_net_raw", "all".
Result<Capabilities> one_capability(const std::string& word) {
  std::string name = upper_case(word);
  if (name == "ALL") return kEveryCapability;
  if (name.starts_with("CAP_")) name.erase(0, 4);
  const auto* const found = std::find(kCapabilityNames.begin(), kCapabilityNames.end(), name);
  if (found != kCapabilityNames.end())
    return Capabilities{1} << static_cast<unsigned>(found - kCapabilityNames.begin());
  const std::string near =
      nearest(name, std::vector<std::string>(kCapabilityNames.begin(), kCapabilityNames.end()));
  return Error{Blame::usage,
               "understand the capability " + quote(word),
               {},
               near.empty() ? "capabilities(7) lists them: NET_RAW, SYS_PTRACE, ..., or ALL"
                            : "did you mean " + near + "?"};
}

template <Capabilities Request::*field>
Status add_capabilities(Request& request, const std::string& value) {
  for (const std::string& word : split(value, ',')) {
    const auto one = one_capability(word);
    if (!one) return one.error();
    request.*field |= *one;
  }
  return Done{};
}

/// One by one, so that a site's rule on one of them is a rule on it in every company.
template <Capabilities Request::*field>
std::vector<std::string> names_in(const Request& request) {
  std::vector<std::string> names;
  for (std::size_t number = 0; number < kCapabilityNames.size(); ++number)
    if ((request.*field >> number & 1) != 0) names.emplace_back(kCapabilityNames[number]);
  return names;
}

}  // namespace

std::vector<Option> capability_rows() {
  return {
      {{"cap-add", 0, "NAME,...", "give the program rights over its own namespaces"},
       add_capabilities<&Request::added_capabilities>,
       names_in<&Request::added_capabilities>},
      {{"cap-drop", 0, "NAME,...", "take some of them back, say of --cap-add ALL"},
       add_capabilities<&Request::dropped_capabilities>,
       names_in<&Request::dropped_capabilities>},
  };
}

}  // namespace berth::request
