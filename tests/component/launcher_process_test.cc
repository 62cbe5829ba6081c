// SPDX-License-Identifier: Apache-2.0
// What a program keeps of its launcher, on the real kernel: no capability, no descriptor; and what
// is said when it cannot begin.
#include "base/text.h"
#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/enter/linux_process.h"
#include "tests/component/launcher_child.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

using Texts = std::vector<std::string>;

/// The lines of /proc/self/status that say what this process may do.
std::string rights() {
  std::ifstream status("/proc/self/status");
  std::string text;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Cap") || line.starts_with("NoNewPrivs")) text += line + "\n";
  return text;
}

const std::string kNoRights =
    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
    "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n";

/// Enters namespaces as uid `inside` and gives up what that brought.
std::string rights_left(unsigned inside) {
  const std::string uid = std::to_string(inside) + " " + std::to_string(::getuid()) + " 1\n";
  LinuxProcess process(-1, {});
  LinuxMounts mounts(-1);
  if (process.enter_namespaces(CLONE_NEWUSER | CLONE_NEWNS).number != 0) return "no namespace";
  if (mounts.write_file("/proc/self/uid_map", uid.c_str()).number != 0) return "no map";
  if (rights() == kNoRights) return "there was nothing to give up";
  const Answer answer = process.drop_privileges(0);
  return answer.number == 0 ? rights() : ::strerrorname_np(answer.number);
}

TEST(DropPrivileges, LeavesNothingToUserOrRoot) {
  if (const std::string why = tests::why_no_namespaces(); !why.empty()) BERTH_SKIP_OR_FAIL(why);
  EXPECT_EQ(tests::in_child([] { return rights_left(::getuid()); }), kNoRights);
  EXPECT_EQ(tests::in_child([] { return rights_left(0); }), kNoRights);
}

TEST(DropPrivileges, SaysSoWhereTheBoundingSetStays) {
  // Without a namespace of its own an ordinary process may not drop it (capabilities(7)).
  EXPECT_EQ(tests::in_child([] {
              LinuxProcess process(-1, {});
              const Answer answer = process.drop_privileges(0);
              return std::string(answer.call == Call::prctl ? "prctl " : "another ") +
                     ::strerrorname_np(answer.number);
            }),
            "prctl EPERM");
}

TEST(CloseOthers, LeavesTheStreamsAndWhatIsKept) {
  // The shell's own look at its descriptors opens none (a glob would).
  const std::string output = tests::output_of_child([] {
    for (int fd = 3; fd < 12; ++fd)
      (void)::dup2(0, fd);  // not close-on-exec
    for (int fd = 12; fd < 64; ++fd)
      ::close(fd);
    LinuxProcess process(-1, {});
    const int kept[] = {5, 9};
    if (process.close_others(kept, 2).number != 0) ::_exit(97);
    ::execl("/bin/sh",
            "sh",
            "-c",
            "for fd in 0 1 2 3 4 5 6 7 8 9 10 11; do "
            "[ ! -e /proc/$$/fd/$fd ] || printf '%s ' $fd; done",
            nullptr);
  });
  EXPECT_EQ(output, "0 1 2 5 9 exit 0");
}

TEST(CloseOthers, NamesTheCallWhereADescriptorToKeepIsNotOpen) {
  EXPECT_EQ(tests::in_child([] {
              ::close(200);
              LinuxProcess process(-1, {});
              const int kept[] = {200};
              const Answer answer = process.close_others(kept, 1);
              return std::string(answer.call == Call::fcntl ? "fcntl " : "another ") +
                     ::strerrorname_np(answer.number);
            }),
            "fcntl EBADF");
}

/// What becomes of mkdir(2) under a filter that answers it with errno 77.
std::string mkdir_under_filter(bool has_no_new_privs, std::vector<sock_filter> filter) {
  return tests::in_child([&] {
    LinuxProcess process(-1, {});
    if (has_no_new_privs && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return std::string("no");
    const Answer answer =
        process.filter_calls(filter.data(), static_cast<unsigned short>(filter.size()));
    if (answer.number != 0)
      return std::string(answer.call == Call::seccomp ? "seccomp " : "another ") +
             ::strerrorname_np(answer.number);
    const int made = ::mkdir("/", 0700);
    return std::to_string(made) + " " + std::to_string(errno);
  });
}

TEST(FilterCalls, TheKernelAsksTheFilterAndRefusesWhatIsNone) {
  const std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
                                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
                                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  EXPECT_EQ(mkdir_under_filter(true, filter), "-1 77");
  EXPECT_EQ(mkdir_under_filter(false, filter), "seccomp EACCES");
  EXPECT_EQ(mkdir_under_filter(true, {}), "seccomp EINVAL");
  EXPECT_EQ(mkdir_under_filter(true, {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)}), "seccomp EINVAL");
}

