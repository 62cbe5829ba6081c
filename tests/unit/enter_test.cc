// SPDX-License-Identifier: Apache-2.0
// Plans are carried out in order, stop at the first refusal, and say which it was.
#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"
#include "launcher/plan/plan.h"
#include "tests/unit/plan_case.h"
#include "tests/unit/scripted_kernel.h"

#include <sched.h>

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

std::optional<Stumble> run(std::vector<Step>& steps, tests::Script& script) {
  const Prepared prepared = prepare(steps);
  tests::ScriptedMounts mounts(script);
  tests::ScriptedProcess process(script);
  Kernel kernel{mounts, process};
  return carry_out(steps, prepared, kernel);
}

/// Refuses call `n` of the plan and looks at all that a person or script would see.
void expect_to_stop_at(unsigned n, int number, std::vector<Step>& steps) {
  tests::Script script{{}, n, number};
  const auto stumble = run(steps, script);
  ASSERT_TRUE(stumble);
  EXPECT_EQ(stumble->step, n);
  EXPECT_EQ(stumble->number, number);
  EXPECT_EQ(script.calls.size(), n + 1) << "something was done after the refusal";
  const Error error = explain(*stumble, steps, {});
  EXPECT_EQ(error.goal, plan::goal_of(steps[n]));
  EXPECT_EQ(error.blame, Blame::host);
  const bool is_last = n + 1 == steps.size();
  const std::string text = sentence_of(error);
  EXPECT_TRUE(text.starts_with("cannot " + plan::goal_of(steps[n]) + ": ")) << text;
  EXPECT_TRUE(text.ends_with(number == EPERM ? ": Operation not permitted (EPERM)"
                                             : ": No such file or directory (ENOENT)"))
      << text;
  EXPECT_EQ(exit_code_for(*stumble, steps), !is_last ? 125 : number == ENOENT ? 127 : 126);
}

class EveryPlan : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto launch = tests::read_case(GetParam());
    ASSERT_TRUE(launch) << to_text(launch.error());
    auto steps = plan::make_plan(*launch);
    ASSERT_TRUE(steps) << to_text(steps.error());
    steps_ = std::move(*steps);
  }

  std::vector<Step> steps_;
};

TEST_P(EveryPlan, AsksTheKernelOncePerStepAndEndsWithTheProgram) {
  tests::Script script;
  EXPECT_FALSE(run(steps_, script));
  ASSERT_EQ(script.calls.size(), steps_.size());
  EXPECT_TRUE(script.calls.back().starts_with("execute ")) << script.calls.back();
}

TEST_P(EveryPlan, StopsAtTheNthRefusalAndNamesTheGoal) {
  for (unsigned n = 0; n < steps_.size(); ++n) {
    SCOPED_TRACE(plan::goal_of(steps_[n]));
    expect_to_stop_at(n, EPERM, steps_);
    expect_to_stop_at(n, ENOENT, steps_);
  }
}

INSTANTIATE_TEST_SUITE_P(Plans,
                         EveryPlan,
                         testing::ValuesIn(tests::case_names()),
                         [](const auto& test) { return test.param; });

