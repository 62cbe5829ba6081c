// SPDX-License-Identifier: Apache-2.0
// berth-hooks: what hooks want changed in a container that is about to be built. `berth run` starts
// it where there is anything to ask, so that no other launch carries a parser of YAML.
//
//   berth-hooks [--gpus=WHICH] [NAME]...
//
// What these GPUs (hooks/gpu) and devices (hooks/cdi) need, as a line of JSON (hooks/edits_text.h).
// Which specifications there are is looked up with $XDG_CONFIG_HOME and $HOME. Exits with 0 if it
// could say something, be it an error.
#include "base/file.h"
#include "hooks/cdi/nodes.h"
#include "hooks/cdi/registry.h"
#include "hooks/edits_text.h"
#include "hooks/gpu/gpus.h"

#include <unistd.h>

#include <cstdlib>
#include <iterator>

namespace berth::hooks {

namespace {

constexpr std::string_view kGpus = "--gpus=";

struct Wanted {
  std::vector<DeviceName> devices;
  std::vector<Edits> edits = {};  ///< of what no specification knows
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

/// A vendor's specification knows more than we do.
Status add_gpus(const WantedGpus& gpus, const Registry& registry, Wanted& wanted) {
  for (const char* kind : {"nvidia.com/gpu", "amd.com/gpu"}) {
    if (!registry.has_kind(kind)) continue;
    if (gpus.all) wanted.devices.push_back({kind, "all"});
    for (const std::string& name : gpus.names)
      wanted.devices.push_back({kind, name});
    return Done{};
  }
  for (const auto find : {find_nvidia, find_amd}) {
    auto found = find(gpus, "");
    if (!found) return std::move(found.error());
    if (!*found) continue;
    wanted.edits.push_back(std::move(**found));
    return Done{};
  }
  return Error{Blame::config,
               "find a GPU on this node",
               {},
               "neither the specifications in /etc/cdi nor the drivers of NVIDIA and AMD know one"};
}

Result<Wanted> parse_words(const std::vector<std::string>& words, const Registry& registry) {
  Wanted wanted;
  for (const std::string& word : words) {
    if (word.starts_with(kGpus)) {
      const auto gpus = parse_gpus(word.substr(kGpus.size()));
      if (!gpus) return gpus.error();
      BERTH_TRY(add_gpus(*gpus, registry, wanted));
      continue;
    }
    auto device = parse_device_name(word);
    if (!device) return std::move(device.error());
    wanted.devices.push_back(std::move(*device));
  }
  return wanted;
}

/// For who waits for us, and may wait in vain.
void say_what_is_looked_at(const std::string& path) {
  const std::string line = kLooksAt + path + "\n";
  (void)write_fully(STDOUT_FILENO, line.data(), line.size());  // who has gone misses the answer too
}

Result<Answer> find_edits(const std::vector<std::string>& words) {
  const auto places = spec_directories(variable("XDG_CONFIG_HOME"), variable("HOME"), ::getuid());
  const Registry registry = Registry::read(places, say_what_is_looked_at);
  auto wanted = parse_words(words, registry);
  if (!wanted) return std::move(wanted.error());
  auto edits = registry.find(wanted->devices);
  if (!edits) return std::move(edits.error());
  std::move(wanted->edits.begin(), wanted->edits.end(), std::back_inserter(*edits));
  for (Edits& one : *edits) {
    BERTH_TRY(check_nodes(one));
    check_groups(one);
  }
  Answer answer{std::move(*edits)};
  if (const std::string warning = registry.warning(); !warning.empty())
    answer.warnings.push_back(warning);
  return answer;
}

}  // namespace

}  // namespace berth::hooks

int main(int count, char** words) {
  const std::string text =
      berth::hooks::to_text(berth::hooks::find_edits({words + 1, words + count}));
  return berth::write_fully(STDOUT_FILENO, text.data(), text.size()) == 0 ? 0 : 1;
}
