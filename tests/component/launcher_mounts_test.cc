// SPDX-License-Identifier: Apache-2.0
// Steps on the real kernel, by an ordinary user: over a plain directory in the place of a served
// image, which may be as hostile as it likes.
#include "base/fd.h"
#include "base/text.h"
#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/enter/linux_process.h"
#include "tests/component/launcher_child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

using Steps = std::vector<Step>;
using tests::in_child;

std::string map_line() {
  const std::string uid = std::to_string(::getuid());
  return uid + " " + uid + " 1\n";
}

std::string gid_line() {
  const std::string gid = std::to_string(::getgid());
  return gid + " " + gid + " 1\n";
}

/// Carries steps out here; empty, or the sentence that a person would read.
std::string carried(const Steps& steps, int image = -1) {
  LinuxMounts mounts(-1, image);
  LinuxProcess process(-1, {});
  Kernel kernel{mounts, process};
  const auto stumble = carry_out(steps, {}, kernel);
  return stumble ? sentence_of(explain(*stumble, steps, {})) : "";
}

std::string errno_name(bool worked) {
  return worked ? "done" : ::strerrorname_np(errno);
}

std::string write_to(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return errno_name(fd.is_open() && ::write(fd.get(), "new", 3) == 3);
}

std::string text_in(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text, '\0');
  return file.is_open() ? text : "missing";
}

/// A host with an image directory, something to bind, and something that nobody may touch.
class Attaching : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = tests::why_no_namespaces(); !why.empty()) BERTH_SKIP_OR_FAIL(why);
    for (const char* folder : {"image/etc", "shared/sub", "outside", "base"})
      (void)host_.make(folder);
    host_.write("image/etc/motd", "of the image");
    host_.write("shared/file", "of the host");
    host_.write("outside/secret", "untouched");
    base_ = host_.path() + "/base";
    root_ = base_ + "/root";
    shared_ = host_.path() + "/shared";
  }

  /// The steps of a plan up to and with the overlay, with `taken` held in slots from 0.
  [[nodiscard]] Steps built(const std::vector<TakeTree>& taken = {}) const {
    Steps steps = namespaces();
    steps.insert(steps.end(), taken.begin(), taken.end());
    steps.push_back(MountScratch{base_, 1 << 20});
    for (const char* name : {"/upper", "/work", "/root"})
      steps.push_back(MakeDirectory{base_ + name});
    steps.push_back(MountOverlay{"lowerdir=" + host_.path() + "/image,upperdir=" + base_ +
                                     "/upper,workdir=" + base_ + "/work,userxattr",
                                 root_});
    return steps;
  }

  [[nodiscard]] static Steps namespaces() {
    return {EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS},
            WriteFile{"/proc/self/setgroups", "deny"},
            WriteFile{"/proc/self/uid_map", map_line()},
            WriteFile{"/proc/self/gid_map", gid_line()},
            KeepMountsInside{}};
  }

  [[nodiscard]] TakeTree shared(unsigned slot = 0, const MountFlags& flags = {}) const {
    return {shared_, slot, flags};
  }

  tests::OwnFolder host_;
  std::string base_;
  std::string root_;
  std::string shared_;
};

template <class... More>
Steps with(Steps steps, More... more) {
  (steps.push_back(more), ...);
  return steps;
}

TEST_F(Attaching, MakesMissingPlacesInTheOverlayAlone) {
  const std::string before = tests::tree_of(host_.path());
  const std::string answer = in_child([&] {
    const std::string trouble = carried(with(built({shared(), {shared_ + "/file", 1}}),
                                             AttachTree{0, shared_, "/a/b/c"},
                                             AttachTree{1, shared_ + "/file", "/etc/new/file"}));
    return trouble + text_in(root_ + "/a/b/c/file") + ", " + text_in(root_ + "/etc/new/file") +
           ", " + text_in(root_ + "/etc/motd");
  });
  EXPECT_EQ(answer, "of the host, of the host, of the image");
  EXPECT_EQ(tests::tree_of(host_.path()), before);
}

