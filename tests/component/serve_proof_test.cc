// SPDX-License-Identifier: Apache-2.0
// The proof of start files, on images with a real hash tree: sound, damaged, asked for something
// else meanwhile, and with a thread beside.
#include "base/fd.h"
#include "image/integrity/seal.h"
#include "image/serve/proof.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

constexpr std::uint64_t kBytes = 3 << 20;
constexpr std::uint64_t kPart = 32 << 10;

/// `kBytes` of data behind a hash tree, and a proof of two files in it.
class Proving : public testing::Test {
 protected:
  void SetUp() override {
    std::string bytes(kBytes, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(i * 2654435761U >> 13);
    fd_.reset(::memfd_create("image", MFD_CLOEXEC));
    ASSERT_EQ(::pwrite(fd_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(kBytes));
    ASSERT_TRUE(
        integrity::write_tree(fd_.get(), kBytes, 1, [](std::uint64_t) { return Status(Done{}); }));
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    launchers_.reset(ends[0]);
    servers_ = ends[1];
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    requests_.reset(ends[0]);
    kernels_.reset(ends[1]);
  }

  /// As the server has it: with or without the tree.
  void open(bool verify = true) {
    read::Superblock super;
    super.bytes_used = kBytes;
    super.block_size = 128 << 10;
    super.compressor = 6;  // zstd, which nothing here is packed with
    integrity::Tree tree;
    if (verify) {
      const auto size = static_cast<std::uint64_t>(::lseek(fd_.get(), 0, SEEK_END));
      ASSERT_EQ(integrity::find_tree(fd_.get(), kBytes, size, tree), integrity::Flaw::none);
    }
    image_ = std::make_unique<read::Image>(fd_.get(), super, 0, tree, [](std::uint64_t) {});
    reader_ = std::make_unique<read::Reader>(*image_);
    const std::vector<StartFile> files{file_at(8192, 1 << 20), file_at(2 << 20, 12345)};
    proof_ = std::make_unique<Proof>(*image_, files);
    line_ = std::make_unique<Line>(servers_);
    if (proof_->is_due()) proof_->join(*line_);
  }

  void damage(std::uint64_t at) {
    const char other = '!';
    ASSERT_EQ(::pwrite(fd_.get(), &other, 1, static_cast<off_t>(at)), 1);
  }

  /// What has been said, or '-' for nothing yet, or '.' for the end.
  char hear() {
    char said = '-';
    const ssize_t n = ::recv(launchers_.get(), &said, 1, MSG_DONTWAIT);
    return n == 0 ? '.' : said;
  }

  /// The same, once there is something to hear.
  char await() {
    pollfd poll{launchers_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&poll, 1, 20'000), 1);
    return hear();
  }

  /// Goes on, by itself or with a thread that came to its help, until there is a verdict.
  char finish() {
    proof_->go_on_until_readable(requests_.get(), *reader_);
    return await();
  }

  /// A thread may still be looking for more: what it looks at lives as long as the process.
  void TearDown() override {
    struct Kept {
      std::unique_ptr<read::Image> image;
      std::unique_ptr<Proof> proof;
      std::unique_ptr<Line> line;
    };

    static auto* const kept = new std::vector<Kept>;  // nobody takes it down at the end
    kept->push_back({std::move(image_), std::move(proof_), std::move(line_)});
  }

  static StartFile file_at(std::uint64_t offset, std::uint64_t size) {
    StartFile file{"file", StartFile::Kind::file};
    file.offset = offset;
    file.size = size;
    return file;
  }

  UniqueFd fd_;
  UniqueFd launchers_;
  UniqueFd requests_;
  UniqueFd kernels_;
  int servers_ = -1;  ///< the line's
  std::unique_ptr<read::Image> image_;
  std::unique_ptr<read::Reader> reader_;
  std::unique_ptr<Proof> proof_;
  std::unique_ptr<Line> line_;
};

TEST_F(Proving, SaysGoodOnceAndLeavesTheLineToTheMount) {
  open();
  ASSERT_TRUE(proof_->is_due());
  EXPECT_EQ(finish(), 'g');
  EXPECT_EQ(hear(), '-');
  line_->leave();
  EXPECT_EQ(await(), '.');
}

TEST_F(Proving, SaysBadWhereverTheDamageLies) {
  for (const std::uint64_t at : {8192UL, 8192UL + (1 << 20) - 1, (2UL << 20) + 12344}) {
    SetUp();
    damage(at);
    open();
    EXPECT_EQ(finish(), 'b') << at;
    TearDown();
  }
}

TEST_F(Proving, DoesNotMindWhatIsNotOfItsFiles) {
  damage(0);
  damage(kBytes - 1);
  open();
  EXPECT_EQ(finish(), 'g');
}

TEST_F(Proving, StopsWhenThereIsARequestAndGoesOnAfterwards) {
  open();
  const char request = 'r';
  ASSERT_EQ(::write(kernels_.get(), &request, 1), 1);
  proof_->go_on_until_readable(requests_.get(), *reader_);
  EXPECT_EQ(hear(), '-');
  char taken = 0;
  ASSERT_EQ(::read(requests_.get(), &taken, 1), 1);
  EXPECT_EQ(finish(), 'g');
}

TEST_F(Proving, IsSharedWithAThreadAndSaysOneVerdict) {
  for (int time = 0; time < 12; ++time) {
    SetUp();
    if (time % 2 == 1) damage(8192 + (static_cast<std::uint64_t>(time) * kPart) % (1 << 20));
    open();
    ASSERT_TRUE(proof_->go_on_beside());
    EXPECT_EQ(finish(), time % 2 == 1 ? 'b' : 'g') << time;
    line_->leave();
    EXPECT_EQ(await(), '.');
    TearDown();
  }
}

TEST_F(Proving, OfNothingIsNotDue) {
  open(false);
  EXPECT_FALSE(proof_->is_due());
  proof_->go_on_until_readable(requests_.get(), *reader_);
  line_->leave();
  EXPECT_EQ(await(), '.');
}

}  // namespace
}  // namespace berth::serve
