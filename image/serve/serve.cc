// SPDX-License-Identifier: Apache-2.0
// The launcher's side: starts the server as nobody's child and talks to it. It takes nothing that
// comes back for granted, because the server has read the image.
#include "image/serve/serve.h"

#include "base/give_way.h"
#include "base/pass_fd.h"
#include "base/text.h"
#include "image/integrity/hash_tree.h"
#include "image/serve/preview.h"
#include "image/serve/proof.h"
#include "image/serve/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::serve {
namespace {

Error damaged(const std::string& name, const std::string& why) {
  return Error{Blame::image, "use " + quote(name) + " as an image: it is damaged: " + why};
}

Error another(const std::string& name) {
  return Error{Blame::image,
               "use " + quote(name) + " as an image: it is not the one that was asked for",
               {},
               "it has been changed or replaced: look at its root hash with 'berth image verify', "
               "and ask for that one"};
}

class Server : public Orphan {
 public:
  explicit Server(const ServerOrder& order) : order_(order) {}

  [[noreturn]] void live() noexcept override { run_server(order_); }

 private:
  ServerOrder order_;
};

/// Waking up takes a processor that fell idle longer than much of what the server does meanwhile.
/// So the first moment of a wait is spent looking, which gives way to whoever wants the processor.
void await_bytes(int control) noexcept {
  constexpr int kLooks = 1000;
  char byte = 0;
  for (int look = 0; look < kLooks; ++look) {
    if (::recv(control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN) return;
    if (!give_way()) return;
  }
}

/// Fills `out`, or says that the server ended before.
bool receive_fully(int control, void* out, std::size_t count) {
  auto* to = static_cast<char*>(out);
  while (count > 0) {
    const ssize_t n = ::recv(control, to, count, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

/// Longer than any list of start files: two paths and a head for each.
constexpr std::size_t kMostStartText = kMostStartFiles * 3 * 4096;

bool is_another(const PreviewHead& head) {
  const auto flaw = static_cast<integrity::Flaw>(head.flaw);
  return flaw == integrity::Flaw::missing || flaw == integrity::Flaw::other_root;
}

std::string culprit_text(const PreviewHead& head) {
  if (head.flaw != 0)
    return std::string("its hash tree ") +
           integrity::words_for(static_cast<integrity::Flaw>(head.flaw));
  if (head.culprit >= kPreviewFiles.size()) return "its root directory cannot be read";
  const PreviewFile& file = kPreviewFiles.at(head.culprit);
  const std::string path = quote(std::string("/") + file.path);
  if (head.error != EFBIG) return "its " + path + " cannot be read";
  return "its " + path + " is larger than " + size_text(file.limit);
}

}  // namespace

Result<ImageServer> ImageServer::start(int image_fd,
                                       const std::string& image_name,
                                       const Settings& settings,
                                       Orphan* companion) {
  auto super = read::read_superblock(image_fd, image_name);
  if (!super) return super.error();
  const std::string goal = "start the server of image " + quote(image_name);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return refused("socketpair", goal, errno);
  }
  UniqueFd ours(ends[0]);
  const UniqueFd servers(ends[1]);
  Server server({image_fd, servers.get(), *super, settings, image_name.c_str()});
  const std::array<Orphan*, 2> both{&server, companion};
  const int error = start_orphans(std::span(both).first(companion == nullptr ? 1 : 2));
  // Which of them it was does not matter to who has no process left.
  if (error != 0)
    return refused("fork", goal + (companion ? " and the container's keeper" : ""), error);
  return ImageServer(std::move(ours), image_name, super->bytes_used);
}

Result<Preview> ImageServer::preview() {
  PreviewHead head;
  Preview out;
  const std::array<std::string*, kPreviewFiles.size()> texts{&out.config, &out.passwd, &out.group};
  await_bytes(control_.get());
  bool is_whole = receive_fully(control_.get(), &head, sizeof head);
  if (is_whole && is_another(head)) return another(name_);
  if (is_whole && head.error != 0) return damaged(name_, culprit_text(head));
  for (std::size_t i = 0; is_whole && i < texts.size(); ++i) {
    is_whole = head.sizes.at(i) <= kPreviewFiles.at(i).limit;
    if (!is_whole) break;
    texts.at(i)->resize(head.sizes.at(i));
    is_whole = receive_fully(control_.get(), texts.at(i)->data(), texts.at(i)->size());
  }
  std::string start;
  is_whole = is_whole && head.start_size <= kMostStartText;
  if (is_whole) start.resize(head.start_size);
  is_whole = is_whole && receive_fully(control_.get(), start.data(), start.size());
  if (!is_whole)
    return Error{Blame::image,
                 "use " + quote(name_) + " as an image: its server ended while reading it",
                 {},
                 "try again; if it happens again, import the image again"};
  auto files = parse_start_files(start, size_);
  if (!files) return damaged(name_, "its server talks nonsense");
  out.start = std::move(*files);
  out.has_proof = head.has_proof != 0;
  pid_ = head.pid;
  return out;
}

int await_verdict(int control) noexcept {
  char verdict = 0;
  ssize_t n = -1;
  await_bytes(control);
  do {
    n = ::recv(control, &verdict, 1, 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno;
  if (n == 0) return ECONNRESET;
  return verdict == static_cast<char>(Verdict::good) ? 0 : EIO;
}

int hand_over(int control, int fuse_fd, const Owner& owner) noexcept {
  const int sent = send_message(control, kFuseWord, {&fuse_fd, 1});
  if (sent != 0) return sent;
  // So few bytes are taken whole by a socket in which nothing else waits.
  while (::send(control, &owner, sizeof owner, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

}  // namespace berth::serve
