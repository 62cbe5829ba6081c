// SPDX-License-Identifier: Apache-2.0
// What is written down of containers, and that nothing of it is believed unseen.
#include "base/file.h"
#include "launcher/state/directory.h"
#include "launcher/state/look.h"
#include "launcher/state/monitor.h"
#include "launcher/state/name.h"
#include "launcher/state/record.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::state {
namespace {

using Texts = std::vector<std::string>;

TEST(Name, IsOneThatAFileCanHaveAnywhere) {
  for (const std::string& good : Texts{"a", "7", "solver-1", "A.b_c-d", std::string(100, 'x')})
    EXPECT_TRUE(is_name(good)) << good;
  for (const std::string bad :
       {"", ".", "..", "../x", "a/b", "-a", ".a", "_a", "a b", "a\n", "\xc3\xa9"})
    EXPECT_FALSE(is_name(bad)) << bad;
  EXPECT_FALSE(is_name(std::string(101, 'x')));
  EXPECT_FALSE(is_name(std::string_view("a\0b", 3)));
  EXPECT_EQ(to_text(check_name("../x").error()),
            "berth: cannot call a container '../x'\n"
            "berth: hint: a name has up to 100 letters, digits, '_', '.' and '-', and begins with "
            "one of the first two");
}

TEST(Name, IsMadeOfWhatAnImageIsCalled) {
  EXPECT_EQ(made_name("/data/img.sqsh", 1), "img-1");
  EXPECT_EQ(made_name("solver", 12), "solver-12");
  EXPECT_EQ(made_name("base.sqsh+tools.sqsh", 2), "base.sqshtools-2");
  for (const std::string& odd : Texts{"", "/", "...", "\xc3\xa9", "../..", std::string(300, 'x')})
    EXPECT_TRUE(is_name(made_name(odd, 4'000'000'000))) << odd;
}

TEST(Stat, IsReadAlsoWhereAProcessCallsItselfNastily) {
  const std::string fields = " S 4 5 6 7 8 9 10 11 12 13 100 20 16 17 18 19 20 21 4242 23 77 25 26";
  for (const std::string name : {"sh", "a b", ") S 1 1", "(", ")", ""}) {
    std::string text = "33 (";
    text.append(name).append(")").append(fields);
    const auto stat = parse_stat(text);
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->name, name);
    EXPECT_EQ(stat->id, (ProcessId{33, 4242}));
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->parent, 4);
    EXPECT_EQ(stat->ticks, 120U);
    EXPECT_EQ(stat->pages, 77U);
  }
  const std::string whole = "33 (sh)" + fields;
  for (const std::string bad : {"", "33", "33 (sh", "(sh)", "x (sh) S", "33 (sh)", "33 (sh) "})
    EXPECT_FALSE(parse_stat(bad)) << bad;
  EXPECT_FALSE(parse_stat(whole.substr(0, 30)));
}

/// With each field other than it is by itself.
Record full_record() {
  Record record;
  record.name = "box";
  record.key = "0123";
  record.node = "n1";
  record.boot = "b-1";
  record.pids = 4026531836;
  record.image = "/data/\xff\x80 img.sqsh";
  record.command = {"sh", "-c", "echo '\"\\\n\t\x01'"};
  record.created = 1'700'000'000;
  record.is_detached = true;
  record.monitor = {10, 11};
  record.launcher = {12, 13};
  record.program = {14, UINT64_MAX};
  record.inodes = {{"mnt", 15}, {"user", 16}};
  record.stop_signal = SIGINT;
  record.stop_timeout = 0;
  record.entry.namespaces = CLONE_NEWUSER | CLONE_NEWNS;
  record.entry.workdir = "/w\xe9";
  record.entry.may_lack_workdir = true;
  record.entry.kept = 1ULL << 40;
  record.entry.environment = {"A=b", "B=\x80\xff", "C="};
  record.entry.limits = {{7, 10, UINT64_MAX}};
  record.entry.umask = 027;
  record.entry.profile = "default";
  record.entry.filter = {{0x20, 0, 0, 4}, {0xffff, 255, 254, 0xfffffffe}};
  record.ended = Ended{143, 1'700'000'001};
  return record;
}

TEST(Record, ComesBackAsItWasWithAnyBytes) {
  const Record record = full_record();
  const std::string text = to_text(record);
  const auto again = parse_record(text, "box");
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(to_text(*again), text);
  EXPECT_EQ(again->image, record.image);
  EXPECT_EQ(again->command, record.command);
  EXPECT_EQ(again->entry.environment, record.entry.environment);
  EXPECT_EQ(again->entry.umask, record.entry.umask);
  EXPECT_EQ(again->entry.kept, record.entry.kept);
  EXPECT_EQ(again->entry.limits, record.entry.limits);
  EXPECT_EQ(again->program, record.program);
  EXPECT_EQ(again->inodes, record.inodes);
  EXPECT_EQ(again->entry.filter[1].k, 0xfffffffeU);
  EXPECT_EQ(again->entry.filter[1].jf, 254);
  EXPECT_EQ(again->ended->status, 143);
}

TEST(Record, IsRefusedWhereverItIsCutOff) {
  const std::string text = to_text(full_record());
  for (std::size_t size = 0; size + 2 < text.size(); ++size)
    EXPECT_FALSE(parse_record(text.substr(0, size), "box")) << size;
}

TEST(Record, IsRefusedWithAnotherName) {
  const auto other = parse_record(to_text(full_record()), "other");
  ASSERT_FALSE(other);
  EXPECT_EQ(to_text(other.error()),
            "berth: cannot use the record of the container 'other': it is damaged\n"
            "berth: hint: remove it: berth rm 'other'");
}

/// `text` with `from` once replaced.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Record, IsRefusedWhereAFieldIsMissingOrOfAnotherKind) {
  const std::string text = to_text(full_record());
  for (const std::string field : {"version",
                                  "name",
                                  "key",
                                  "node",
                                  "boot",
                                  "pids",
                                  "image",
                                  "command",
                                  "created",
                                  "detached",
                                  "monitor",
                                  "launcher",
                                  "program",
                                  "inodes",
                                  "stop_signal",
                                  "stop_timeout",
                                  "entry",
                                  "pid",
                                  "start",
                                  "namespaces",
                                  "workdir",
                                  "capabilities",
                                  "may_lack_workdir",
                                  "environment",
                                  "limits",
                                  "profile",
                                  "filter",
                                  "status"})
    EXPECT_FALSE(parse_record(with(text, "\"" + field + "\"", "\"x\""), "box")) << field;
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"\"pid\":14", "\"pid\":-14"},
      {"\"pid\":14", "\"pid\":1"},
      {"\"pid\":14", "\"pid\":4294967310"},
      {"\"pid\":14", "\"pid\":1.5"},
      {"\"pid\":14", "\"pid\":\"14\""},
      {"\"pid\":14", "\"pid\":null"},
      {"\"pid\":10", "\"pid\":1"},
      {"\"start\":11", "\"start\":-1"},
      {"\"version\":1", "\"version\":2"},
      {"\"stop_signal\":2", "\"stop_signal\":0"},
      {"\"stop_signal\":2", "\"stop_signal\":65"},
      {"\"detached\":true", "\"detached\":1"},
      {"[\"sh\"", "[7"},
      {"[\"sh\"", "[\"\\u0000\""},
      {"[\"sh\"", "[\"\\u20ac\""},
      {"{\"mnt\":15", "{\"mnt\":\"15\""},
      {"[[7,10", "[[7"},
      {"[[7,10", "[[7,10,1"},
      {"\"umask\":23", "\"umask\":-1"}};
  for (const auto& [from, to] : changes)
    EXPECT_FALSE(parse_record(with(text, from, to), "box")) << to;
  for (const std::string other : {"null", "[]", "7", "{}", "\"box\"", "{\"version\":1}"})
    EXPECT_FALSE(parse_record(other, "box")) << other;
}

