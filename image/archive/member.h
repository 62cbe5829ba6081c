// SPDX-License-Identifier: Apache-2.0
// The header of a member of an OCI archive. Made here and not by libarchive because the layer's is
// written when its size is known, into the 512 bytes that were left for it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace berth::archive {

using MemberHeader = std::array<char, 512>;

/// A regular file that everybody may read. `name` is as short as a layout's names are: at most 100
/// bytes. Owner and time say nothing.
MemberHeader make_member_header(const std::string& name, std::uint64_t size);

}  // namespace berth::archive
