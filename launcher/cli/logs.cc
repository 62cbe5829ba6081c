// SPDX-License-Identifier: Apache-2.0
// `berth logs`: what a detached container's program has written.
#include "base/text.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::cli {

namespace {

/// Prints pieces as they are, or for --json an object for each line.
class Printer {
 public:
  Printer(Session& session, bool as_json) : session_(session), as_json_(as_json) {}

  void take(std::string_view piece) {
    if (!as_json_) return session_.streams.out(piece);
    rest_ += piece;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      print_line(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
  }

  /// What has no newline behind it.
  void finish() {
    if (!rest_.empty()) print_line(rest_);
  }

 private:
  void print_line(const std::string& line) {
    const Json json = {{"line", line}};
    session_.streams.out(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  Session& session_;
  bool as_json_;
  std::string rest_;
};

/// All that is there now. An errno, or 0.
int print_new(int log, Printer& printer) {
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t got = ::read(log, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : 0;
    printer.take({piece.data(), static_cast<std::size_t>(got)});
  }
}

/// Until the container's monitor has ended: then nobody writes any more.
Status follow(const state::Container& container, int log, Printer& printer) {
  const std::string goal = "follow the log of " + quote(container.record.name);
  const UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string place = "/proc/self/fd/" + std::to_string(log);
  if (!changes.is_open() || ::inotify_add_watch(changes.get(), place.c_str(), IN_MODIFY) < 0)
    return refused("inotify_add_watch", goal, errno);
  for (bool is_over = false; !is_over;) {
    // Asked before the last look.
    is_over = !container.monitor.lives();
    if (const int number = print_new(log, printer); number != 0)
      return refused("read", goal, number);
    if (is_over) break;
    std::array<pollfd, 2> sources = {
        {{changes.get(), POLLIN, 0}, {container.monitor.fd(), POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR)
      return refused("poll", goal, errno);
    std::array<char, 4096> events;
    while (::read(changes.get(), events.data(), events.size()) > 0) {
    }
  }
  return Done{};
}

Status print_log(const state::Directory& directory, const ContainerWish& wish, Session& session) {
  const auto container = state::find(directory, wish.words[0]);
  if (!container) return container.error();
  if (!container->record.is_detached)
    return Error{Blame::usage,
                 "print the log of " + quote(container->record.name) +
                     ": it runs in the foreground and writes to whoever started it"};
  const auto log = directory.open_log(container->record.name);
  if (!log) return log.error();
  Printer printer(session, wish.as_json);
  Status done = wish.follows ? follow(*container, log->get(), printer) : [&]() -> Status {
    const int number = print_new(log->get(), printer);
    return number == 0 ? Status(Done{}) : refused("read", "read the log", number);
  }();
  printer.finish();
  return done;
}

}  // namespace

int logs_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth logs [OPTIONS] NAME",
                           "Prints what the program of a detached container has written.",
                           {{{"follow", 'f', "", "go on until the container ends"},
                             [](ContainerWish& wish, const std::string&) -> Status {
                               wish.follows = true;
                               return Done{};
                             }},
                            json_option(),
                            help_option()}};
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  const Status done = print_log(*directory, wish, session);
  return done ? 0 : not_done(session, done.error());
}

}  // namespace berth::cli
