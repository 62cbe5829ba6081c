// SPDX-License-Identifier: Apache-2.0
// Which of berth's own hooks a launch asks, and where it looks for what earlier ones have found.
#pragma once

#include "hooks/memory.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::cli {

/// Names of those that look at the node alone, each once. Who is left out costs nothing.
std::vector<std::string> wanted_own_hooks(const Request& request);

/// What is remembered of one that looks at nothing but the node.
hooks::Memory memory_of(const std::string& hook, const Session& session);

/// What is remembered of the image's MPI. `contents`: see enter::content_of(), for each image that
/// the root is made of. Remembers nothing where one is a directory, changes are kept, or what is
/// mounted hides all that it is about.
hooks::Memory memory_of_mpi(const Request& request,
                            const Session& session,
                            const std::vector<std::string>& contents);

/// So of what the image needs of this node's fabric, by the adapters that there are.
hooks::Memory memory_of_fabric(const Request& request,
                               const Session& session,
                               const std::vector<std::string>& contents);

/// So of what MPI the image has.
hooks::Memory memory_of_facts(const Request& request,
                              const Session& session,
                              const std::vector<std::string>& contents);

/// Whether something that the memory does not know of is mounted where these edits are for.
bool is_in_the_way(const Request& request, const hooks::Edits& edits);

}  // namespace berth::cli