/// Files of every kind that cannot be started, and one that can.
class Programs : public testing::Test {
 protected:
  Programs() {
    (void)folder_.make("bin");
    folder_.write("plain", "#!/bin/sh\n", 0644);
    folder_.write("good", "#!/bin/sh\necho \"$0 $1 $A\"; exit 3\n", 0755);
    folder_.write("orphan", "#!/no/such/interpreter\n", 0755);
    folder_.write("garbage", "\x7f no format", 0755);
  }

  [[nodiscard]] Texts paths(const Texts& names) const {
    Texts paths;
    for (const std::string& name : names)
      paths.push_back(folder_.path() + "/" + name);
    return paths;
  }

  /// What a launch of `app` says that finds these files, in order, in its PATH.
  [[nodiscard]] std::string refusal_of(const Texts& names, const Texts& arguments = {"app"}) const {
    return tests::in_child([&] {
      std::vector<Step> steps = {Execute{paths(names), arguments, {}}};
      const Prepared prepared = prepare(steps);
      LinuxMounts mounts(-1);
      LinuxProcess process(-1, {});
      Kernel kernel{mounts, process};
      const auto stumble = carry_out(steps, prepared, kernel);
      const Error error = explain(*stumble, steps, look_again(steps[0]));
      return std::to_string(exit_code_for(*stumble, steps)) + " " + to_text(error);
    });
  }

  tests::OwnFolder folder_;
};

const std::string kMissing =
    "127 berth: cannot start 'app': execve: No such file or directory (ENOENT)\n"
    "berth: hint: the image has no such program: check the name, or PATH inside the image";
const std::string kForbidden =
    "126 berth: cannot start 'app': execve: Permission denied (EACCES)\n"
    "berth: hint: make the file executable in the image: chmod +x";

TEST_F(Programs, ThatAreMissingAre127) {
  EXPECT_EQ(refusal_of({}), kMissing);
  EXPECT_EQ(refusal_of({"none", "plain/none"}), kMissing);
}

TEST_F(Programs, ThatMayNotBeExecutedAre126AlsoWhereAnotherPlaceHasNone) {
  EXPECT_EQ(refusal_of({"plain"}), kForbidden);
  EXPECT_EQ(refusal_of({"none", "plain", "none"}), kForbidden);
  EXPECT_EQ(refusal_of({"bin"}), kForbidden);
}

TEST_F(Programs, WithoutTheirInterpreterAreToldFromMissingOnes) {
  EXPECT_EQ(refusal_of({"orphan"}),
            "127 berth: cannot start 'app': execve: No such file or directory (ENOENT)\n"
            "berth: hint: the file is there: its interpreter or loader is missing from the image");
}

TEST_F(Programs, OfAnUnknownFormatEndTheSearch) {
  const std::string refusal =
      "126 berth: cannot start 'app': execve: Exec format error (ENOEXEC)\n"
      "berth: hint: it is not a program for this machine: check its architecture, or begin a "
      "script with #!";
  EXPECT_EQ(refusal_of({"garbage"}), refusal);
  EXPECT_EQ(refusal_of({"garbage", "good"}), refusal);
}

TEST_F(Programs, WithTooManyArgumentsAre126) {
  EXPECT_EQ(refusal_of({"good"}, {"app", std::string(1 << 20, 'x')}),
            "126 berth: cannot start 'app': execve: Argument list too long (E2BIG)\n"
            "berth: hint: shorten the arguments and the environment: --clean-env");
}

TEST_F(Programs, AreFoundBehindPlacesThatHaveNone) {
  for (const Texts& names :
       {Texts{"good"}, Texts{"none", "plain", "bin", "plain/none", "orphan", "good"}}) {
    const std::string output = tests::output_of_child([&] {
      std::vector<Step> steps = {Execute{paths(names), {"app", "one"}, {"A=b"}}};
      const Prepared prepared = prepare(steps);
      LinuxProcess process(-1, {});
      (void)process.execute(
          prepared.candidates.data(), prepared.arguments.data(), prepared.environment.data());
    });
    EXPECT_EQ(output, folder_.path() + "/good one b\nexit 3");
  }
}

}  // namespace
}  // namespace berth::enter
