// SPDX-License-Identifier: Apache-2.0
#include "image/registry/patience.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <random>
#include <thread>

#include <curl/curl.h>

namespace berth::registry {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{250};
constexpr milliseconds kLongestOwnWait{20000};

bool may_pass(const Exchange& exchange, bool is_known) {
  switch (exchange.trouble) {
    case Trouble::none:
      break;
    case Trouble::broken:
    case Trouble::stalled:
      return true;
    case Trouble::unknown_host:
    case Trouble::unreachable:
      return is_known;
    default:
      return false;
  }
  const long status = exchange.status;
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/// Between half of `time` and all of it, so that those who were refused together do not come back
/// together.
milliseconds shaken(milliseconds time) {
  thread_local std::minstd_rand generator(std::random_device{}());
  std::uniform_int_distribution<milliseconds::rep> between(time.count() / 2, time.count());
  return milliseconds(between(generator));
}

}  // namespace

std::optional<std::chrono::seconds> wait_asked_for(const Exchange& exchange) {
  const std::string text = exchange.header("retry-after");
  if (text.empty()) return std::nullopt;
  long seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc() || end != text.data() + text.size()) {
    const time_t then = curl_getdate(text.c_str(), nullptr);
    if (then < 0) return std::nullopt;
    seconds = static_cast<long>(then - std::time(nullptr));
  }
  return std::chrono::seconds(std::max(seconds, 0L));
}

bool Patience::sleep(milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (network_.is_stopped()) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return !network_.is_stopped();
}

bool Patience::wait_after(const Exchange& exchange, bool is_known) {
  if (!may_pass(exchange, is_known) || tries_ >= network_.retries) return false;
  milliseconds time = std::min(kLongestOwnWait, kFirstWait * (1U << std::min(tries_, 10U)));
  time = shaken(time);
  ++tries_;
  if (const auto asked = wait_asked_for(exchange)) {
    if (*asked > kLongestWait) return false;
    time = std::max<milliseconds>(time, *asked);
  }
  return sleep(time);
}

}  // namespace berth::registry
