// SPDX-License-Identifier: Apache-2.0
// Programs that are run as hooks: what they get, how long they have, and whose they have to be.
#include "hooks/run/program.h"
#include "hooks/standing.h"
#include "hooks/trust.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using End = Outcome::End;

Program shell(const std::string& script, unsigned seconds = 20) {
  Program program{"/bin/sh"};
  program.words = {"sh", "-c", script};
  program.variables = {"PATH=/usr/bin:/bin", "A=b"};
  program.seconds = seconds;
  return program;
}

TEST(RunProgram, GivesItItsInputAndVariablesAndNoOthers) {
  ASSERT_EQ(::setenv("LD_DEBUG", "libs", 1), 0);  // NOLINT(concurrency-mt-unsafe): one thread
  Program program = shell("cat; env | sort; echo complaint >&2; pwd");
  program.input = "in\n";
  const Outcome outcome = run_program(program);
  ::unsetenv("LD_DEBUG");  // NOLINT(concurrency-mt-unsafe): one thread
  EXPECT_TRUE(outcome.is_good());
  EXPECT_EQ(outcome.output, "in\nA=b\nPATH=/usr/bin:/bin\nPWD=/\n/\n");
  EXPECT_EQ(outcome.errors, "complaint\n");
}

TEST(RunProgram, SaysHowItEnded) {
  const auto why = [](const Program& program) {
    return reason_of(run_program(program), program.seconds);
  };
  EXPECT_EQ(why(shell("echo first >&2; echo last >&2; echo >&2; exit 3")), "it ended with 3: last");
  EXPECT_EQ(why(shell("kill -9 $$")), "signal 9 ended it");
  EXPECT_EQ(why(shell("printf 'a\\033b' >&2; exit 1")), "it ended with 1: a\\x1bb");
  Program none = shell("");
  none.path = "/no/such/program";
  EXPECT_EQ(why(none), "it cannot be started: No such file or directory");
}

TEST(RunProgram, KillsItsGroupWhenItsTimeIsOver) {
  const auto begin = std::chrono::steady_clock::now();
  Program program = shell("sleep 100 & echo $!; sleep 100", 1);
  const Outcome outcome = run_program(program);
  EXPECT_EQ(outcome.end, End::late);
  EXPECT_EQ(reason_of(outcome, 1), "it was killed after 1 second");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  const pid_t left = std::stoi(outcome.output);
  ASSERT_GT(left, 1);
  for (int tries = 0; tries < 100 && ::kill(left, 0) == 0; ++tries) {
    // An orphan that is dead may wait for a slow init; it is no process any more then.
    std::ifstream file("/proc/" + std::to_string(left) + "/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    if (stat.find(") Z ") != stat.npos) return;
    ::usleep(20000);
  }
  EXPECT_NE(::kill(left, 0), 0);
}

