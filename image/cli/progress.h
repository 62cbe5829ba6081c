// SPDX-License-Identifier: Apache-2.0
// What is told while an import runs, and the way to stop it: on a terminal a line that is rewritten
// ten times a second, elsewhere a line now and then, for machines an event each second; and a flag
// that a signal handler sets.
#pragma once

#include "image/cli/pace.h"
#include "image/layers/entry.h"

#include <atomic>
#include <functional>
#include <ostream>
#include <string>

namespace berth::cli {

/// How progress is told.
enum class Telling {
  nothing,
  line,   ///< one on a terminal, rewritten
  lines,  ///< whole ones, when a tenth more is done and five seconds have passed, or a minute
  events  ///< a JSON object on each line (image/cli/events.h)
};

class Progress {
 public:
  struct Settings {
    Telling telling = Telling::nothing;
    std::ostream* out = nullptr;  ///< where to; not needed for Telling::nothing
    std::string name = {};        ///< of what is imported
    std::uint64_t total = 0;      ///< bytes of it; 0: not known
    std::function<unsigned()> columns = [] { return 80U; };  ///< of the terminal, now
    std::function<Moment()> clock = [] { return std::chrono::steady_clock::now(); };
  };

  /// `stop` turns non-zero when a signal arrived.
  Progress(Settings settings, const std::atomic<int>& stop);

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  /// Wipes the line.
  ~Progress();

  /// `done` bytes of the current layer have been read. An error once a signal has come.
  Status tell(std::uint64_t done);

  /// An error once a signal has come.
  [[nodiscard]] Status check() const;

  /// The same bytes as last time, for when nothing comes.
  Status repeat() { return tell(last_); }

  /// Layers that are finished count in full.
  void finish_layer(std::uint64_t bytes) {
    finished_ += bytes;
    last_ = 0;
  }

 private:
  void show(Moment now, std::uint64_t bytes);
  [[nodiscard]] bool is_line_due(Moment now, const Pace& pace) const;

  Settings settings_;
  const std::atomic<int>& stop_;
  std::uint64_t finished_ = 0;
  std::uint64_t last_ = 0;  ///< what tell() was told last
  Moment begin_;
  Moment shown_;               ///< when something was told last
  unsigned tenths_shown_ = 0;  ///< and how far it had come
  Pacer pacer_;
  bool is_wiped_ = true;
};

/// A stream that tells the progress of another one.
class WatchedStream : public layers::EntryStream {
 public:
  WatchedStream(layers::EntryStream& stream,
                Progress& progress,
                std::function<std::uint64_t()> position)
      : stream_(stream),
        progress_(progress),
        position_(std::move(position)) {}

  Result<bool> next(layers::Entry& entry) override {
    BERTH_TRY(progress_.tell(position_()));
    return stream_.next(entry);
  }

  Result<std::string_view> data() override {
    BERTH_TRY(progress_.tell(position_()));
    return stream_.data();
  }

 private:
  layers::EntryStream& stream_;
  Progress& progress_;
  std::function<std::uint64_t()> position_;
};

}  // namespace berth::cli