TEST(CarryOut, HandsEveryStepOverWhole) {
  std::vector<Step> steps = {EnterNamespaces{CLONE_NEWUSER},
                             WriteFile{"/f", "text"},
                             MapIds{},
                             SetHostName{"box"},
                             RaiseLoopback{},
                             ConnectNetwork{"/usr/bin/pasta"},
                             ShiftClocks{"monotonic 1 0"},
                             KeepMountsInside{},
                             TakeTree{"/a", 3, kReadOnly},
                             TakeTree{"/b", 4},
                             TakeTree{"/c", 5, {6, 8, Propagation::slave, false}},
                             MakeTree{"proc", 5},
                             TakeImage{"data", 7, kReadOnly, 7, 8, 3},
                             MakeTree{"tmpfs", 6, kReadOnly, {{"size", "5"}, {"mode", "7"}}},
                             MakeLink{6, "fd", "/proc/self/fd"},
                             MountScratch{"/tmp", 4096},
                             MakeDirectory{"/tmp/root"},
                             MountImage{"img", "/tmp/image", 7, 8},
                             MountImage{"img", "/tmp/image2", 7, 8, 2, true},
                             AttachImage{8, "dir", "/tmp/image3", 3},
                             AttachImage{9, "dir", "/tmp/root", 0, true},
                             CoverFile{"/tmp/own/f", "/etc/f"},
                             AttachOverlay{7, "/kept", "/tmp/kept"},
                             MountOverlay{"lowerdir=x", "/tmp/root"},
                             MountOverlay{"lowerdir=y", "/tmp/root", "berth:1:2", "/kept"},
                             UseImage{"/tmp/image"},
                             AttachTree{3, "/a", "/inside"},
                             AttachTree{4, "/b", "/b", Origin::host, true},
                             LockPlace{"/l"},
                             MaskPlace{"/m"},
                             LookAhead{{"/bin/x"}, {"/lib/y", "/z"}},
                             AwaitProof{},
                             ChangeRoot{"/tmp/root", true},
                             ChangeRoot{"/tmp/root", false},
                             ShareContainer{3},
                             JoinContainer{5},
                             MountPrivateRoot{4096, "berth:1:2"},
                             CarryTree{"/proc"},
                             EnterDirectory{"/w"},
                             EnterDirectory{"/v", true},
                             BecomeUser{{33, 44}},
                             DropPrivileges{},
                             DropPrivileges{5},
                             CloseOthers{{5, 9}},
                             StartInit{},
                             StartInit{true},
                             StartInit{false, {90, 10, 15, "over"}},
                             AnnounceProgram{2, 5},
                             RunHooks{},
                             RunHooks{RunHooks::Time::program_begins},
                             PinToCpus{7, *parse_numbers("0-3,1024")},
                             BindMemory{*parse_numbers("1"), false},
                             BindMemory{*parse_numbers("0-1"), true},
                             SetLimit{{RLIMIT_NOFILE, 10, 20}},
                             SetUmask{027},
                             FilterCalls{"default", {{6, 0, 0, 7}, {6, 0, 0, 8}}},
                             Execute{{"/bin/x", "/usr/bin/x"}, {"x", "1"}, {"A=b"}}};
  tests::Script script;
  EXPECT_FALSE(run(steps, script));
  EXPECT_EQ(script.calls,
            (std::vector<std::string>{"enter_namespaces " + std::to_string(CLONE_NEWUSER),
                                      "write_file /f: text",
                                      "map_ids",
                                      "set_host_name box",
                                      "raise_loopback",
                                      "connect_network",
                                      "shift_clocks monotonic 1 0",
                                      "keep_inside",
                                      "take_tree 3 /a +1 -0 p0",
                                      "take_tree 4 /b",
                                      "take_tree 5 /c +6 -8 p2 nonrec",
                                      "make_tree 5 proc +14 -0 p0",
                                      "take_image 7 data +1 -0 p0 7 8 layer 3",
                                      "make_tree 6 tmpfs +1 -0 p0 size=5 mode=7",
                                      "make_link 6 fd /proc/self/fd",
                                      "mount_scratch /tmp 4096",
                                      "make_directory /tmp/root",
                                      "mount_image /tmp/image 7:8 0",
                                      "mount_image /tmp/image2 7:8 2 stored",
                                      "attach_image 8 /tmp/image3 3",
                                      "attach_image 9 /tmp/root 0 root",
                                      "cover_file /tmp/own/f /etc/f",
                                      "attach_overlay 7 /tmp/kept",
                                      "mount_overlay berth lowerdir=x /tmp/root",
                                      "mount_overlay berth:1:2 lowerdir=y /tmp/root /kept",
                                      "use_image /tmp/image",
                                      "attach_tree 3 /inside",
                                      "attach_tree 4 /b optional",
                                      "lock_place /l",
                                      "mask_place /m",
                                      "look_ahead /bin/x | /lib/y /z",
                                      "await_proof",
                                      "change_root /tmp/root read-only",
                                      "change_root /tmp/root",
                                      "share_container 3",
                                      "join_container 5",
                                      "mount_private_root berth:1:2 4096",
                                      "carry_tree /proc",
                                      "enter_directory /w",
                                      "enter_directory /v or root",
                                      "become_user 33:44",
                                      "drop_privileges",
                                      "drop_privileges but 5",
                                      "close_others 5 9",
                                      "start_init",
                                      "start_init stays",
                                      "start_init 90+10 15 over",
                                      "announce_program",
                                      "run_hooks r",
                                      "run_hooks p",
                                      "pin_to_cpus 0-3,1024",
                                      "bind_memory 1",
                                      "bind_memory 0-1 in turn",
                                      "set_limit 7 10:20",
                                      "set_umask 23",
                                      "filter_calls 7 8",
                                      "execute /bin/x /usr/bin/x | x 1 | A=b"}));
}

