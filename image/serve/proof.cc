// SPDX-License-Identifier: Apache-2.0
#include "image/serve/proof.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>

namespace berth::serve {
namespace {

constexpr std::size_t kStackBytes = 256 << 10;

void* run(void* argument) {
  Proof& proof = *static_cast<Proof*>(argument);
  read::Reader reader(proof.image);
  const bool is_sound =
      std::all_of(proof.files.begin(), proof.files.end(), [&](const StartFile& file) {
        return file.kind != StartFile::Kind::file || reader.are_sound(file.offset, file.size);
      });
  const auto verdict = static_cast<char>(is_sound ? Verdict::good : Verdict::bad);
  // A launcher that does not hear it is gone.
  [[maybe_unused]] const ssize_t written = ::write(proof.line.fd(), &verdict, 1);
  proof.line.leave();
  return nullptr;
}

}  // namespace

void Line::leave() noexcept {
  if (users_.fetch_sub(1) == 1) ::close(control_);
}

void prove(Proof& proof) {
  pthread_attr_t attributes;
  pthread_t thread{};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  if (::pthread_create(&thread, &attributes, run, &proof) != 0) (void)run(&proof);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace berth::serve
