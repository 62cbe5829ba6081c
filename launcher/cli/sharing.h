// SPDX-License-Identifier: Apache-2.0
// Whether the ranks of a step share a container, and where they meet for it.
#pragma once

#include "launcher/model/facts.h"
#include "launcher/model/image.h"
#include "launcher/model/request.h"

#include <string>

namespace berth::cli {

bool should_share(const Request& request, const Facts& facts);

/// Where the ranks of this step meet for this container: the same for those that ask for the same,
/// of images with these `identities`.
std::string meeting_name(const Launch& launch, std::string identities);

}  // namespace berth::cli
