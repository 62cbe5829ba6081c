// SPDX-License-Identifier: Apache-2.0
// The layers of an image while they arrive: pieces of them are fetched ahead of those who read, by
// several connections at once, and at most a window of them is in memory. Nothing is written.
#pragma once

#include "base/result.h"
#include "image/registry/endpoint.h"
#include "image/source/blob.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace berth::registry {

/// Somewhere that has a layer: a registry, or an address that the manifest names.
struct Place {
  std::shared_ptr<Endpoint> endpoint = {};  ///< null: `url` is asked, without credentials
  Url url = {};
};

struct Part {
  std::string name = {};  ///< for messages
  std::string digest = {};
  std::uint64_t size = 0;
  std::vector<Place> places = {};  ///< asked in order, the next one when one fails
};

/// Bytes, and connections. The product of the first two is what an import has in memory of it.
struct Window {
  std::size_t piece = 4UL << 20;
  std::size_t pieces = 24;
  unsigned connections = 6;
};

class Download {
 public:
  /// `parts` in the order in which they will be read. Nothing is asked before the first read_at.
  Download(const Network& network, std::vector<Part> parts, Window window = {});
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;
  Download(Download&&) = delete;
  Download& operator=(Download&&) = delete;

  /// Ends the connections wherever they are.
  ~Download();

  /// As FetchedBytes has it. Several threads may read, but each part is read by one at a time.
  Result<std::size_t> read_at(std::size_t part,
                              std::uint64_t position,
                              char* into,
                              std::size_t count);

  /// Whoever reads the part is told at once that there is no more.
  void cancel(std::size_t part);

 private:
  /// A run of bytes of one part. Its bytes are the fetching thread's until it is ready.
  struct Piece {
    std::vector<char> bytes = {};
    bool is_ready = false;
  };

  struct Progress {
    std::map<std::uint64_t, Piece> pieces = {};  ///< those in memory, by number
    std::uint64_t next = 0;                      ///< the first one not yet fetched ahead
    std::size_t place = 0;
    std::optional<Url> shortcut = {};  ///< where this place has sent us
    bool is_whole = false;             ///< it does not send parts of it: one connection, in order
    bool is_streamed = false;          ///< by one now
    std::optional<Error> failure = {};
  };

  struct Job {
    std::size_t part = 0;
    std::uint64_t piece = 0;
    bool is_stream = false;
  };

  class BodySink;
  class Fetch;

  Result<Piece*> wait_for_piece(std::unique_lock<std::mutex>& lock,
                                std::size_t part,
                                std::uint64_t number);
  Status start();
  void work();
  std::optional<Job> choose_job();
  std::optional<Job> choose_wanted();
  std::optional<Job> choose_ahead();
  [[nodiscard]] bool is_anything_missed(std::size_t part, std::uint64_t number) const;
  Job begin_job(std::size_t part, std::uint64_t number);
  Piece* open_piece(std::size_t part, std::uint64_t number);
  void close_piece(std::size_t part, std::uint64_t number);
  [[nodiscard]] std::uint64_t count_of(std::size_t part) const;
  [[nodiscard]] std::size_t size_of(std::size_t part, std::uint64_t number) const;

  const std::atomic<int>* outer_stop_;  ///< the flag that the user can raise
  std::atomic<int> stop_{0};
  Network network_;  ///< the same, with our flag
  const std::vector<Part> parts_;
  const Window window_;

  std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  std::vector<Progress> progress_;
  std::set<std::pair<std::size_t, std::uint64_t>> wanted_;  ///< somebody waits for these
  std::vector<std::vector<char>> spare_;                    ///< buffers to use again
  std::size_t held_ = 0;                                    ///< pieces in memory
  unsigned idle_ = 0;                                       ///< connections without a job
  std::vector<std::thread> threads_;
};

/// One part as something to read.
class FetchedPart : public source::FetchedBytes {
 public:
  FetchedPart(std::shared_ptr<Download> download, std::size_t part)
      : download_(std::move(download)),
        part_(part) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t count) override {
    return download_->read_at(part_, position, into, count);
  }

  void cancel() override { download_->cancel(part_); }

 private:
  std::shared_ptr<Download> download_;
  std::size_t part_;
};

}  // namespace berth::registry
