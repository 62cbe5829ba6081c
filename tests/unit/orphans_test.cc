// SPDX-License-Identifier: Apache-2.0
// Processes that are nobody's children of ours, for real.
#include "base/orphans.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth {
namespace {

/// Both ends of a pipe.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }

  /// What comes until every process has closed its end.
  std::string drain() {
    write.reset();
    std::string text;
    std::array<char, 256> part{};
    for (ssize_t n = 0; (n = ::read(read.get(), part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(n));
    return text;
  }

  UniqueFd read;
  UniqueFd write;
};

/// Says its name and its pid, and whose child it is.
class Speaker : public Orphan {
 public:
  Speaker(char name, const Pipe& pipe) : name_(name), to_(pipe.write.get()), starter_(::getpid()) {}

  [[noreturn]] void live() noexcept override {
    while (::getppid() == starter_)
      ::usleep(100);
    say('L', ::getpid());
    ::_exit(0);
  }

  void note(pid_t pid) noexcept override { say('N', pid); }

 private:
  void say(char what, pid_t pid) const noexcept {
    std::array<char, 64> line{};
    const int size = std::snprintf(line.data(), line.size(), "%c%c%d\n", what, name_, pid);
    (void)!::write(to_, line.data(), static_cast<std::size_t>(size));
  }

  char name_;
  int to_;
  pid_t starter_;
};

std::vector<std::string> lines_of(const std::string& text, char kind) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (text[at] == kind) lines.push_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return lines;
}

TEST(Orphans, LiveAndAreNobodysChildrenOfOurs) {
  Pipe pipe;
  Speaker first('a', pipe);
  Speaker second('b', pipe);
  const std::array<Orphan*, 2> both{&first, &second};
  ASSERT_EQ(start_orphans(both), 0);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  const std::string said = pipe.drain();
  auto noted = lines_of(said, 'N');
  ASSERT_EQ(noted.size(), 2U);
  EXPECT_EQ(noted[0][0], 'a');
  EXPECT_EQ(noted[1][0], 'b');
  auto lived = lines_of(said, 'L');
  std::sort(lived.begin(), lived.end());
  EXPECT_EQ(lived, noted);
}

TEST(Orphans, ThatTheKernelRefusesAreTold) {
  int status = 0;
  // A user of this test's alone, who may have two processes: this one and the one in between.
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobodyElse = 54399;
    constexpr rlim_t kTwo = 2;
    const rlimit few{kTwo, kTwo};
    if (::getuid() == 0 && ::setuid(kNobodyElse) != 0) ::_exit(99);
    if (::getuid() == kNobodyElse && ::setrlimit(RLIMIT_NPROC, &few) != 0) ::_exit(98);
    if (::getuid() != kNobodyElse) {
      const rlimit none{0, 0};
      if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(97);
    }
    Pipe pipe;
    Speaker one('a', pipe);
    const std::array<Orphan*, 1> alone{&one};
    ::_exit(start_orphans(alone));
  }
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), EAGAIN);
}

}  // namespace
}  // namespace berth
