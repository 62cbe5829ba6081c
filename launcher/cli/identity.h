// SPDX-License-Identifier: Apache-2.0
// Which users and groups a container has, and who of them the program is.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"

#include <string>

namespace berth::cli {

/// What the keeper and the beginning of a plan have to know of them: the caller's numbers, and
/// those that the node gives him besides, where they are asked for.
Status find_ids(Launch& launch);

/// Which numbers the keeper will be asked to map; none where the launch itself writes the maps.
IdMaps maps_for(const Launch& launch);

/// Who the program is, of which the image may have a say.
Status find_identity(Launch& launch);

/// What a leader tells those who join his container, who do not read the image: its configuration,
/// and who the program is.
std::string text_for_joiners(const Launch& launch);

/// The other end of it.
Status take_from_leader(Launch& launch, const std::string& text);

}  // namespace berth::cli