TEST(RunProgram, BoundsWhatItWrites) {
  Program program = shell("yes");
  program.most_output = 100'000;
  const Outcome outcome = run_program(program);
  EXPECT_EQ(outcome.end, End::too_long);
  EXPECT_LE(outcome.output.size(), 100'001U);
  EXPECT_LE(run_program(shell("yes >&2 & sleep 1; kill $!")).errors.size(), 16384U);
}

TEST(RunProgram, NoticesAByteTooMuchEvenWhenItHasEnded) {
  // A pipe takes it all at once, and it ends before we look.
  Program program = shell("head -c 60000 /dev/zero");
  program.most_output = 60000;
  EXPECT_TRUE(run_program(program).is_good());
  program.most_output = 59999;
  for (int times = 0; times < 20; ++times) {
    const Outcome outcome = run_program(program);
    EXPECT_EQ(outcome.end, End::too_long);
    EXPECT_LE(outcome.output.size(), 60000U);
  }
}

TEST(RunProgram, DropsWhatIsTooMuchWhereThatIsWanted) {
  Program program = shell("head -c 1000000 /dev/zero; echo last >&2");
  program.is_cut = true;
  const Outcome outcome = run_program(program);
  EXPECT_TRUE(outcome.is_good());
  EXPECT_EQ(outcome.output.size(), program.most_output);
  EXPECT_EQ(outcome.errors, "last\n");
}

TEST(RunProgram, HasTheTimeThatItIsGiven) {
  for (const unsigned seconds : {3'000'000U, 0xffff'ffffU})
    EXPECT_TRUE(run_program(shell("sleep 0.05", seconds)).is_good()) << seconds;
}

TEST(RunProgram, WaitsForItAndNotForWhatItLeaves) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_program(shell("sleep 60 & echo done; echo $! >&2")).output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(RunProgram, EndsItWhenNobodyWaitsAnyMore) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  Program program = shell("sleep 100");
  program.caller = ends[0];
  ::close(ends[1]);
  EXPECT_EQ(run_program(program).end, End::abandoned);
  ::close(ends[0]);
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  program.caller = ends[1];
  ::close(ends[0]);
  EXPECT_EQ(run_program(program).end, End::abandoned);
  ::close(ends[1]);
}

TEST(RunProgram, EndsItWhenItIsToldTo) {
  const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  Program program = shell("sleep 100");
  program.stop = stop.get();
  EXPECT_EQ(run_program(program).end, End::abandoned);
}

TEST(RunProgram, ItDoesNotOutliveWhoRunsIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t runner = ::fork();
  if (runner == 0) {
    Program program = shell("echo begun >&3; exec sleep 100");
    ::dup2(ends[1], 3);
    (void)run_program(program);
    ::_exit(0);
  }
  ::close(ends[1]);
  char letter = 0;
  ASSERT_EQ(::read(ends[0], &letter, 1), 1);
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  // The end comes when nobody holds the pipe any more.
  pollfd source{ends[0], 0, 0};
  EXPECT_EQ(::poll(&source, 1, 20000), 1);
  ::close(ends[0]);
}

TEST(LastLine, HasWordsAndABound) {
  EXPECT_EQ(last_line("a\nb c\n \n\n"), "b c");
  EXPECT_EQ(last_line("\n"), "");
  EXPECT_EQ(last_line(std::string(1000, 'x')).size(), 300U);
}

class Trust : public testing::Test {
 protected:
  Trust() {
    std::string pattern = testing::TempDir() + "berth-trust-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ + "/d");
    ::chmod((folder_ + "/d").c_str(), 0755);
    std::ofstream(folder_ + "/d/h") << "#!/bin/sh\necho \"$@\"\n";
    ::chmod((folder_ + "/d/h").c_str(), 0755);
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string open(const std::string& path) const {
    const auto file = open_trusted_program(folder_ + path, ::getuid());
    return file ? "open" : file.error().goal;
  }

  std::string folder_;
};

TEST_F(Trust, AProgramIsRunByItsDescriptor) {
  const auto file = open_trusted_program(folder_ + "/d/h", ::getuid());
  ASSERT_TRUE(file);
  std::filesystem::rename(folder_ + "/d/h", folder_ + "/d/other");
  Program program = shell("");
  program.path = folder_ + "/d/h";
  program.file = file->get();
  program.words = {"h", "one", "two"};
  EXPECT_EQ(run_program(program).output, "one two\n");
}

TEST_F(Trust, NobodyElseMayBeAbleToWriteIt) {
  EXPECT_EQ(open("/d/h"), "open");
  const std::string refused = "run '" + folder_ + "/d/h': others can write '" + folder_;
  for (const mode_t mode : {0775U, 0757U, 01777U}) {
    ::chmod((folder_ + "/d").c_str(), mode);
    EXPECT_EQ(open("/d/h"), refused + "/d'");
  }
  ::chmod((folder_ + "/d").c_str(), 0755);
  ::chmod((folder_ + "/d/h").c_str(), 0775);
  EXPECT_EQ(open("/d/h"), refused + "/d/h'");
  ::chmod((folder_ + "/d/h").c_str(), 0755);
  ::chmod(folder_.c_str(), 0777);
  EXPECT_EQ(open("/d/h"), refused + "'");
  ::chmod(folder_.c_str(), 01777);
  EXPECT_EQ(open("/d/h"), "open");
  // A link of the user's in a sticky directory is as good as his file; that of others is not.
  std::filesystem::create_symlink(folder_ + "/d/h", folder_ + "/link");
  EXPECT_EQ(open("/link"), "open");
  ::chmod((folder_ + "/d").c_str(), 0775);
  EXPECT_NE(open("/link"), "open");
}

TEST_F(Trust, LinksAreFollowedOneByOne) {
  std::filesystem::create_directory(folder_ + "/open");
  std::filesystem::create_symlink("../d", folder_ + "/open/d");
  std::filesystem::create_symlink("open/d/h", folder_ + "/h");
  ::chmod((folder_ + "/open").c_str(), 0755);
  EXPECT_EQ(open("/h"), "open");
  EXPECT_EQ(open("/open/d/../d/./h"), "open");
  // What it leads to is good, but others can let it lead elsewhere.
  ::chmod((folder_ + "/open").c_str(), 0777);
  for (const char* path : {"/h", "/open/d/h"})
    EXPECT_EQ(open(path), "run '" + folder_ + path + "': others can write '" + folder_ + "/open'");
  ::chmod((folder_ + "/open").c_str(), 01777);
  EXPECT_EQ(open("/h"), "open");
  if (::getuid() == 0) {
    ASSERT_EQ(::lchown((folder_ + "/open/d").c_str(), 4711, 0), 0);
    EXPECT_EQ(open("/h"), "run '" + folder_ + "/h': others can write '" + folder_ + "/open/d'");
  }
  std::filesystem::create_symlink("round", folder_ + "/round");
  EXPECT_NE(open("/round"), "open");
}

TEST_F(Trust, OfSomebodyElseItIsNot) {
  const auto file = open_trusted_program(folder_ + "/d/h", ::getuid() + 1);
  if (::getuid() == 0) {
    ASSERT_TRUE(file);  // root's is everybody's
    ASSERT_EQ(::chown((folder_ + "/d/h").c_str(), 4711, 0), 0);
    EXPECT_FALSE(open_trusted_program(folder_ + "/d/h", 4712));
    EXPECT_TRUE(open_trusted_program(folder_ + "/d/h", 4711));
  } else {
    EXPECT_FALSE(file);
  }
}

TEST_F(Trust, ItHasToBeAProgram) {
  EXPECT_NE(open("/d"), "open");
  EXPECT_NE(open("/none"), "open");
  ::chmod((folder_ + "/d/h").c_str(), 0644);
  EXPECT_EQ(open("/d/h"), "run '" + folder_ + "/d/h': it is not executable");
}

TEST(Standing, IsReadAsItWasWritten) {
  const Standing standing{
      "box",
      "/tmp",
      {{"a", "b=c"}, {"x y", "\n"}},
      {{Stage::poststop, "/h", {"h"}, {"A=b"}, 7, "f"}, {Stage::prestart, "/i"}},
      true,
      false};
  const auto again = parse_standing(to_text(standing));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, standing);
  for (const char* bad : {"", "{}", "[]", R"({"id": 1})"})
    EXPECT_FALSE(parse_standing(bad)) << bad;
}

}  // namespace
}  // namespace berth::hooks
