// SPDX-License-Identifier: Apache-2.0
// Owners for what libsquashfs hands out, and its error numbers in words. For this room only.
#pragma once

#include "base/result.h"
#include "image/squash/output.h"

#include <cstdlib>
#include <memory>
#include <string>

#include <sqfs/inode.h>
#include <sqfs/predef.h>

namespace berth::squash {

struct DestroyObject {
  void operator()(void* object) const noexcept { sqfs_destroy(object); }
};

/// A libsquashfs object.
template <class T>
using Object = std::unique_ptr<T, DestroyObject>;

struct FreeInode {
  void operator()(sqfs_inode_generic_t* inode) const noexcept { std::free(inode); }  // NOLINT: C's
};

/// An inode, which the library and we allocate with malloc.
using InodePtr = std::unique_ptr<sqfs_inode_generic_t, FreeInode>;

/// Nothing for 0, else an error with the kernel's answer if there was one.
Status check(int answer, const Output& output);

}  // namespace berth::squash
