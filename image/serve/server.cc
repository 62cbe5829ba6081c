// SPDX-License-Identifier: Apache-2.0
// Locks itself in, reads, reports, receives the FUSE descriptor, serves. Whatever goes wrong here
// ends the process, which the launcher and the kernel both notice.
#include "image/serve/server.h"

#include "base/map_ahead.h"
#include "base/pass_fd.h"
#include "image/serve/damage_log.h"
#include "image/serve/find_start.h"
#include "image/serve/preview.h"
#include "image/serve/read_ahead.h"
#include "image/serve/recorder.h"
#include "image/serve/sandbox.h"
#include "image/serve/session.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace berth::serve {
namespace {

constexpr int kMostThreads = 4;

/// More threads than `kMostThreads` contend for the one descriptor more than they help. For before
/// lock_in().
unsigned choose_most_threads() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 2;
  return static_cast<unsigned>(std::min(CPU_COUNT(&cpus), kMostThreads));
}

/// The descriptor that hand_over() sends; none when the other end was closed. Goes on with the
/// proof until it comes.
UniqueFd receive_descriptor(int control, Proof& proof, read::Reader& reader) {
  proof.go_on_until_readable(control, reader);
  Message message = receive_message(control);
  const bool is_it = message.word == kFuseWord && message.descriptors.size() == 1;
  return is_it ? std::move(message.descriptors[0]) : UniqueFd();
}

/// What hand_over() sends behind it. False when the other end was closed.
bool receive_owner(int control, Owner& owner) {
  auto* to = reinterpret_cast<char*>(&owner);
  for (std::size_t got = 0; got < sizeof owner;) {
    const ssize_t n = ::read(control, to + got, sizeof owner - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    got += static_cast<std::size_t>(n);
  }
  return true;
}

/// Bytes of the file; 0 where it cannot be told. For before lock_in().
std::uint64_t read_size(int fd) {
  struct stat status {};

  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// The log, where there may be something to tell it.
std::optional<DamageLog> open_log(const ServerOrder& order, std::uint64_t file_bytes) {
  if (!order.settings.verify || file_bytes < order.super.bytes_used + integrity::kBlockBytes)
    return std::nullopt;
  return DamageLog(order.settings.log, order.image_name);
}

/// What keeps `image` from being read as it was meant to be.
integrity::Flaw find_flaw(const Settings& settings, read::Image& image, read::Reader& reader) {
  const bool has_tree = image.checked.is_on();
  if (has_tree && !reader.has_superblock()) return integrity::Flaw::superblock;
  if (settings.root_hash.empty()) return integrity::Flaw::none;
  if (!has_tree) return integrity::Flaw::missing;
  const bool is_it = integrity::hex_of(image.checked.root()) == settings.root_hash;
  return is_it ? integrity::Flaw::none : integrity::Flaw::other_root;
}

void serve_image(const ServerOrder& order, int image_fd, int control, int record) {
  const std::uint64_t size = read_size(image_fd);
  const unsigned most_threads = choose_most_threads();
  const std::optional<DamageLog> log = open_log(order, size);
  if (lock_in() != 0) return;
  integrity::Tree tree;
  integrity::Flaw flaw = integrity::Flaw::none;
  if (order.settings.verify)
    flaw = integrity::find_tree(image_fd, order.super.bytes_used, size, tree);
  read::Image image(image_fd, order.super, 0, tree, [&log](std::uint64_t block) {
    if (log) log->tell(block);
  });
  read::Reader reader(image);
  if (flaw == integrity::Flaw::none) flaw = find_flaw(order.settings, image, reader);
  if (flaw != integrity::Flaw::none) {
    (void)send_flaw(flaw, control);  // who does not hear it sees that we are gone
    return;
  }
  read_ahead(image_fd, find_ahead(reader, size));
  const std::vector<StartFile> start = find_start_files(reader);
  Proof proof(image, start);
  if (send_preview(reader, start, proof.is_due(), control) != 0) return;
  Line line(control);
  if (proof.is_due()) proof.join(line);
  if (proof.is_due() && most_threads > 2) (void)proof.go_on_beside();  // or by ourselves
  const UniqueFd fuse = receive_descriptor(control, proof, reader);
  Owner owner;
  // At once: a thread of the proof reads what lies here.
  if (!fuse.is_open() || !receive_owner(control, owner)) ::_exit(1);
  std::optional<Recorder> recorder;
  if (record >= 0) recorder.emplace(record, order.super);
  Recorder* told = recorder ? &*recorder : nullptr;
  serve_requests({image, fuse.get(), line, proof, owner, most_threads, told}, reader);
}

}  // namespace

void run_server(const ServerOrder& order) noexcept {
  map_code_ahead();
  int image_fd = order.image_fd;
  int control = order.control;
  int record = order.settings.record;
  int kept = order.settings.kept;
  leave_the_launcher(image_fd, control, record, kept);
  serve_image(order, image_fd, control, record);
  ::_exit(1);
}

}  // namespace berth::serve
