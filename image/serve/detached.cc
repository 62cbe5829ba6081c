// SPDX-License-Identifier: Apache-2.0
#include "image/serve/detached.h"

#include <pthread.h>

#include <cstddef>

namespace berth::serve {

bool start_detached(void* (*run)(void*), void* argument) noexcept {
  constexpr std::size_t kStackBytes = 256 << 10;
  pthread_attr_t attributes;
  pthread_t thread{};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  const bool is_started = ::pthread_create(&thread, &attributes, run, argument) == 0;
  ::pthread_attr_destroy(&attributes);
  return is_started;
}

}  // namespace berth::serve
