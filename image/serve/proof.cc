// SPDX-License-Identifier: Apache-2.0
#include "image/serve/proof.h"

#include "base/give_way.h"
#include "image/serve/detached.h"

#include <unistd.h>

#include <algorithm>

namespace berth::serve {
namespace {

constexpr std::uint64_t kPartBytes = 32 << 10;

void* run(void* argument) {
  static_cast<Proof*>(argument)->work_off();
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
  bool is_ours = true;
  for (std::size_t i = next_++; i < parts_.size(); i = next_++) {
    if (!reader.are_sound(parts_[i].position, parts_[i].size)) is_sound_ = false;
    // Who shares the processor with us has something to do for the launcher, or is the launcher;
    // unless he computes.
    is_ours = is_ours && give_way();
  }
  if (--workers_ > 0) return;
  const auto verdict = static_cast<char>(is_sound_ ? Verdict::good : Verdict::bad);
  // A launcher that does not hear it is gone.
  [[maybe_unused]] const ssize_t written = ::write(line_.fd(), &verdict, 1);
  line_.leave();
}

void prove(Proof& proof) {
  for (unsigned worker = 0; worker < Proof::kWorkers; ++worker)
    if (!start_detached(run, &proof)) proof.work_off();
}

}  // namespace berth::serve
