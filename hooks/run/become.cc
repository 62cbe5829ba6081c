// SPDX-License-Identifier: Apache-2.0
#include "hooks/run/become.h"

#include "base/text.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

namespace berth::hooks {

namespace {

[[noreturn]] void fail(int trouble) {
  const int number = errno;
  (void)!::write(trouble, &number, sizeof number);  // or nobody listens any more
  ::_exit(1);
}

/// What we ignore, and have held up, is not for it to inherit.
void reset_signals() {
  for (int number = 1; number < NSIG; ++number)
    (void)::signal(number, SIG_DFL);  // two cannot be changed
  sigset_t none;
  ::sigemptyset(&none);
  (void)::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

/// Ends as `child` does.
[[noreturn]] void end_as(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) ::_exit(1);
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  (void)::prctl(PR_SET_DUMPABLE, 0);  // one core is enough
  (void)::kill(::getpid(), WTERMSIG(status));
  ::_exit(128 + WTERMSIG(status));
}

/// `parent`: a pipe whose other end is open in who has made this process, and nowhere else; it need
/// not have a number here. To be said again with other rights: the kernel forgets it with those
/// that were (prctl(2), PR_SET_PDEATHSIG).
void end_with(int parent) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it is a signal
  // Descriptors are closed before the signal would be sent.
  pollfd source{parent, 0, 0};
  if (::poll(&source, 1, 0) != 0) ::_exit(1);
}

/// The pipe of who goes on, which need not be this process.
int enter(const std::vector<int>& namespaces, int parent, int trouble) {
  for (const int one : namespaces)
    if (::setns(one, 0) != 0) fail(trouble);
  if (namespaces.empty()) return parent;
  end_with(parent);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(trouble);
  // A pid namespace has only the children of who enters it.
  const pid_t child = ::fork();
  if (child < 0) fail(trouble);
  if (child > 0) end_as(child);
  ::close(ends[1]);
  return ends[0];
}

/// Nor can a program with file capabilities get one that is in no set.
void drop_bounding_set(int trouble) {
  for (unsigned number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) fail(trouble);
}

void drop_rights(int trouble) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct sets[2] = {};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(trouble);
  drop_bounding_set(trouble);
  if (::syscall(SYS_capset, &header, sets) != 0) fail(trouble);
}

/// Who is not 0 there would lose with the exec what entering the user namespace has given him
/// (capabilities(7), "Ambient capability set").
void keep_rights(int trouble) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) fail(trouble);
  for (__user_cap_data_struct& set : sets)
    set.inheritable = set.permitted;
  if (::syscall(SYS_capset, &header, sets) != 0) fail(trouble);
  const std::uint64_t held = sets[0].permitted | std::uint64_t{sets[1].permitted} << 32;
  for (unsigned number = 0; number < 64; ++number)
    if ((held >> number & 1) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
      fail(trouble);
}

[[noreturn]] void execute(const Program& program, int trouble) {
  std::vector<std::string> words = program.words;
  std::vector<std::string> variables = program.variables;
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  if (program.file >= 0)
    (void)::syscall(
        SYS_execveat, program.file, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  else
    (void)::execve(program.path.c_str(), arguments.data(), environment.data());
  fail(trouble);
}

}  // namespace

void become(const Program& program, const ChildFiles& files) {
  (void)::setpgid(0, 0);  // a fresh child can
  reset_signals();
  end_with(files.parent);
  if (::dup2(files.input, 0) < 0 || ::dup2(files.output, 1) < 0 || ::dup2(files.errors, 2) < 0)
    fail(files.trouble);
  // A script's interpreter opens it by the descriptor (execveat(2), BUGS).
  if (program.file >= 0 && ::fcntl(program.file, F_SETFD, 0) != 0) fail(files.trouble);
  const int parent = enter(program.namespaces, files.parent, files.trouble);
  if (::chdir("/") != 0) fail(files.trouble);
  if (program.has_no_rights)
    drop_rights(files.trouble);
  else if (!program.namespaces.empty())
    keep_rights(files.trouble);
  end_with(parent);
  execute(program, files.trouble);
}

}  // namespace berth::hooks
