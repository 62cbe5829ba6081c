// SPDX-License-Identifier: Apache-2.0
// Any text as a hook file, and as the answer of a site's own hook: what is taken has programs with
// absolute paths, is for a container or not, and is the same behind berth-hooks' pipe.
#include "hooks/oci/hook_file.h"

#include "hooks/cdi/spec.h"
#include "hooks/edits_text.h"
#include "tests/fuzz/require.h"

#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  using namespace berth::hooks;
  const std::string text(data, data + size);
  const auto check = [](const std::vector<Hook>& hooks) {
    for (const Hook& hook : hooks)
      require(hook.path.front() == '/' && !hook.words.empty());
  };
  if (const auto file = parse_hook_file(text, "file")) {
    require(!file->hooks.empty());
    check(file->hooks);
    for (const char* command : {"", "/usr/bin/solver"})
      (void)is_for(file->when, {{{"key", "value"}}, command, true});
  } else {
    require(!file.error().goal.empty());
  }
  if (const auto edits = parse_hook_answer(text, "hook")) {
    check(edits->hooks);
    const auto again = parse_answer(to_text(Answer{{*edits}, {}}));
    require(again && again->edits.size() == 1 && again->edits[0].hooks == edits->hooks);
  } else {
    require(!edits.error().goal.empty());
  }
  return 0;
}
