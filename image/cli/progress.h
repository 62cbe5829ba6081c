// SPDX-License-Identifier: Apache-2.0
// What a person sees while an import runs, and the way to stop it: a line on a terminal that is
// rewritten ten times a second, and a flag that a signal handler sets.
#pragma once

#include "image/layers/entry.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace berth::cli {

class Progress {
 public:
  /// `line` is null when nothing is to be shown. `stop` turns non-zero when a signal arrived.
  Progress(std::ostream* line,
           const std::atomic<int>& stop,
           const std::string& name,
           std::uint64_t total);

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  /// Wipes the line.
  ~Progress();

  /// `done` of the total bytes of the layers have been read. An error once a signal has come.
  Status tell(std::uint64_t done);

  /// Layers that are finished count in full.
  void finish_layer(std::uint64_t bytes) { finished_ += bytes; }

 private:
  std::ostream* line_;
  const std::atomic<int>& stop_;
  std::string name_;
  std::uint64_t total_;
  std::uint64_t finished_ = 0;
  std::chrono::steady_clock::time_point next_;
  bool is_shown_ = false;
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
