// SPDX-License-Identifier: Apache-2.0
// The loop around the FUSE device: read a request, answer it, and when requests queue up while
// every thread is busy, have one thread more.
#include "image/serve/session.h"

#include "base/give_way.h"
#include "image/serve/detached.h"
#include "image/serve/readable.h"
#include "image/serve/recorder.h"

#include <poll.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

namespace berth::serve {
namespace {

/// The kernel demands room for the largest request: a write of 4 KiB, or FUSE_MIN_READ_BUFFER.
constexpr std::size_t kRequestBytes = 16384;
constexpr std::size_t kReplyBytes = 1 << 20;

struct Crew {
  Session session;
  std::atomic<unsigned> threads = 1;
  std::atomic<unsigned> idle = 0;
  std::atomic<bool> is_mounted = false;
};

[[noreturn]] void work(Crew& crew, read::Reader& reader);

void* work_in_thread(void* argument) {
  Crew& crew = *static_cast<Crew*>(argument);
  read::Reader reader(crew.session.image);
  work(crew, reader);
}

void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Who waits for one answer after the other asks again a few microseconds after each, and a
/// processor that fell idle takes longer to wake up than most answers take, here and on the other
/// side. So one thread looks for the next request before it sleeps: for long while programs start,
/// where it gives way to whoever else wants the processor, and later briefly, if the last request
/// came soon.
class Eagerness {
 public:
  explicit Eagerness(bool may) : is_start_(may), may_(may), over_(now() + kStart) {}

  /// Returns when a request may be there, or when it is time to sleep.
  void await_request(const Crew& crew) {
    if (!may_) return;
    begin_ = now();
    if (begin_ >= over_ || crew.threads > 1) is_start_ = false;
    // One that works may need this processor, and will look for more when it is done.
    const bool others_work = crew.threads - crew.idle > 1;
    const std::int64_t most = is_start_ ? kAtStart : was_soon_ && !others_work ? kLater : 0;
    for (std::int64_t at = begin_; at - begin_ < most && !is_readable(crew.session.fuse_fd);
         at = now())
      if (!rest()) is_start_ = false;
  }

  /// After the request has come.
  void note() {
    if (may_) was_soon_ = now() - begin_ < kSoon;
  }

 private:
  static constexpr std::int64_t kStart = 30'000'000;  // nanoseconds, as all here
  static constexpr std::int64_t kAtStart = 300'000;
  static constexpr std::int64_t kLater = 50'000;
  static constexpr std::int64_t kSoon = 50'000;

  /// Between two looks. A program that starts may need this processor; later the other thread of
  /// the core is more likely to be who asks, and calls of ours would slow it down.
  /// False when somebody else computes on it.
  [[nodiscard]] bool rest() const {
    if (is_start_) return give_way();
    constexpr int kPauses = 40;  // about a microsecond
    for (int i = 0; i < kPauses; ++i)
      pause_processor();
    return true;
  }

  static std::int64_t now() {
    timespec at{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &at);  // cannot fail
    return at.tv_sec * 1'000'000'000 + at.tv_nsec;
  }

  bool is_start_;
  bool may_;
  bool was_soon_ = false;
  std::int64_t begin_ = 0;
  std::int64_t over_;
};

void add_thread_if_busy(Crew& crew) {
  unsigned threads = crew.threads;
  if (threads >= crew.session.most_threads || crew.idle > 0) return;
  if (!is_readable(crew.session.fuse_fd)) return;
  if (!crew.threads.compare_exchange_strong(threads, threads + 1)) return;
  // Without another thread the work is done more slowly, and that is all.
  if (!start_detached(work_in_thread, &crew)) --crew.threads;
}

/// Before the mount is there the device refuses reads. Waits a moment, and answers whether the
/// launcher has gone.
bool wait_for_mount(int control) {
  pollfd poll{control, POLLIN | POLLRDHUP, 0};
  const timespec moment{0, 100'000};
  return ::ppoll(&poll, 1, &moment, nullptr) == 1;
}

/// The next request's bytes. Ends the process with the last mount.
std::size_t next_request(Crew& crew, std::span<std::byte> room) {
  bool launcher_has_gone = false;
  while (true) {
    ++crew.idle;
    const ssize_t n = ::read(crew.session.fuse_fd, room.data(), room.size());
    const int error = errno;
    --crew.idle;
    if (n >= static_cast<ssize_t>(sizeof(fuse_in_header))) return static_cast<std::size_t>(n);
    if (n < 0 && error == ENODEV) ::_exit(0);
    if (n < 0 && error == EPERM && !crew.is_mounted) {
      // The launcher may have mounted and gone after the read: one more read tells.
      if (launcher_has_gone) ::_exit(0);
      launcher_has_gone = wait_for_mount(crew.session.line.fd());
    } else if (n >= 0 || (error != EINTR && error != EAGAIN && error != ENOENT)) {
      ::_exit(1);  // ENOENT: the request was given up before it was read
    }
  }
}

void send(int fuse_fd, fuse_out_header header, std::span<const std::byte> answer) {
  header.len = static_cast<std::uint32_t>(sizeof header + answer.size());
  const std::array<iovec, 2> parts{
      {{&header, sizeof header}, {const_cast<std::byte*>(answer.data()), answer.size()}}};
  // ENOENT says that nobody waits any more; of ENODEV the next read tells.
  (void)::writev(fuse_fd, parts.data(), answer.empty() ? 1 : 2);
}

void work(Crew& crew, read::Reader& reader) {
  alignas(fuse_in_header) std::array<std::byte, kRequestBytes> request;
  const std::unique_ptr<std::byte[]> reply(new std::byte[kReplyBytes]);
  const bool is_first = crew.threads == 1;
  // With one processor only, looking would keep the others from it.
  Eagerness eagerness(is_first && crew.session.most_threads > 1);
  while (true) {
    if (is_first) crew.session.proof.go_on_until_readable(crew.session.fuse_fd, reader);
    if (crew.is_mounted) eagerness.await_request(crew);
    const std::size_t size = next_request(crew, request);
    eagerness.note();
    fuse_in_header header{};
    std::memcpy(&header, request.data(), sizeof header);
    if (header.opcode == FUSE_FORGET || header.opcode == FUSE_BATCH_FORGET) continue;
    if (!crew.is_mounted.exchange(true)) crew.session.line.leave();
    const std::span body = std::span<const std::byte>(request).first(size).subspan(sizeof header);
    Exchange exchange{header, body, {reply.get(), kReplyBytes}};
    const int error = answer_request(reader, crew.session.owner, exchange);
    if (error == 0 && crew.session.recorder != nullptr) crew.session.recorder->note(exchange);
    // Before the answer: afterwards its reader may have asked for more, which is for this thread.
    add_thread_if_busy(crew);
    send(crew.session.fuse_fd,
         {.len = 0, .error = -error, .unique = header.unique},
         exchange.room.first(error == 0 ? exchange.size : 0));
  }
}

}  // namespace

void serve_requests(const Session& session, read::Reader& reader) {
  Crew crew{session};
  work(crew, reader);
}

}  // namespace berth::serve
