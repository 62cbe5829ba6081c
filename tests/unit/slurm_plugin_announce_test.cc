// SPDX-License-Identifier: Apache-2.0
// The launcher's half of the pipe through which the Slurm plugin learns whose end to wait for.
#include "base/fd.h"
#include "launcher/node/announce.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace berth::node {
namespace {

TEST(AnnounceHelper, EachPidIsOneWholeNumberInThePipe) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  announce_helper(pipe.write.get(), 4711);
  announce_helper(pipe.write.get(), 1 << 22);
  announce_helper(-1, 5);
  std::array<std::int32_t, 4> pids = {};
  ASSERT_EQ(::read(pipe.read.get(), pids.data(), sizeof pids), 8);
  EXPECT_EQ(pids[0], 4711);
  EXPECT_EQ(pids[1], 1 << 22);
}

TEST(AnnounceHelper, AFullPipeDoesNotHoldTheLaunchUp) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  std::array<char, 4096> filling = {};
  while (::write(pipe.write.get(), filling.data(), filling.size()) > 0) {
  }
  announce_helper(pipe.write.get(), 4711);
  SUCCEED();
}

}  // namespace
}  // namespace berth::node
