// SPDX-License-Identifier: Apache-2.0
// What an image is, by its hash tree.
#pragma once

#include <string>

namespace berth::read {

/// The digest of the hash tree behind the image that `fd` is open for, in hexadecimal: images with
/// the same one have the same bytes wherever those agree with the tree, and others are not given to
/// who checks them. Empty where the image has no tree, or none that can be used. Reads a few
/// blocks.
std::string read_root_digest(int fd);

}  // namespace berth::read
