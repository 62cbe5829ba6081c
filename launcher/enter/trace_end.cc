// SPDX-License-Identifier: Apache-2.0
// The part of a trace that may run after fork(): see carry_out.h.
#include "launcher/enter/trace.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace berth::enter {

namespace {

constexpr std::uint64_t kPerSecond = 1'000'000'000;
constexpr std::uint64_t kPerMicrosecond = 1000;

/// Who reads no more ends no launch.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() noexcept : before_(::signal(SIGPIPE, SIG_IGN)) {}

  ~WithoutPipeSignal() { (void)::signal(SIGPIPE, before_); }  // it can be set

  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal(WithoutPipeSignal&&) = delete;
  WithoutPipeSignal& operator=(WithoutPipeSignal&&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

/// Text in memory that is there already; what does not fit is left out.
class Trace::Page {
 public:
  Page(char* memory, std::size_t size) noexcept : memory_(memory), size_(size) {}

  void add(const char* text, std::size_t length) noexcept {
    if (length > size_ - used_) return;
    std::memcpy(memory_ + used_, text, length);
    used_ += length;
  }

  void add(const char* text) noexcept { add(text, std::strlen(text)); }

  /// Right-aligned in `width` columns.
  void add_microseconds(Nanoseconds time, std::size_t width = 0) noexcept {
    char digits[24];
    char* begin = digits + sizeof digits;
    std::uint64_t rest = time / kPerMicrosecond;
    do
      *--begin = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    auto length = static_cast<std::size_t>(digits + sizeof digits - begin);
    for (; length < width; ++length)
      *--begin = ' ';
    add(begin, length);
  }

  /// Whether all of it could be written; then or not, the page is empty.
  bool write_to(int file) noexcept {
    std::size_t done = 0;
    while (done < used_) {
      const ssize_t put = ::write(file, memory_ + done, used_ - done);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) break;
      done += static_cast<std::size_t>(put);
    }
    const bool is_whole = done == used_;
    used_ = 0;
    return is_whole;
  }

 private:
  char* memory_;
  std::size_t size_;
  std::size_t used_ = 0;
};

Trace::Nanoseconds Trace::now() noexcept {
  timespec time{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &time);  // cannot fail for this clock
  return static_cast<std::uint64_t>(time.tv_sec) * kPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void Trace::step_ends() noexcept {
  if (ended_ < phases_.size()) phases_[ended_++].end = now();
}

Trace::Nanoseconds Trace::length_of(std::size_t phase) const noexcept {
  return phases_[phase].end - (phase == 0 ? begin_ : phases_[phase - 1].end);
}

void Trace::tell_people(Page& page) const noexcept {
  constexpr std::size_t kWidth = 8;
  page.add("berth: microseconds of this launch, by phase and step of --plan\n");
  for (std::size_t i = 0; i < ended_; ++i) {
    page.add_microseconds(length_of(i), kWidth);
    page.add("  ");
    page.add(phases_[i].text.data(), phases_[i].text.size());
    page.add("\n");
  }
  page.add_microseconds(now() - begin_, kWidth);
  page.add("       in all\n");
  (void)page.write_to(STDERR_FILENO);  // there is nobody else to tell
}

void Trace::tell_file(Page& page) const noexcept {
  page.add(head_.data(), head_.size());
  page.add("\"phases\":[");
  for (std::size_t i = 0; i < ended_; ++i) {
    if (i != 0) page.add(",");
    page.add(phases_[i].json.data(), phases_[i].json.size());
    page.add("\"us\":");
    page.add_microseconds(length_of(i));
    page.add("}");
  }
  page.add("],\"us\":");
  page.add_microseconds(now() - begin_);
  page.add("}\n");
  if (page.write_to(file_.get())) return;
  page.add("berth: not all of the trace could be written to its file\n");
  (void)page.write_to(STDERR_FILENO);
}

void Trace::tell() noexcept {
  if (!is_on_) return;
  const WithoutPipeSignal quietly;
  Page page(memory_.data(), memory_.size());
  if (has_text_) tell_people(page);
  if (file_.is_open()) tell_file(page);
}

}  // namespace berth::enter
