// SPDX-License-Identifier: Apache-2.0
// Which of berth's own hooks a launch has asked, and where it looks for what they have found for
// earlier ones.
#pragma once

#include "hooks/memory.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::cli {

/// Those that look into the image, by their names, each once. Who is left out costs nothing.
std::vector<std::string> hooks_of_image(const Request& request);

/// What is remembered of all these together: one answer may hang on another. `contents`: see
/// enter::content_of(), for each image that the root is made of. Remembers nothing where one is a
/// directory, changes are kept, or what is mounted hides all that it is about.
hooks::Memory memory_of_hooks(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents);

/// So of what MPI the image has.
hooks::Memory memory_of_facts(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents);

/// Whether something that the memory does not know of is mounted where these edits are for.
bool is_in_the_way(const Request& request, const hooks::Edits& edits);

/// Whether the image's own variables lead hooks to where people's files are, of which the memory
/// knows nothing.
bool is_led_to_people(const std::vector<std::string>& environment);

}  // namespace berth::cli
