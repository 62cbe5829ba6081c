// SPDX-License-Identifier: Apache-2.0
// A forged image, open, for tests that ask for this and that.
#pragma once

#include "base/fd.h"
#include "image/read/inode.h"
#include "tests/component/forge.h"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include <gtest/gtest.h>

namespace berth::read {

/// An image that is open, and its root, which may be its only file or directory.
struct Opened {
  explicit Opened(const Bytes& bytes) : file(::memfd_create("image", MFD_CLOEXEC)) {
    EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(check_superblock(bytes.data(), bytes.size(), "image"));
    image = std::make_unique<Image>(file.get(), parse_superblock(bytes.data()));
    reader = std::make_unique<Reader>(*image);
    EXPECT_EQ(read_inode(*reader, image->super.root, root), 0);
  }

  UniqueFd file;
  std::unique_ptr<Image> image;
  std::unique_ptr<Reader> reader;
  Inode root;
};

}  // namespace berth::read
