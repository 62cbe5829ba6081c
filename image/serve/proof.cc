// SPDX-License-Identifier: Apache-2.0
#include "image/serve/proof.h"

#include "image/serve/detached.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

namespace berth::serve {
namespace {

constexpr std::uint64_t kPartBytes = 32 << 10;

/// What a thread begins with.
struct Work {
  Proof& proof;
  cpu_set_t cpus;
};

void* run(void* argument) {
  const std::unique_ptr<Work> work(static_cast<Work*>(argument));
  // Best effort: only speed is at stake.
  if (CPU_COUNT(&work->cpus) > 0) (void)::sched_setaffinity(0, sizeof work->cpus, &work->cpus);
  work->proof.work_off();
  return nullptr;
}

}  // namespace

void Line::leave() noexcept {
  if (users_.fetch_sub(1) == 1) ::close(control_);
}

Proof::Proof(read::Image& image, const std::vector<StartFile>& files, Line& line)
    : image_(image),
      line_(line) {
  for (const StartFile& file : files)
    for (std::uint64_t done = 0; done < file.size; done += kPartBytes)
      parts_.push_back({file.offset + done, std::min(kPartBytes, file.size - done)});
}

void Proof::work_off() {
  read::Reader reader(image_);
  for (std::size_t i = next_++; i < parts_.size(); i = next_++) {
    if (!reader.are_sound(parts_[i].position, parts_[i].size)) is_sound_ = false;
    // Who shares the processor with us has something to do for the launcher, or is the launcher.
    (void)::sched_yield();  // cannot fail
  }
  if (--workers_ > 0) return;
  const auto verdict = static_cast<char>(is_sound_ ? Verdict::good : Verdict::bad);
  // A launcher that does not hear it is gone.
  [[maybe_unused]] const ssize_t written = ::write(line_.fd(), &verdict, 1);
  line_.leave();
}

void prove(Proof& proof, const cpu_set_t& second) {
  cpu_set_t any;
  CPU_ZERO(&any);
  for (const cpu_set_t& cpus : {second, any}) {
    auto work = std::make_unique<Work>(Work{proof, cpus});
    if (start_detached(run, work.get()))
      (void)work.release();  // the thread's now
    else
      proof.work_off();
  }
}

}  // namespace berth::serve
