// SPDX-License-Identifier: Apache-2.0
#include "image/integrity/parallel.h"

#include "base/thread.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace berth::integrity {
namespace {

constexpr std::chrono::milliseconds kPause{50};

class Crew {
 public:
  Crew(std::uint64_t count, const std::function<Status(std::uint64_t)>& work)
      : count_(count),
        work_(work) {}

  void run() {
    while (true) {
      const std::uint64_t number = next_.fetch_add(1);
      if (number >= count_) break;
      if (Status outcome = work_(number); !outcome) stop(std::move(outcome.error()));
    }
    const std::scoped_lock lock(mutex_);
    ++finished_;
    changed_.notify_all();
  }

  void stop(Error error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
    next_ = count_;
  }

  /// Returns when `threads` calls of run() have ended.
  void wait(unsigned threads, const std::function<Status()>& watch) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kPause, [&] { return finished_ == threads; })) {
      lock.unlock();
      if (Status outcome = watch(); !outcome) stop(std::move(outcome.error()));
      lock.lock();
    }
  }

  Status outcome() {
    if (error_) return std::move(*error_);
    return Done{};
  }

 private:
  std::uint64_t count_;
  const std::function<Status(std::uint64_t)>& work_;
  std::atomic<std::uint64_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned finished_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Status for_each_in_parallel(unsigned threads,
                            std::uint64_t count,
                            const std::function<Status(std::uint64_t)>& work,
                            const std::function<Status()>& watch) {
  const auto wanted = static_cast<unsigned>(std::clamp<std::uint64_t>(threads, 1, count + 1));
  Crew crew(count, work);
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < wanted; ++i) {
    auto worker = start_thread([&crew] { crew.run(); });
    if (worker) workers.push_back(std::move(*worker));
    if (!worker && workers.empty()) return worker.error();
    if (!worker) break;
  }
  crew.wait(static_cast<unsigned>(workers.size()), watch);
  for (std::thread& worker : workers)
    worker.join();
  return crew.outcome();
}

}  // namespace berth::integrity
