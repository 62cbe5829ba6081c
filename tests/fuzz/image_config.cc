// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image's configuration: no exception, and what is accepted makes a plan whose
// texts the kernel takes whole and in which the user's own variables stand once.
#include "launcher/request/image_config.h"

#include "launcher/plan/plan.h"
#include "tests/fuzz/require.h"
#include "tests/unit/plan_case.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using berth::fuzz::require;

void check_program(const berth::Execute& program) {
  require(!program.arguments.empty() && !program.candidates.empty());
  for (const auto* texts : {&program.arguments, &program.candidates, &program.environment})
    for (const std::string& text : *texts)
      require(text.find('\0') == std::string::npos);
  for (const char* name : {"PATH=", "HOME=", "USER=", "LOGNAME="})
    require(std::count_if(
                program.environment.begin(),
                program.environment.end(),
                [&](const std::string& variable) { return variable.starts_with(name); }) == 1);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string json(data, data + size);
  auto config = berth::request::parse_image_config(json, "i.sqsh");
  if (!config) {
    require(config.error().blame == berth::Blame::image);
    return 0;
  }
  auto launch = berth::tests::make_launch({"i.sqsh"});
  require(launch.has_value());
  launch->config = std::move(*config);
  launch->image.passwd = launch->image.group = json;
  const auto steps = berth::plan::make_plan(*launch);
  if (!steps) return 0;
  check_program(*std::get_if<berth::Execute>(&steps->back()));
  // No line of --plan can hide behind control characters.
  for (const char c : berth::plan::to_text(*steps))
    require(c == '\n' || static_cast<unsigned char>(c) >= ' ');
  return 0;
}
