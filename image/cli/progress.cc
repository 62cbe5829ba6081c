// SPDX-License-Identifier: Apache-2.0
#include "image/cli/progress.h"

#include "base/text.h"

#include <algorithm>

namespace berth::cli {

namespace {

constexpr std::chrono::milliseconds kPause{100};

/// The end of a long name tells more, and a line that wraps could not be rewritten.
std::string shortened(const std::string& name) {
  constexpr std::size_t kLongest = 30;
  return name.size() <= kLongest ? name : "..." + name.substr(name.size() - kLongest);
}

}  // namespace

Progress::Progress(std::ostream* line,
                   const std::atomic<int>& stop,
                   const std::string& name,
                   std::uint64_t total)
    : line_(line),
      stop_(stop),
      name_(shortened(name)),
      total_(total),
      next_(std::chrono::steady_clock::now() + kPause) {}

Progress::~Progress() {
  if (is_shown_) *line_ << "\r\x1b[K" << std::flush;
}

Status Progress::tell(std::uint64_t done) {
  if (stop_.load(std::memory_order_relaxed) != 0) return Error{Blame::host, "go on: interrupted"};
  if (line_ == nullptr) return Done{};
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return Done{};
  next_ = now + kPause;
  is_shown_ = true;
  const std::uint64_t bytes = finished_ + done;
  *line_ << "\rberth: importing " << quote(name_) << ": " << size_text(bytes);
  if (total_ > 0)
    *line_ << " of " << size_text(total_) << " ("
           << std::min<std::uint64_t>(bytes * 100 / total_, 100) << " %)";
  *line_ << "\x1b[K" << std::flush;
  return Done{};
}

}  // namespace berth::cli