TEST(Namespaces, AreNamedInTheOrderInWhichTheyAreEntered) {
  EXPECT_EQ(namespace_files(CLONE_NEWUSER | CLONE_NEWNS), (Texts{"user", "mnt"}));
  EXPECT_EQ(namespace_files(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWTIME),
            (Texts{"user", "pid", "time", "mnt"}));
}

/// A folder of the test's own, in the places where a system has its own.
class InPlaces : public testing::Test {
 protected:
  InPlaces() {
    std::string pattern = testing::TempDir() + "berth-state-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ + "/run");
    std::filesystem::permissions(folder_ + "/run", std::filesystem::perms::owner_all);
    std::filesystem::create_directory(folder_ + "/tmp");
    places_.runtime_dir = folder_ + "/run";
    places_.run_user = folder_ + "/none";
    places_.temporary = folder_ + "/tmp";
    here_ = look_here();
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  Directory make() {
    auto directory = Directory::open_or_make(places_);
    EXPECT_TRUE(directory) << to_text(directory.error());
    return directory ? std::move(*directory) : Directory();
  }

  std::string refusal() {
    const auto directory = Directory::open_or_make(places_);
    return directory ? "accepted" : sentence_of(directory.error());
  }

  [[nodiscard]] std::string lacking() const {
    return folder_ + "/tmp/berth-" + std::to_string(::geteuid());
  }

  std::string folder_;
  Places places_;
  Here here_;
};

TEST_F(InPlaces, TheDirectoryIsInTheUsersRuntimeDirectoryOrTheNextBest) {
  EXPECT_FALSE(Directory::open(places_)->is_open());
  EXPECT_EQ(make().path(), folder_ + "/run/berth");
  EXPECT_EQ(std::filesystem::status(folder_ + "/run/berth").permissions(),
            std::filesystem::perms::owner_all);
  places_.runtime_dir = folder_ + "/missing";
  EXPECT_EQ(make().path(), lacking());
  places_.runtime_dir = "relative";
  EXPECT_EQ(make().path(), lacking());
  places_.run_user = folder_;
  std::filesystem::rename(folder_ + "/run", folder_ + "/" + std::to_string(::geteuid()));
  EXPECT_EQ(make().path(), folder_ + "/" + std::to_string(::geteuid()) + "/berth");
}

TEST_F(InPlaces, ADirectoryThatOthersMayHaveMadeOrWrittenIsRefused) {
  places_.runtime_dir.clear();
  const std::string begin = "cannot keep what is known of containers in '" + lacking() + "': ";
  std::filesystem::create_directory(folder_ + "/elsewhere");
  std::filesystem::create_symlink(folder_ + "/elsewhere", lacking());
  EXPECT_EQ(refusal(), begin + "it is a link or a file");
  std::filesystem::remove(lacking());
  std::ofstream(lacking()) << "text";
  EXPECT_EQ(refusal(), begin + "it is a link or a file");
  std::filesystem::remove(lacking());
  for (const mode_t mode : {0770U, 0707U, 0750U, 0701U, 01777U}) {
    ASSERT_EQ(::mkdir(lacking().c_str(), 0700), 0);
    ASSERT_EQ(::chmod(lacking().c_str(), mode), 0);
    EXPECT_EQ(refusal(), begin + "others may write there") << mode;
    std::filesystem::remove(lacking());
  }
  places_.runtime_dir = folder_ + "/run";
  ASSERT_EQ(::chmod(places_.runtime_dir.c_str(), 0777), 0);
  EXPECT_EQ(refusal(),
            "cannot keep what is known of containers in '" + places_.runtime_dir +
                "': others may write there");
}

TEST_F(InPlaces, ADirectoryOfSomebodyElseIsRefused) {
  constexpr uid_t kOther = 12345;
  places_.runtime_dir = "/";  // root's
  if (::geteuid() == 0) {
    places_.runtime_dir = folder_ + "/run";
    ASSERT_EQ(::chown(places_.runtime_dir.c_str(), kOther, kOther), 0);
  }
  EXPECT_EQ(refusal(),
            "cannot keep what is known of containers in '" + places_.runtime_dir +
                "': it belongs to somebody else");
}

TEST_F(InPlaces, ARecordIsAddedOnceReplacedByItsKeyAndRemovedWithItsDirectory) {
  const Directory directory = make();
  Record record = new_record("box", here_);
  ASSERT_TRUE(directory.add(record));
  EXPECT_EQ(directory.add(record).error().refusal->number, EEXIST);
  EXPECT_EQ(directory.names(), Texts{"box"});
  record.image = "other";
  ASSERT_TRUE(directory.replace(record));
  EXPECT_EQ(directory.read("box")->image, "other");
  Record later = new_record("box", here_);
  EXPECT_NE(later.key, record.key);
  ASSERT_TRUE(directory.replace(later));
  EXPECT_EQ(directory.read("box")->key, record.key) << "it is not that container's";
  directory.remove("box", later.key);
  EXPECT_EQ(directory.names(), Texts{"box"});

  struct stat info {};

  ASSERT_EQ(::stat((directory.path() + "/box.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  directory.remove("box", record.key);
  EXPECT_FALSE(std::filesystem::exists(directory.path()));
}

TEST_F(InPlaces, WhatIsNoRecordIsNamedAndCanBeRemoved) {
  const Directory directory = make();
  std::ofstream(directory.path() + "/cut.json") << "{\"version\":1,";
  std::filesystem::create_directory(directory.path() + "/folder.json");
  ASSERT_EQ(::mkfifo((directory.path() + "/pipe.json").c_str(), 0600), 0);
  std::ofstream(directory.path() + "/.hidden.json") << "";
  const Listing listing = look_at_all(directory);
  EXPECT_EQ(listing.containers.size(), 0U);
  EXPECT_EQ(listing.damaged.size(), 3U);
  EXPECT_EQ(sentence_of(find(directory, "pipe").error()),
            "cannot use the record of the container 'pipe': it is damaged");
  EXPECT_TRUE(directory.remove_damaged("cut"));
  EXPECT_TRUE(directory.remove_damaged("pipe"));
  EXPECT_FALSE(directory.remove_damaged("missing"));
  EXPECT_EQ(directory.names(), Texts{"folder"});
}

/// A process that stays until it is killed.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ != 0) return;
    (void)::close_range(3, ~0U, 0);  // it holds no line of the test's open
    ::pause();
    ::_exit(0);
  }

  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  Sleeper(Sleeper&&) = delete;
  Sleeper& operator=(Sleeper&&) = delete;

  ~Sleeper() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }

  [[nodiscard]] ProcessId id() const { return Process::open(pid_).id(); }

  void end() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

class Looking : public InPlaces {
 protected:
  /// Of a container that runs, as far as the record knows.
  Record running(const Sleeper& program) {
    Record record = new_record("box", here_);
    record.is_detached = true;
    record.program = record.launcher = program.id();
    return record;
  }

  State state_of(const Record& record) { return look_at(record, here_).state; }
};

TEST_F(Looking, AProcessIsToldByItsStart) {
  Sleeper program;
  Record record = running(program);
  EXPECT_EQ(state_of(record), State::running);
  record.monitor = {};
  EXPECT_EQ(state_of(record), State::running);
  record.program.start -= 1;
  EXPECT_EQ(state_of(record), State::gone) << "another process has the number now";
  record.program = {program.pid(), 0};
  EXPECT_EQ(state_of(record), State::gone);
}

TEST_F(Looking, WhatItSaysOfAnotherBootNodeOrPidNamespaceIsNotBelieved) {
  Sleeper program;
  Record record = running(program);
  record.boot = "another";
  EXPECT_EQ(state_of(record), State::gone);
  EXPECT_FALSE(look_at(record, here_).program.lives());
  record.pids = 1;
  EXPECT_EQ(state_of(record), State::gone);
  record.boot = here_.boot;
  EXPECT_EQ(state_of(record), State::elsewhere);
  record.node = "another";
  record.pids = here_.pids;
  EXPECT_EQ(state_of(record), State::elsewhere);
  EXPECT_FALSE(look_at(record, here_).program.lives());
  record.boot = "another";
  EXPECT_EQ(state_of(record), State::elsewhere) << "nodes may share the directory";
  const Directory directory = make();
  ASSERT_TRUE(directory.add(record));
  EXPECT_EQ(look_at_all(directory).containers.size(), 1U);
  EXPECT_EQ(directory.names(), Texts{"box"});
}

TEST_F(Looking, AStoppedProgramIsPausedAndOneThatHasEndedIsStopped) {
  Sleeper program;
  Record record = running(program);
  const Process process = Process::find(record.program);
  ASSERT_EQ(process.signal(SIGSTOP), 0);
  ASSERT_EQ(::waitpid(program.pid(), nullptr, WUNTRACED), program.pid());
  EXPECT_EQ(state_of(record), State::paused);
  program.end();
  EXPECT_EQ(process.signal(SIGCONT), ESRCH);
  EXPECT_TRUE(process.await_end(0));
  EXPECT_EQ(state_of(record), State::stopped) << "its monitor lives and is about to write so";
  record.is_detached = false;
  EXPECT_EQ(state_of(record), State::gone);
  record.is_detached = true;
  record.monitor = {};
  EXPECT_EQ(state_of(record), State::gone);
  record.ended = Ended{0, 0};
  EXPECT_EQ(state_of(record), State::stopped);
}

TEST_F(Looking, WhatIsGoneIsRemovedByWhoeverLooks) {
  const Directory directory = make();
  Sleeper program;
  Record record = running(program);
  record.monitor = {};
  ASSERT_TRUE(directory.add(record));
  ASSERT_TRUE(directory.make_log("box"));
  EXPECT_TRUE(find(directory, "box"));
  program.end();
  EXPECT_EQ(sentence_of(find(directory, "box").error()), "cannot find a container 'box'");
  EXPECT_FALSE(std::filesystem::exists(directory.path()));
}

TEST_F(Looking, ANameIsFoundByItsBeginningIfThatIsOnlyItsOwn) {
  Directory directory = make();
  for (const std::string name : {"solver", "solver-1", "solver-2", "web"})
    ASSERT_TRUE(directory.add(new_record(name, here_)));
  EXPECT_EQ(find(directory, "solver")->record.name, "solver");
  EXPECT_EQ(find(directory, "w")->record.name, "web");
  EXPECT_EQ(to_text(find(directory, "solver-").error()),
            "berth: cannot tell which container 'solver-' is: 'solver-1' and 'solver-2' begin so\n"
            "berth: hint: write the whole name");
  EXPECT_EQ(to_text(find(directory, "sovler").error()),
            "berth: cannot find a container 'sovler'\n"
            "berth: hint: did you mean solver?");
  for (const std::string odd : {"", "../box", "x", ".", "web.json"})
    EXPECT_EQ(to_text(find(directory, odd).error()),
              "berth: cannot find a container '" + odd +
                  "'\nberth: hint: see berth ps for those there are");
}

TEST_F(Looking, ANameIsTakenUntilItsContainerIsGoneOrRemoved) {
  Directory directory = make();
  Sleeper program;
  Record record = running(program);
  ASSERT_TRUE(claim(directory, record));
  EXPECT_EQ(to_text(claim(directory, new_record("box", here_)).error()),
            "berth: cannot call a container 'box': there is one of that name, running\n"
            "berth: hint: choose another name, or end it: berth rm --force box");
  record.ended = Ended{0, 0};
  ASSERT_TRUE(directory.replace(record));
  EXPECT_EQ(to_text(claim(directory, new_record("box", here_)).error()),
            "berth: cannot call a container 'box': there is one of that name, stopped\n"
            "berth: hint: remove it: berth rm box");
  record.ended.reset();
  record.monitor = {};
  ASSERT_TRUE(directory.replace(record));
  program.end();
  const Status again = claim(directory, new_record("box", here_));
  EXPECT_TRUE(again) << to_text(again.error());
}

/// A launch, as its monitor sees it.
class Monitoring : public Looking {
 protected:
  void SetUp() override {
    directory_ = make();
    record_ = new_record("box", here_);
    record_.is_detached = true;
    ASSERT_TRUE(claim(directory_, record_));
    auto line = make_line();
    ASSERT_TRUE(line);
    line_ = std::move(*line);
  }

  Monitor monitor_of(pid_t launcher) {
    return {directory_, record_, std::move(line_.monitors), launcher};
  }

  Directory directory_;
  Record record_;
  Line line_;
};

TEST_F(Monitoring, ALaunchThatFailsLeavesNothing) {
  Sleeper launcher;
  Monitor monitor = monitor_of(launcher.pid());
  tell_failure(line_.launchs.get(), 126);
  line_.launchs.reset();
  EXPECT_EQ(monitor.await_program(), 126);
  EXPECT_FALSE(std::filesystem::exists(directory_.path()));
}

TEST_F(Monitoring, ALaunchThatIsKilledLeavesNothing) {
  Sleeper launcher;
  Monitor monitor = monitor_of(launcher.pid());
  line_.launchs.reset();
  EXPECT_EQ(monitor.await_program(), 125);
  EXPECT_FALSE(std::filesystem::exists(directory_.path()));
}

TEST_F(Monitoring, WhoSaysThatHeIsTheProgramIsAskedOfTheKernel) {
  const pid_t child = ::fork();
  if (child == 0) {
    const char word = kProgramWord;
    (void)::send(line_.launchs.get(), &word, 1, MSG_NOSIGNAL);
    (void)::close(line_.launchs.get());
    ::pause();
    ::_exit(0);
  }
  line_.launchs.reset();
  const ProcessId id = Process::open(child).id();
  Monitor monitor = monitor_of(child);
  EXPECT_EQ(monitor.await_program(), std::nullopt);
  auto now = directory_.read("box");
  ASSERT_TRUE(now);
  EXPECT_EQ(now->program, id);
  EXPECT_EQ(now->launcher, id);
  ASSERT_EQ(::kill(child, SIGTERM), 0);
  monitor.await_child();
  now = directory_.read("box");
  ASSERT_TRUE(now && now->ended);
  EXPECT_EQ(now->ended->status, 128 + SIGTERM);
}

}  // namespace
}  // namespace berth::state
