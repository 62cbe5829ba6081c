// SPDX-License-Identifier: Apache-2.0
#include "image/serve/proof.h"

#include "base/give_way.h"
#include "image/serve/detached.h"
#include "image/serve/readable.h"

#include <unistd.h>

#include <algorithm>

namespace berth::serve {
namespace {

constexpr std::uint64_t kPartBytes = 32 << 10;  ///< 12 microseconds with SHA instructions

}  // namespace

void Line::leave() noexcept {
  if (users_.fetch_sub(1) == 1) ::close(control_);
}

Proof::Proof(read::Image& image, const std::vector<StartFile>& files) : image_(image) {
  if (!image.checked.is_on()) return;
  for (const StartFile& file : files)
    for (std::uint64_t done = 0; done < file.size; done += kPartBytes)
      parts_.push_back({file.offset + done, std::min(kPartBytes, file.size - done)});
}

void Proof::join(Line& line) noexcept {
  line.join();
  line_ = &line;
}

void Proof::take_part(read::Reader& reader) {
  const std::size_t i = next_++;
  if (i >= parts_.size()) return;
  if (!reader.are_sound(parts_[i].position, parts_[i].size)) is_sound_ = false;
  if (++finished_ == parts_.size()) say_verdict();
}

void Proof::go_on_until_readable(int fd, read::Reader& reader) {
  constexpr long kUsed = 20'000;  // nanoseconds: more than a processor takes to find nobody else
  while (is_alone_ && has_more() && !is_readable(fd)) {
    take_part(reader);
    // Who shares the processor with us is most likely the launcher, and the kernel does not part
    // two that have just run. But it starts a thread where nobody runs.
    if (give_way_for() > kUsed) is_alone_ = !has_company_ && !go_on_beside();
  }
}

void Proof::say_verdict() noexcept {
  const auto verdict = static_cast<char>(is_sound_ ? Verdict::good : Verdict::bad);
  // A launcher that does not hear it is gone.
  [[maybe_unused]] const ssize_t written = ::write(line_->fd(), &verdict, 1);
  line_->leave();
}

void* Proof::run(void* proof) {
  Proof& self = *static_cast<Proof*>(proof);
  read::Reader reader(self.image_);
  bool is_ours = true;  // the processor: nobody computes on it beside us
  while (self.has_more()) {
    self.take_part(reader);
    is_ours = is_ours && give_way();
  }
  return nullptr;
}

bool Proof::go_on_beside() noexcept {
  has_company_ = start_detached(run, this);
  return has_company_;
}

}  // namespace berth::serve