TEST(ExitCode, IsTheShellsForTheProgramAndOursForTheRest) {
  const std::vector<Step> steps = {EnterDirectory{"/w"}, Execute{{"/x"}, {"x"}, {}}};
  const auto code = [&](unsigned step, int number) {
    return exit_code_for(Stumble{step, Call::execve, number}, steps);
  };
  EXPECT_EQ(code(0, ENOENT), 125);
  EXPECT_EQ(code(0, EACCES), 125);
  EXPECT_EQ(code(1, ENOENT), 127);
  for (const int number : {EACCES, ENOEXEC, E2BIG, ELOOP, ENOMEM})
    EXPECT_EQ(code(1, number), 126) << number;
  for (const int number : {EIO, ENOTCONN, ECONNABORTED})
    EXPECT_EQ(code(1, number), 125) << "the image or its server: " << number;
}

TEST(Explain, NamesTheFlagThatTheNodeHasLocked) {
  const std::vector<Step> steps = {TakeTree{"/data", 0, {.clear = MOUNT_ATTR_NOEXEC}}};
  const Findings findings = {.locked = "noexec"};
  EXPECT_EQ(sentence_of(explain({0, Call::mount_setattr, EPERM}, steps, findings)),
            "cannot show '/data' of this node with exec: the node has mounted it noexec: "
            "mount_setattr: Operation not permitted (EPERM)");
  EXPECT_EQ(sentence_of(explain({0, Call::open_tree, ENOENT}, steps, findings)),
            "cannot show '/data' of this node with exec: open_tree: No such file or directory "
            "(ENOENT)");
}

TEST(LookAgain, SeesTheSourceAndTheProgramAndNothingElse) {
  EXPECT_TRUE(look_again(TakeTree{"/proc", 0}).source_exists);
  EXPECT_FALSE(look_again(TakeTree{"/proc/no such place", 0}).source_exists);
  EXPECT_FALSE(look_again(TakeTree{"/", 0}).has_mounts_below) << "nobody asked";
  EXPECT_TRUE(look_again(TakeTree{"/", 0, {.is_recursive = false}}).has_mounts_below);
  EXPECT_FALSE(look_again(TakeTree{"/proc/self/fd", 0, {.is_recursive = false}}).has_mounts_below);
  EXPECT_TRUE(look_again(Execute{{"/no/such", "/proc/self/exe"}, {}, {}}).program_exists);
  EXPECT_FALSE(look_again(Execute{{"/no/such"}, {}, {}}).program_exists);
  EXPECT_FALSE(look_again(Execute{{}, {}, {}}).program_exists);
  EXPECT_TRUE(look_again(MakeDirectory{"/no/such"}).source_exists);
}

}  // namespace
}  // namespace berth::enter
