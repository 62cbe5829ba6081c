// SPDX-License-Identifier: Apache-2.0
#include "image/cli/progress.h"

#include "image/cli/events.h"

namespace berth::cli {

namespace {

constexpr std::chrono::milliseconds kLinePause{100};
constexpr std::chrono::seconds kLinesPause{5};
constexpr std::chrono::seconds kLongestSilence{60};
constexpr std::chrono::seconds kEventsPause{1};

Moment::duration pause_of(Telling telling) {
  if (telling == Telling::line) return kLinePause;
  return telling == Telling::lines ? Moment::duration(kLinesPause) : kEventsPause;
}

unsigned tenths_of(const Pace& pace) {
  return percent_of(pace).value_or(0) / 10;
}

}  // namespace

Progress::Progress(Settings settings, const std::atomic<int>& stop)
    : settings_(std::move(settings)),
      stop_(stop),
      begin_(settings_.clock()),
      shown_(begin_),
      pacer_(begin_, settings_.total) {}

Progress::~Progress() {
  if (!is_wiped_) *settings_.out << "\r\x1b[K" << std::flush;
}

Status Progress::check() const {
  if (stop_.load(std::memory_order_relaxed) == 0) return Done{};
  return Error{Blame::host, "go on: interrupted"};
}

Status Progress::tell(std::uint64_t done) {
  last_ = done;
  BERTH_TRY(check());
  if (settings_.telling == Telling::nothing) return Done{};
  const Moment now = settings_.clock();
  if (now - shown_ >= pause_of(settings_.telling)) show(now, finished_ + done);
  return Done{};
}

void Progress::show(Moment now, std::uint64_t bytes) {
  const Pace pace = pacer_.take(now, bytes);
  if (settings_.telling == Telling::lines && !is_line_due(now, pace)) return;
  shown_ = now;
  tenths_shown_ = tenths_of(pace);
  std::ostream& out = *settings_.out;
  switch (settings_.telling) {
    case Telling::line: {
      // The last column stays free: some terminals wrap when it is written to.
      const std::string begin = "berth: ";
      const std::size_t columns = settings_.columns();
      const std::size_t room = columns > begin.size() ? columns - 1 - begin.size() : 0;
      const std::string text = line_of(pace, settings_.name, room);
      out << "\r" << (text.empty() ? "" : begin) << text << "\x1b[K";
      is_wiped_ = false;
      break;
    }
    case Telling::lines:
      out << "berth: " << line_of(pace, settings_.name, 1000) << "\n";
      break;
    default:
      out << progress_event(pace, std::chrono::duration<double>(now - begin_).count()) << "\n";
  }
  out << std::flush;
}

bool Progress::is_line_due(Moment now, const Pace& pace) const {
  return tenths_of(pace) > tenths_shown_ || now - shown_ >= kLongestSilence;
}

}  // namespace berth::cli
