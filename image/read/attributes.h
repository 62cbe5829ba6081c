// SPDX-License-Identifier: Apache-2.0
// Owners and extended attributes. The server shows neither; who copies an image needs them.
#pragma once

#include "image/read/inode.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace berth::read {

/// The user or group id number `index` of the image's table. 0 or EIO.
int read_id(Reader& reader, std::uint16_t index, std::uint32_t& out);

using Xattr = std::pair<std::string, std::string>;  ///< "user.name" and its value

/// All extended attributes of an inode. 0 or EIO, also when there are absurdly many.
int read_xattrs(Reader& reader, const Inode& inode, std::vector<Xattr>& out);

}  // namespace berth::read