/// What one sees of a path from outside its file system.
std::string look_of(const std::string& path) {
  struct stat info {};

  if (::lstat(path.c_str(), &info) != 0) return errno_name(false);
  char mode[16];
  (void)std::snprintf(mode, sizeof mode, "%o", info.st_mode);
  return std::string(mode) + " " + std::to_string(info.st_mtime);
}

TEST_F(Attaching, LaysStartFilesAboveTheImageWithTheirModesAndTimes) {
  (void)host_.make("image/lib");
  host_.write("image/lib/other", "of the image");
  host_.write("image/lib/libc", "never read");
  host_.write("image.sqsh", "xxxthe library");
  const UniqueFd image(::open((host_.path() + "/image.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string before = tests::tree_of(host_.path());
  const std::string answer = in_child([&] {
    Steps steps = built();
    steps.pop_back();
    steps.push_back(LayStartFiles{base_ + "/start",
                                  {{"lib", StartFile::Kind::directory, 0555, 1000, "", 0, 0},
                                   {"lib/libc", StartFile::Kind::file, 0751, 2000, "", 3, 11},
                                   {"lib64", StartFile::Kind::link, 0777, 3000, "lib", 0, 0}}});
    steps.push_back(MountOverlay{"lowerdir=" + base_ + "/start:" + host_.path() +
                                     "/image,upperdir=" + base_ + "/upper,workdir=" + base_ +
                                     "/work,userxattr",
                                 root_});
    const std::string trouble = carried(steps, image.get());
    return trouble + text_in(root_ + "/lib64/libc") + ", " + text_in(root_ + "/lib/other") + ", " +
           look_of(root_ + "/lib") + ", " + look_of(root_ + "/lib/libc") + ", " +
           look_of(root_ + "/lib64");
  });
  EXPECT_EQ(answer, "the library, of the image, 40555 1000, 100751 2000, 120777 3000");
  EXPECT_EQ(tests::tree_of(host_.path()), before);
}

/// Carries out what is built with one start file in it, of `size` bytes; what its layer has then.
std::string start_layer(Steps steps, const std::string& at, std::uint64_t size, int image) {
  const LayStartFiles start{at, {{"libc", StartFile::Kind::file, 0755, 0, "", 3, size}}};
  const std::string trouble = carried(with(std::move(steps), start), image);
  return trouble + text_in(at + "/libc");
}

TEST_F(Attaching, LeavesAStartFileOutThatTheImageHasNotWhole) {
  host_.write("image.sqsh", "xxxshort");
  const UniqueFd image(::open((host_.path() + "/image.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  const auto layer = [&](std::uint64_t size) {
    return in_child([&] { return start_layer(built(), base_ + "/start", size, image.get()); });
  };
  EXPECT_EQ(layer(5), "short");
  EXPECT_EQ(layer(6), "missing");
}

TEST_F(Attaching, LeavesAStartFileOutThatFindsNoRoomAndTheNextOneIsWhole) {
  const std::string large(3 << 20, 'y');
  host_.write("image.sqsh", large + "the next one");
  const UniqueFd image(::open((host_.path() + "/image.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string answer = in_child([&] {
    const LayStartFiles start{base_ + "/start",
                              {{"libc", StartFile::Kind::file, 0755, 0, "", 0, large.size()},
                               {"cache", StartFile::Kind::file, 0755, 0, "", large.size(), 12}}};
    const std::string trouble =
        carried(with(namespaces(), MountScratch{base_, 1 << 20}, start), image.get());
    return trouble + text_in(base_ + "/start/libc") + ", " + text_in(base_ + "/start/cache");
  });
  EXPECT_EQ(answer, "missing, the next one");
}

TEST_F(Attaching, LeavesAStartFileOutThatIsLargerThanOneMayWrite) {
  host_.write("image.sqsh", "xxx" + std::string(5000, 'y'));
  const UniqueFd image(::open((host_.path() + "/image.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string answer = in_child([&] {
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return errno_name(false);
    return start_layer(built(), base_ + "/start", 5000, image.get());
  });
  EXPECT_EQ(answer, "missing");
}

TEST_F(Attaching, LooksAheadForWhateverThereIsAndIsHeldUpByNothing) {
  (void)host_.make("image/bin/folder");
  ASSERT_EQ(::mkfifo((host_.path() + "/image/bin/fifo").c_str(), 0600), 0);
  host_.write("image/bin/closed", "x");
  ASSERT_EQ(::chmod((host_.path() + "/image/bin/closed").c_str(), 0), 0);
  ASSERT_EQ(::symlink("loop", (host_.path() + "/image/bin/loop").c_str()), 0);
  const std::string before = tests::tree_of(host_.path());
  const std::string answer = in_child([&] {
    Steps steps = built();
    for (const char* path :
         {"/bin/fifo", "/bin/folder", "/bin/closed", "/bin/loop", "/etc/motd", "/no", "x", "", "/"})
      steps.push_back(LookAhead{{"/not/there", path}, {"/etc/motd", path, "/etc/motd/x"}});
    const std::string trouble = carried(steps);
    return trouble + text_in(root_ + "/etc/motd");
  });
  EXPECT_EQ(answer, "of the image");
  EXPECT_EQ(tests::tree_of(host_.path()), before);
}

TEST_F(Attaching, LooksAheadWithoutOpeningWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((host_.path() + "/shared/fifo").c_str(), 0600), 0);
  const UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), shared_.c_str(), IN_OPEN), 0);
  const auto look_at = [&](const std::string& name) {
    return in_child([&] {
      return carried(with(built({shared()}),
                          AttachTree{0, shared_, "/shared"},
                          LookAhead{{"/shared/" + name}, {"/shared/" + name}}));
    });
  };
  std::array<char, 4096> events{};
  EXPECT_EQ(look_at("fifo"), "");
  EXPECT_EQ(::read(watch.get(), events.data(), events.size()), -1) << "something was opened";
  EXPECT_EQ(look_at("file"), "");
  EXPECT_GT(::read(watch.get(), events.data(), events.size()), 0) << "nobody watched";
}

TEST_F(Attaching, HidesWhatTheImageHasAtACoveredPlace) {
  const std::string answer = in_child([&] {
    Steps steps = built();
    steps.insert(steps.end() - 1, MakeDirectory{base_ + "/upper/etc", true});
    return carried(steps) + text_in(root_ + "/etc/motd");
  });
  // Before Linux 6.6 a tmpfs keeps no such mark, and nothing is hidden.
  EXPECT_TRUE(answer == "missing" || answer == "of the image") << answer;
}

TEST_F(Attaching, CoversWhatTheImageHas) {
  const std::string answer = in_child([&] {
    const std::string trouble =
        carried(with(built({{shared_ + "/file", 0}}), AttachTree{0, "", "/etc/motd"}));
    return trouble + text_in(root_ + "/etc/motd");
  });
  EXPECT_EQ(answer, "of the host");
}

TEST_F(Attaching, NeverMakesAPlaceThroughAnotherMount) {
  const std::string before = tests::tree_of(host_.path());
  const std::string answer = in_child([&] {
    return carried(with(built({shared(0), shared(1)}),
                        AttachTree{0, shared_, "/data"},
                        AttachTree{1, shared_, "/data/not/there"}));
  });
  EXPECT_EQ(answer,
            "cannot bind " + quote(shared_) +
                " to '/data/not/there': mkdir: Invalid cross-device link (EXDEV)");
  EXPECT_EQ(tests::tree_of(host_.path()), before);
}

TEST_F(Attaching, NeedsADirectoryForADirectory) {
  EXPECT_EQ(in_child([&] {
              return carried(with(built({shared()}), AttachTree{0, "/s", "/etc/motd"}));
            }),
            "cannot bind '/s' to '/etc/motd': move_mount: Not a directory (ENOTDIR)");
}

/// A link of the image, where something is to be attached, and what comes of it.
struct Trap {
  std::string link;
  std::string to;
  std::string answer;
};

TEST_F(Attaching, ALinkOfTheImageNeverLeadsOutside) {
  const std::string outside = host_.path() + "/outside";
  const std::string up = "../../../../../../../../..";
  const std::vector<Trap> traps = {
      {outside, "/trap/x", "mkdir: File exists (EEXIST)"},
      {outside, "/trap", "mkdir: File exists (EEXIST)"},
      {up + outside, "/trap/x", "mkdir: File exists (EEXIST)"},
      {"/no/such", "/trap", "mkdir: File exists (EEXIST)"},
      {"trap", "/trap/x", "openat2: Too many levels of symbolic links (ELOOP)"},
      {"etc/motd", "/trap/x", "openat2: Not a directory (ENOTDIR)"},
      // What leads back into the image is followed as the kernel follows it.
      {up, "/trap/inside", ""},
      {up + "/etc", "/trap/inside", ""},
      {"/etc", "/trap", ""}};
  for (const Trap& trap : traps) {
    SCOPED_TRACE(trap.link + " and " + trap.to);
    host_.link("image/trap", trap.link);
    const std::string before = tests::tree_of(host_.path());
    const std::string answer = in_child([&] {
      return carried(with(built({shared()}), AttachTree{0, "/s", trap.to}));
    });
    const std::string goal = "cannot bind '/s' to " + quote(trap.to) + ": ";
    EXPECT_EQ(answer, trap.answer.empty() ? "" : goal + trap.answer);
    EXPECT_EQ(tests::tree_of(host_.path()), before);
    std::filesystem::remove(host_.path() + "/image/trap");
  }
}

TEST_F(Attaching, ALinkThatLeadsBackIsFollowedInTheImage) {
  host_.link("image/trap", "../../../../etc");
  const std::string answer = in_child([&] {
    const std::string trouble = carried(with(built({shared()}), AttachTree{0, "/s", "/trap/sub"}));
    return trouble + text_in(root_ + "/etc/sub/file");
  });
  EXPECT_EQ(answer, "of the host");
}

TEST_F(Attaching, NoMagicLinkOfProcLeadsOutside) {
  for (const std::string& to : {"/proc/self/root" + host_.path() + "/outside",
                                std::string("/proc/self/cwd/x"),
                                std::string("/proc/self/fd/0")}) {
    const std::string before = tests::tree_of(host_.path());
    EXPECT_EQ(in_child([&] {
                return carried(with(built({{"/proc", 0}, shared(1)}),
                                    AttachTree{0, "/proc", "/proc"},
                                    AttachTree{1, "/s", to}));
              }),
              "cannot bind '/s' to " + quote(to) +
                  ": openat2: Too many levels of symbolic links (ELOOP)");
    EXPECT_EQ(tests::tree_of(host_.path()), before);
  }
}

TEST_F(Attaching, AReadOnlyTreeIsReadOnlyInAllItsMounts) {
  const std::string answer = in_child([&] {
    Steps steps = namespaces();
    steps.push_back(MountScratch{shared_ + "/sub", 0});
    const Steps rest = built({shared(0, kReadOnly), shared(1)});
    steps.insert(steps.end(), rest.begin() + 5, rest.end());
    const std::string trouble =
        carried(with(steps, AttachTree{0, "/s", "/ro"}, AttachTree{1, "/s", "/rw"}));
    std::string answers = trouble;
    for (const char* path : {"/ro/new", "/ro/file", "/ro/sub/new", "/rw/new", "/rw/sub/new"})
      answers += std::string(path) + " " + write_to(root_ + path) + "\n";
    return answers;
  });
  EXPECT_EQ(answer,
            "/ro/new EROFS\n/ro/file EROFS\n/ro/sub/new EROFS\n/rw/new done\n/rw/sub/new done\n");
  EXPECT_EQ(text_in(shared_ + "/new"), "new") << "what may be written is the host's own";
  EXPECT_EQ(text_in(shared_ + "/sub/new"), "missing") << "a mount made inside came out";
}

TEST_F(Attaching, TheOldRootIsGoneAfterwards) {
  const std::string answer = in_child([&] {
    const std::string trouble = carried(
        with(built({shared()}), AttachTree{0, "/s", "/s"}, ChangeRoot{root_, /*read_only=*/false}));
    return trouble + text_in("/etc/motd") + ", " + text_in("/s/file") + ", " + write_to("/new") +
           ", " + text_in(host_.path() + "/outside/secret") + ", " +
           text_in("/../../outside/secret") + ", " + write_to("/s/from inside");
  });
  EXPECT_EQ(answer, "of the image, of the host, done, missing, missing, done");
  EXPECT_EQ(text_in(host_.path() + "/image/new"), "missing");
  EXPECT_EQ(text_in(shared_ + "/from inside"), "new");
}

TEST_F(Attaching, AReadOnlyRootRefusesWritesAndLeavesBindsAlone) {
  const std::string answer = in_child([&] {
    const std::string trouble = carried(
        with(built({shared()}), AttachTree{0, "/s", "/s"}, ChangeRoot{root_, /*read_only=*/true}));
    return trouble + write_to("/new") + ", " + write_to("/etc/motd") + ", " + write_to("/s/new");
  });
  EXPECT_EQ(answer, "EROFS, EROFS, done");
}

TEST_F(Attaching, TakesNoMoreTreesThanItHasPlacesFor) {
  EXPECT_EQ(in_child([&] { return carried(with(namespaces(), shared(kSlots - 1))); }), "");
  EXPECT_EQ(
      in_child([&] { return carried(with(namespaces(), shared(kSlots))); }),
      "cannot show " + quote(shared_) + " of this node: open_tree: Argument list too long (E2BIG)");
}

TEST_F(Attaching, TheScratchIsBoundedAndTheUmaskDoesNotDecide) {
  const std::string answer = in_child([&] {
    ::umask(0077);
    const std::string trouble = carried(with(namespaces(),
                                             MountScratch{base_, 4096},
                                             MakeDirectory{base_ + "/d"},
                                             WriteFile{base_ + "/d/f", "text"}));

    struct stat folder {};

    struct stat file {};

    ::stat((base_ + "/d").c_str(), &folder);
    ::stat((base_ + "/d/f").c_str(), &file);
    char modes[32];
    (void)std::snprintf(modes, sizeof modes, "%o %o: ", folder.st_mode & 0777, file.st_mode & 0777);
    LinuxMounts mounts(-1);
    const std::string large(1 << 20, 'x');
    const Answer full = mounts.write_file((base_ + "/large").c_str(), large.c_str());
    return trouble + modes + ::strerrorname_np(full.number);
  });
  EXPECT_EQ(answer, "755 644: ENOSPC");
}

TEST_F(Attaching, WritesNoFileThatIsThereOrThroughALink) {
  host_.write("there", "old");
  host_.link("link", "elsewhere");
  for (const char* name : {"there", "link"}) {
    const std::string path = host_.path() + "/" + name;
    EXPECT_EQ(in_child([&] {
                return carried({WriteFile{path, "new"}});
              }),
              "cannot write " + quote(path) + ": open: File exists (EEXIST)");
  }
  EXPECT_EQ(text_in(host_.path() + "/there"), "old");
  EXPECT_EQ(text_in(host_.path() + "/elsewhere"), "missing");
}

TEST_F(Attaching, AServerThatIsGoneIsNamedAndTheDeviceIsClosed) {
  const std::string answer = in_child([&]() -> std::string {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) return "no device";
    const auto lowest = [] { return UniqueFd(::open("/", O_PATH | O_CLOEXEC)).get(); };
    const int before = lowest();
    const std::string trouble =
        carried(with(namespaces(), MountImage{"i.sqsh", base_, ::getuid(), ::getgid()}));
    return trouble + (lowest() == before ? "" : ", and a descriptor is left");
  });
  if (answer == "no device") BERTH_SKIP_OR_FAIL("/dev/fuse may not be opened here");
  EXPECT_EQ(answer,
            "cannot mount the image 'i.sqsh' on " + quote(base_) +
                ": sendmsg: Bad file descriptor (EBADF)");
}

}  // namespace
}  // namespace berth::enter
