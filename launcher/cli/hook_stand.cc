// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/hook_stand.h"

#include "base/file.h"
#include "base/loader.h"
#include "base/pass_fd.h"
#include "hooks/standing.h"
#include "launcher/cli/asked_program.h"
#include "launcher/cli/hook_state.h"
#include "launcher/enter/linux_process.h"
#include "launcher/node/announce.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace berth::cli {

namespace {

constexpr const char* kGoal = "have hooks run";

static_assert(hooks::kRootIsThere == static_cast<char>(RunHooks::Time::root_is_there));
static_assert(hooks::kProgramBegins == static_cast<char>(RunHooks::Time::program_begins));
static_assert(hooks::kWell == enter::kHooksWell);

/// A file of its own, from its beginning.
Result<UniqueFd> file_with(const std::string& text) {
  UniqueFd file(::memfd_create("berth-hooks", MFD_CLOEXEC));
  if (!file.is_open()) return refused("memfd_create", kGoal, errno);
  if (const int number = write_fully(file.get(), text.data(), text.size()); number != 0)
    return refused("write", kGoal, number);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return refused("lseek", kGoal, errno);
  return file;
}

hooks::Standing standing_for(const Launch& launch, const std::vector<hooks::Hook>& hooks) {
  const Request& request = launch.request;
  return {request.name.empty() ? "berth-" + std::to_string(::getpid()) : request.name,
          launch.facts.base,
          annotations_of(request),
          hooks,
          request.verbose || request.is_detached,
          request.is_detached};
}

}  // namespace

Status HookStand::prepare() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return refused("pipe2", kGoal, errno);
  stands_.reset(ends[0]);
  keepers_.reset(ends[1]);
  return Done{};
}

Status HookStand::start(const Launch& launch,
                        const std::vector<hooks::Hook>& hooks,
                        Session& session) {
  if (hooks.empty()) return Done{};
  auto input = file_with(hooks::to_text(standing_for(launch, hooks)));
  if (!input) return std::move(input.error());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", kGoal, errno);
  line_.reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  const int on = 1;  // which process says a word, the kernel adds (unix(7))
  if (::setsockopt(theirs.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    return refused("setsockopt", kGoal, errno);
  AskedProgram program;
  BERTH_TRY(program.start(
      "berth-hooks",
      "../hooks/",
      {"--stand-by"},
      for_host_program(session.environment),
      {.input = input->get(), .errors = STDERR_FILENO, .more = {theirs.get(), stands_.get()}}));
  constexpr std::size_t kLongest = 64;
  const auto answer = program.read(kLongest);
  if (!answer) return answer.error();
  if (answer->end != AskedProgram::Answer::End::good)
    return Error{Blame::internal, std::string(kGoal) + ": berth-hooks does not stand by"};
  pid_t pid = 0;
  const std::string& text = answer->text;
  (void)std::from_chars(text.data(), text.data() + text.size(), pid);  // it writes nothing else
  node::announce_helper(launch.facts.helpers, pid);
  stands_.reset();
  return Done{};
}

Error HookStand::failure() const {
  std::array<char, hooks::kLongestSentence> text{};
  const ssize_t got = ::recv(line_.get(), text.data(), text.size(), 0);
  if (got <= 0) return Error{Blame::host, std::string(kGoal) + ": who ran them is gone"};
  return Error{Blame::config, std::string(text.data(), static_cast<std::size_t>(got))};
}

void HookStand::give_up() const {
  if (line_.is_open()) (void)send_message(line_.get(), hooks::kNothingComes, {});
}

}  // namespace berth::cli
