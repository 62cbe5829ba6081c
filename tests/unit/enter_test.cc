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
                             KeepMountsInside{},
                             TakeTree{"/a", 3, true},
                             TakeTree{"/b", 4, false},
                             MountScratch{"/tmp", 4096},
                             MakeDirectory{"/tmp/root"},
                             MountImage{"img", "/tmp/image", 7, 8},
                             AttachOverlay{7, "/kept", "/tmp/kept"},
                             MountOverlay{"lowerdir=x", "/tmp/root"},
                             MountOverlay{"lowerdir=y", "/tmp/root", "berth:1:2", "/kept"},
                             AttachTree{3, "/a", "/inside"},
                             LookAhead{{"/bin/x"}, {"/lib/y", "/z"}},
                             AwaitProof{},
                             ChangeRoot{"/tmp/root", true},
                             ChangeRoot{"/tmp/root", false},
                             ShareContainer{},
                             JoinContainer{},
                             EnterDirectory{"/w"},
                             DropPrivileges{},
                             CloseOthers{{5, 9}},
                             Execute{{"/bin/x", "/usr/bin/x"}, {"x", "1"}, {"A=b"}}};
  tests::Script script;
  EXPECT_FALSE(run(steps, script));
  EXPECT_EQ(script.calls,
            (std::vector<std::string>{"enter_namespaces " + std::to_string(CLONE_NEWUSER),
                                      "write_file /f: text",
                                      "keep_inside",
                                      "take_tree 3 /a read-only",
                                      "take_tree 4 /b",
                                      "mount_scratch /tmp 4096",
                                      "make_directory /tmp/root",
                                      "mount_image /tmp/image 7:8",
                                      "attach_overlay 7 /tmp/kept",
                                      "mount_overlay berth lowerdir=x /tmp/root",
                                      "mount_overlay berth:1:2 lowerdir=y /tmp/root /kept",
                                      "attach_tree 3 /inside",
                                      "look_ahead /bin/x | /lib/y /z",
                                      "await_proof",
                                      "change_root /tmp/root read-only",
                                      "change_root /tmp/root",
                                      "share_container",
                                      "join_container",
                                      "enter_directory /w",
                                      "drop_privileges",
                                      "close_others 5 9",
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

TEST(LookAgain, SeesTheSourceAndTheProgramAndNothingElse) {
  EXPECT_TRUE(look_again(TakeTree{"/proc", 0, false}).source_exists);
  EXPECT_FALSE(look_again(TakeTree{"/proc/no such place", 0, false}).source_exists);
  EXPECT_TRUE(look_again(Execute{{"/no/such", "/proc/self/exe"}, {}, {}}).program_exists);
  EXPECT_FALSE(look_again(Execute{{"/no/such"}, {}, {}}).program_exists);
  EXPECT_FALSE(look_again(Execute{{}, {}, {}}).program_exists);
  EXPECT_TRUE(look_again(MakeDirectory{"/no/such"}).source_exists);
}

}  // namespace
}  // namespace berth::enter
