// SPDX-License-Identifier: Apache-2.0
// The order of steps for each role, and how the words of a plan read.
#include "launcher/plan/plan.h"

#include "base/text.h"
#include "tests/unit/plan_case.h"

#include <sched.h>

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using Steps = std::vector<Step>;

Steps plan_of(Launch launch, Role role) {
  launch.role = role;
  auto steps = make_plan(launch);
  return steps ? *steps : Steps{};
}

Launch ordinary(const std::vector<std::string>& words = {"img.sqsh", "app"}) {
  return *tests::make_launch(words);
}

/// The kind of a step in one letter, so that an order can be read at a glance.
std::string order_of(const Steps& steps) {
  static constexpr std::string_view kLetters = "NWahlncKTMkGSDIifYUObAmwHVoRLJEyCjPFBgxtdruQX";
  static_assert(kLetters.size() == std::variant_size_v<Step>);
  std::string order;
  for (const Step& step : steps)
    order += kLetters[step.index()];
  return order;
}

template <class Kind>
std::vector<Kind> all_of(const Steps& steps) {
  std::vector<Kind> found;
  for (const Step& step : steps)
    if (const auto* one = std::get_if<Kind>(&step)) found.push_back(*one);
  return found;
}

TEST(Order, AloneTakesHostTreesBeforeTheScratchHidesThem) {
  EXPECT_EQ(order_of(plan_of(ordinary(), Role::alone)), "NWWWKTTTTTSDDDDDDDDDDDIWWWWOAAAAARCPLFX");
}

TEST(Order, HooksRunOnTheFinishedRootAndBeforeTheProgram) {
  Launch launch = ordinary();
  using hooks::Stage;
  launch.hooks = {{Stage::poststop, "/last"},
                  {Stage::start_container, "/inside"},
                  {Stage::create_container, "/second"},
                  {Stage::prestart, "/first"}};
  const Steps steps = plan_of(launch, Role::alone);
  EXPECT_EQ(order_of(steps), "NWWWKTTTTTSDDDDDDDDDDDIWWWWOAAAAAWoRCPLFoX");
  const auto found = all_of<RunHooks>(steps);
  ASSERT_EQ(found.size(), 2U);
  using Lines = std::vector<std::string>;
  EXPECT_EQ(found[0].lines, (Lines{"prestart /first", "createContainer /second"}));
  EXPECT_EQ(found[1].lines, Lines{"startContainer /inside"});
  for (const Step& step : steps)
    if (const auto* file = std::get_if<WriteFile>(&step);
        file && file->path == "/tmp/config.json") {
      EXPECT_NE(file->text.find(R"("root":{"path":"root")"), std::string::npos) << file->text;
      EXPECT_NE(file->text.find(R"("args":["app"])"), std::string::npos);
    }
  // Others come in when all of them are content, and the start files proved.
  EXPECT_EQ(order_of(plan_of(launch, Role::leader)), "NWWWKTTTTTSDDDDDDDDDDDIWWWWOAAAAAWoRCPoLFX");
  launch.request.private_overlay = true;
  EXPECT_EQ(order_of(plan_of(launch, Role::leader)),
            "NWWWKTTTTTSDDDDDDDDDDDIWWWWOAAAAAWoRoLNKEyyyyyRCPFX");
  // Who joins a container finds what its hooks have made of it.
  EXPECT_TRUE(all_of<RunHooks>(plan_of(launch, Role::joiner)).empty());
}

/// Which text is written to `path`.
std::string written_to(const std::string& path, const Steps& steps) {
  for (const WriteFile& file : all_of<WriteFile>(steps))
    if (file.path == path) return file.text;
  return "nothing";
}

TEST(Order, AFileOfAHookIsInTheLayerAboveTheImageOrCoversTheImages) {
  Launch launch = ordinary();
  const std::string zone("TZif\0\1", 6);
  launch.request.files = {{"/etc/localtime", zone}};
  const Steps steps = plan_of(launch, Role::alone);
  EXPECT_EQ(order_of(steps), "NWWWKTTTTTSDDDDDDDDDDDIWWWWWOAAAAARCPLFX");
  EXPECT_EQ(written_to("/tmp/upper/etc/localtime", steps), zone);
  launch.request.overlay = "kept";
  EXPECT_EQ(written_to("/tmp/own/etc/localtime", plan_of(launch, Role::alone)), zone);
  launch.request.overlay.clear();
  launch.request.writable = true;
  launch.image.layers = {{"d", true}};
  const Steps writable = plan_of(launch, Role::alone);
  EXPECT_EQ(written_to("/tmp/own/etc/localtime", writable), zone);
  EXPECT_EQ(all_of<CoverFile>(writable).back().to, "/etc/localtime");
  EXPECT_TRUE(all_of<WriteFile>(plan_of(launch, Role::joiner)).empty());
}

std::string refusal_of(const std::vector<std::string>& words, const std::vector<Layer>& layers) {
  Launch launch = ordinary(words);
  launch.image.layers = layers;
  const Status status = check_layers(launch);
  return status ? "accepted" : to_text(status.error());
}

TEST(Layers, AreRefusedWhatTheyCannotDo) {
  const std::vector<Layer> file = {{"i", false}};
  const std::vector<Layer> folder = {{"i", true}};
  const std::vector<Layer> both = {{"i", false}, {"d", true}};
  const std::vector<std::vector<std::string>> fine = {{"i"}, {"--read-only", "i"}};
  for (const auto& words : fine)
    for (const auto& layers : {file, folder, both, std::vector<Layer>{}})
      EXPECT_EQ(refusal_of(words, layers), "accepted");
  EXPECT_EQ(refusal_of({"--writable", "i"}, folder), "accepted");
  EXPECT_EQ(refusal_of({"--overlay=o", "--record-profile=p", "i"}, file), "accepted");
  EXPECT_EQ(refusal_of({"--writable", "i"}, file),
            "berth: cannot write into 'i' itself: it is the file of an image\n"
            "berth: hint: keep changes in a directory: --overlay DIR");
  EXPECT_EQ(refusal_of({"--writable", "i+d"}, both),
            "berth: cannot write into 'i+d' itself: it is more than one image\n"
            "berth: hint: keep changes in a directory: --overlay DIR");
  EXPECT_EQ(refusal_of({"--writable", "--read-only", "i"}, folder),
            "berth: cannot make 'i' writable and read-only at once\n"
            "berth: hint: leave --writable or --read-only out");
  const std::string own = "berth: cannot keep what a rank writes to itself: ";
  EXPECT_EQ(refusal_of({"--private-overlay", "--read-only", "i"}, file),
            own +
                "nothing can be written\n"
                "berth: hint: leave --read-only or --private-overlay out");
  EXPECT_EQ(refusal_of({"--private-overlay", "--writable", "i"}, folder),
            own +
                "it is written into the image\n"
                "berth: hint: leave --writable or --private-overlay out");
  EXPECT_EQ(refusal_of({"--private-overlay", "--overlay=o", "i"}, file),
            own +
                "it is to be kept\n"
                "berth: hint: leave --overlay or --private-overlay out");
  EXPECT_EQ(refusal_of({"--private-overlay", "--tmpfs-size=1G", "i"}, both), "accepted");
  for (const auto& layers : {folder, both}) {
    EXPECT_EQ(refusal_of({"--overlay=o", "i"}, layers),
              "berth: cannot keep changes to 'i' in a directory: they belong to one image's file\n"
              "berth: hint: name one image, or write into a directory itself with --writable");
    EXPECT_EQ(refusal_of({"--record-profile=p", "i"}, layers),
              "berth: cannot record a launch profile of 'i': it is for one image's file\n"
              "berth: hint: record one of each image by itself");
  }
  EXPECT_EQ(refusal_of({"i"}, std::vector<Layer>(16)), "accepted");
  EXPECT_EQ(refusal_of({"i"}, std::vector<Layer>(17)),
            "berth: cannot put 17 images on each other\n"
            "berth: hint: merge some of them: at most 16 can be");
}

TEST(Layers, HaveARootHashEach) {
  const std::vector<Layer> both = {{"i", false}, {"d", true}};
  const std::string hash(64, 'a');
  EXPECT_EQ(refusal_of({"--root-hash=" + hash, "i"}, {{"i", false}}), "accepted");
  EXPECT_EQ(refusal_of({"--root-hash=" + hash + "+-", "i+d"}, both), "accepted");
  EXPECT_EQ(refusal_of({"--root-hash=" + hash, "i+d"}, both),
            "berth: cannot ask for 1 root hashes of 2 images\n"
            "berth: hint: write one for each, with '+' between them, and - where any will do");
  EXPECT_EQ(refusal_of({"--root-hash=-+" + hash, "i+d"}, both),
            "berth: cannot ask for the root hash of 'd': it is a directory\n"
            "berth: hint: leave --root-hash out, or write - for it");
  EXPECT_EQ(refusal_of({"--root-hash=" + hash, "--no-verify", "i"}, {{"i", false}}),
            "berth: cannot ask for a root hash and compare nothing with it\n"
            "berth: hint: leave --root-hash or --no-verify out");
}

TEST(Order, LeaderDoesWhatOneAloneDoes) {
  EXPECT_EQ(order_of(plan_of(ordinary(), Role::leader)),
            order_of(plan_of(ordinary(), Role::alone)));
}

TEST(Order, WithoutAnOverlayTheImageIsTheRoot) {
  Launch launch = ordinary();
  launch.without_overlay = true;
  const auto rest = *make_rest(launch);
  EXPECT_EQ(order_of(rest), "bffffAAAAARCPLFX");
  for (const AttachTree& tree : all_of<AttachTree>(rest))
    EXPECT_EQ(tree.is_optional, tree.to == "/tmp" || tree.to.starts_with("/home")) << tree.to;
  EXPECT_TRUE(all_of<ChangeRoot>(rest)[0].read_only);
  EXPECT_EQ(all_of<ChangeRoot>(rest)[0].root, "/tmp/image");
  EXPECT_TRUE(all_of<EnterDirectory>(rest)[0].or_root);
  launch = ordinary({"-v/b:/home/ada", "--workdir=/w", "img.sqsh", "app"});
  launch.without_overlay = true;
  const auto asked = *make_rest(launch);
  for (const AttachTree& tree : all_of<AttachTree>(asked))
    EXPECT_EQ(tree.is_optional, tree.to == "/tmp" || tree.to == "/home/ada/work") << tree.to;
  EXPECT_FALSE(all_of<EnterDirectory>(asked)[0].or_root);
}

TEST(Overlay, IsDoneWithoutOnlyWhereNothingNeedsIt) {
  const Step overlay = MountOverlay{"", "/tmp/root"};
  for (const int number : {EPERM, EACCES, EINVAL, ENODEV})
    EXPECT_TRUE(may_go_without(ordinary(), overlay, {"mount", number})) << number;
  for (const int number : {ENOMEM, ELOOP, ENOSPC, EROFS})
    EXPECT_FALSE(may_go_without(ordinary(), overlay, {"mount", number})) << number;
  for (const char* option : {"--overlay=o", "--tmpfs-size=1G", "--private-overlay"})
    EXPECT_FALSE(may_go_without(ordinary({option, "i", "app"}), overlay, {"mount", EPERM}))
        << option;
  EXPECT_FALSE(may_go_without(ordinary(), MountScratch{"/tmp"}, {"mount", EPERM}));
  Launch stack = ordinary();
  stack.image.layers = {{"a", false}, {"b", false}};
  EXPECT_FALSE(may_go_without(stack, overlay, {"mount", EPERM}));
}

TEST(Order, ARankWithChangesOfItsOwnLaysThemOverWhatIsShared) {
  const Launch launch =
      ordinary({"--private-overlay", "--mask=/m", "--read-only-path=/l", "i", "app"});
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JNKEyyyyyyyRCPFX");
  const Steps leaders = plan_of(launch, Role::leader);
  EXPECT_EQ(order_of(*make_rest([&] {
              Launch leader = launch;
              leader.role = Role::leader;
              return leader;
            }())),
            "WWWWOAAAAAwmRLNKEyyyyyyyRCPFX");
  const auto split = all_of<EnterNamespaces>(leaders);
  ASSERT_EQ(split.size(), 2U);
  EXPECT_EQ(split[1].flags, CLONE_NEWNS);
  const auto carried = all_of<CarryTree>(leaders);
  EXPECT_EQ(carried[0].path, "/proc");
  EXPECT_EQ(carried[6].path, "/m");
  EXPECT_EQ(
      order_of(plan_of(launch, Role::alone)),
      order_of(plan_of(ordinary({"--mask=/m", "--read-only-path=/l", "i", "app"}), Role::alone)))
      << "who is alone sees nobody else's changes anyway";
}

TEST(Order, JoinerBuildsNothing) {
  EXPECT_EQ(order_of(plan_of(ordinary(), Role::joiner)), "JCPFX");
}

Launch with_start_files(const std::vector<std::string>& words) {
  Launch launch = ordinary(words);
  launch.image.start = {{"lib", StartFile::Kind::directory, 0755, 1, "", 0, 0},
                        {"lib/libc.so.6", StartFile::Kind::file, 0755, 1, "", 4096, 100}};
  return launch;
}

TEST(StartFiles, BecomeALayerAboveTheImage) {
  const Steps steps = plan_of(with_start_files({"img.sqsh", "app"}), Role::alone);
  EXPECT_EQ(order_of(steps), "NWWWKTTTTTSDDDDDDDDDDDIWWWWYOAAAAARCPLFX");
  ASSERT_EQ(all_of<LayStartFiles>(steps).size(), 1U);
  EXPECT_EQ(all_of<LayStartFiles>(steps)[0].at, "/tmp/start");
  EXPECT_EQ(all_of<LayStartFiles>(steps)[0].files.size(), 2U);
  EXPECT_EQ(all_of<MountOverlay>(steps)[0].options,
            "lowerdir=/tmp/start:/tmp/image,upperdir=/tmp/upper,workdir=/tmp/work,userxattr");
}

TEST(StartFiles, AreProvedBeforeAnybodyEntersWhereThereIsAHashTree) {
  Launch launch = with_start_files({"img.sqsh", "app"});
  launch.image.has_proof = true;
  EXPECT_EQ(order_of(plan_of(launch, Role::leader)), "NWWWKTTTTTSDDDDDDDDDDDIWWWWYOAAAAARCPHVLFX");
  launch.image.start.push_back({"lib64", StartFile::Kind::link, 0777, 1, "lib", 0, 0});
  const auto wanted = all_of<LookAhead>(plan_of(launch, Role::leader));
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(wanted[0].candidates, all_of<Execute>(plan_of(launch, Role::leader))[0].candidates);
  EXPECT_EQ(wanted[0].others, (std::vector<std::string>{"/lib/libc.so.6", "/etc/ld.so.preload"}));
  launch.image.start.clear();
  EXPECT_EQ(all_of<AwaitProof>(plan_of(launch, Role::leader)).size(), 0U);
}

TEST(StartFiles, TakeNoRoomFromOneWhoBoundsItNarrowly) {
  const auto count = [](const char* size) {
    const Launch launch = with_start_files({"--tmpfs-size", size, "img.sqsh", "app"});
    return all_of<LayStartFiles>(plan_of(launch, Role::leader)).size();
  };
  EXPECT_EQ(count("63M"), 0U);
  EXPECT_EQ(count("64M"), 1U);
}

TEST(StartFiles, AreNothingThatAJoinerLays) {
  EXPECT_EQ(order_of(plan_of(with_start_files({"img.sqsh", "app"}), Role::joiner)), "JCPFX");
}

TEST(Places, ThatWillBeCoveredAreMarkedAndTheirParentsAreNot) {
  std::vector<std::string> covered;
  for (const MakeDirectory& place : all_of<MakeDirectory>(plan_of(ordinary(), Role::alone)))
    if (place.is_covered) covered.push_back(place.path);
  const std::vector<std::string> expected = {"/tmp/upper/proc",
                                             "/tmp/upper/sys",
                                             "/tmp/upper/dev",
                                             "/tmp/upper/tmp",
                                             "/tmp/upper/home/ada"};
  EXPECT_EQ(covered, expected);
}

TEST(Parts, MakeTheWholePlanAndTheFirstNeedsNoImage) {
  const Launch launch = with_start_files({"img.sqsh", "app"});
  Launch early = launch;
  early.image = {};
  early.config = {};
  const auto beginning = make_beginning(early);
  const auto rest = make_rest(launch);
  ASSERT_TRUE(beginning && rest);
  const auto first = static_cast<unsigned>(beginning->size()) + 1;
  EXPECT_EQ(to_text(*beginning) + to_text(*rest, first), to_text(plan_of(launch, Role::alone)));
}

TEST(Ranks, BeginTheSameProgramWhateverTheirRole) {
  const Launch launch = ordinary({"--env", "A=1", "img.sqsh", "app", "x"});
  const auto leader = all_of<Execute>(plan_of(launch, Role::leader));
  const auto joiner = all_of<Execute>(plan_of(launch, Role::joiner));
  ASSERT_EQ(leader.size(), 1U);
  ASSERT_EQ(joiner.size(), 1U);
  EXPECT_EQ(leader[0].arguments, joiner[0].arguments);
  EXPECT_EQ(leader[0].environment, joiner[0].environment);
  EXPECT_EQ(leader[0].candidates, joiner[0].candidates);
}

TEST(Namespaces, AreAUsersAndAMounts) {
  const auto steps = all_of<EnterNamespaces>(plan_of(ordinary(), Role::alone));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].flags, CLONE_NEWUSER | CLONE_NEWNS);
}

TEST(Slots, AreTakenOnceAndAttachedOnceInTheSameOrder) {
  const Steps steps = plan_of(ordinary({"-v", "/a:/b:ro", "img.sqsh", "app"}), Role::alone);
  const auto taken = all_of<TakeTree>(steps);
  const auto attached = all_of<AttachTree>(steps);
  ASSERT_EQ(taken.size(), attached.size());
  for (unsigned i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].slot, i);
    EXPECT_EQ(attached[i].slot, i);
    EXPECT_EQ(taken[i].from, attached[i].from);
    EXPECT_EQ(taken[i].flags, taken[i].from == "/a" ? kReadOnly : MountFlags{});
  }
}

TEST(Image, IsOwnedByTheUserAsSeenInside) {
  const auto mine = all_of<MountImage>(plan_of(ordinary(), Role::alone));
  EXPECT_EQ(mine[0].uid, 1000U);
  EXPECT_EQ(mine[0].gid, 100U);
  const auto roots = all_of<MountImage>(plan_of(ordinary({"--root", "i", "app"}), Role::alone));
  EXPECT_EQ(roots[0].uid, 0U);
  EXPECT_EQ(roots[0].gid, 0U);
}

TEST(Overlay, LiesOverTheImageAndKeepsUserXattrs) {
  Launch launch = ordinary();
  launch.facts.base = "/mnt";
  const auto overlay = all_of<MountOverlay>(plan_of(launch, Role::alone));
  EXPECT_EQ(overlay[0].options,
            "lowerdir=/mnt/image,upperdir=/mnt/upper,workdir=/mnt/work,userxattr");
  EXPECT_EQ(overlay[0].at, "/mnt/root");
}

TEST(KeptChanges, HaveNothingOfBerthsAmongThem) {
  Launch launch = with_start_files({"--overlay", "/scratch/a,b:c", "img.sqsh", "app"});
  launch.image.source = "berth:7:8";
  const Steps steps = plan_of(launch, Role::alone);
  EXPECT_EQ(order_of(steps), "NWWWKTTTTTTSDDDDDDDDDDDUIWWWWYOAAAAARCPLFX");
  for (const MakeDirectory& place : all_of<MakeDirectory>(steps))
    EXPECT_FALSE(place.path.starts_with("/tmp/kept/")) << place.path;
  for (const WriteFile& file : all_of<WriteFile>(steps))
    EXPECT_TRUE(file.path.starts_with("/proc/") || file.path.starts_with("/tmp/own/etc/"));
  const MountOverlay overlay = all_of<MountOverlay>(steps)[0];
  EXPECT_EQ(overlay.options,
            "lowerdir=/tmp/own:/tmp/start:/tmp/image,upperdir=/tmp/kept/upper,"
            "workdir=/tmp/kept/work,userxattr,index=off");
  EXPECT_EQ(overlay.source, "berth:7:8");
  EXPECT_EQ(overlay.kept_in, "/scratch/a,b:c");
}

TEST(KeptChanges, AreHeldInASlotOfTheirOwn) {
  const Steps steps = plan_of(ordinary({"--overlay", "/o", "img.sqsh", "app"}), Role::leader);
  const TakeTree taken = all_of<TakeTree>(steps).back();
  EXPECT_EQ(taken.from, "/o");
  EXPECT_EQ(all_of<AttachOverlay>(steps)[0].slot, taken.slot);
  for (const AttachTree& tree : all_of<AttachTree>(steps))
    EXPECT_NE(tree.slot, taken.slot);
  EXPECT_EQ(order_of(plan_of(ordinary({"--overlay", "/o", "i", "app"}), Role::joiner)), "JCPFX");
}

TEST(Descriptors, OfTheLauncherStayOpen) {
  Launch launch = ordinary();
  launch.facts.kept_descriptors = {7};
  const auto others = all_of<CloseOthers>(plan_of(launch, Role::joiner));
  EXPECT_EQ(others[0].keep, std::vector<int>{7});
}

/// Directories made in the upper layer beforehand, without the five that are always there.
std::vector<std::string> made_for(const Launch& launch) {
  std::vector<std::string> made;
  for (const MakeDirectory& step : all_of<MakeDirectory>(plan_of(launch, Role::alone)))
    if (step.path.starts_with("/tmp/upper/") && step.path != "/tmp/upper/etc")
      made.push_back(step.path.substr(10));
  return made;
}

TEST(MountPoints, AreMadeBeforehandOnlyForWhatIsADirectoryForSure) {
  const std::vector<std::string> usual = {"/proc", "/sys", "/dev", "/tmp", "/home", "/home/ada"};
  EXPECT_EQ(made_for(ordinary()), usual);
  // A file at the top of the host would be covered by a directory.
  EXPECT_EQ(made_for(ordinary({"-v", "/vmlinuz", "img.sqsh", "app"})), usual);
  // What is below /var is often reached through links of the image's.
  Launch spool = ordinary({"-v", "/var/spool/x", "img.sqsh", "app"});
  spool.facts.directories.push_back("/var/spool/x");
  EXPECT_EQ(made_for(spool), usual);
}

TEST(MountPoints, AreMadeOnce) {
  Launch launch = ordinary({"-v", "/etc", "-v", "/tmp", "img.sqsh", "app"});
  launch.facts.directories.push_back("/etc");
  std::set<std::string> paths;
  for (const MakeDirectory& step : all_of<MakeDirectory>(plan_of(launch, Role::alone)))
    EXPECT_TRUE(paths.insert(step.path).second) << step.path;
}

TEST(MakePlan, RefusesWhatCannotBeMeant) {
  auto bind = make_plan(ordinary({"-v", "/a:/b/../c", "img.sqsh", "app"}));
  ASSERT_FALSE(bind);
  EXPECT_EQ(to_text(bind.error()),
            "berth: cannot bind '/a' to '/b/../c'\n"
            "berth: hint: name a place below '/' without '..'");
  auto nothing = make_plan(ordinary({"img.sqsh"}));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(to_text(nothing.error()),
            "berth: cannot run 'img.sqsh': it names no program of its own\n"
            "berth: hint: write the program after the image: berth run IMAGE -- PROGRAM");
}

TEST(Goal, CompletesTheWordsBerthCannot) {
  const std::vector<std::pair<Step, std::string>> rows = {
      {EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS}, "create a user and mount namespace"},
      {EnterNamespaces{CLONE_NEWNS}, "create a mount namespace"},
      {EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID},
       "create a user, mount and pid namespace"},
      {WriteFile{"/proc/self/uid_map", "x"}, "write '/proc/self/uid_map'"},
      {EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                       CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME},
       "create a user, mount, pid, uts, ipc, network, cgroup and time namespace"},
      {SetHostName{"box"}, "name the container 'box'"},
      {MapIds{}, "map your own and your subordinate users and groups into the container"},
      {BecomeUser{{33, 44}}, "become user 33 and group 44 of the container"},
      {RaiseLoopback{}, "bring up the loopback device"},
      {ConnectNetwork{"/usr/bin/pasta"},
       "connect the container to the network through '/usr/bin/pasta'"},
      {ShiftClocks{}, "shift the clocks of this container"},
      {KeepMountsInside{}, "keep mounts inside this container"},
      {TakeTree{"/a", 0}, "show '/a' of this node"},
      {TakeTree{"/a", 0, kReadOnly}, "show '/a' of this node read-only"},
      {TakeTree{"/a", 0, {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, .clear = MOUNT_ATTR_NOSUID}},
       "show '/a' of this node read-only with suid, nodev"},
      {TakeTree{"/a", 0, {.propagation = Propagation::shared, .is_recursive = false}},
       "show '/a' of this node with shared, nothing mounted below"},
      {MakeTree{"proc", 0}, "make a file system 'proc' for this container"},
      {MakeTree{"tmpfs", 0, {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV}},
       "make a file system 'tmpfs' for this container read-only with nodev"},
      {MountScratch{"/tmp", 0}, "mount a scratch file system on '/tmp'"},
      {MakeDirectory{"/tmp/root"}, "make the directory '/tmp/root'"},
      {UseImage{"/tmp/image"},
       "make the image itself the root on '/tmp/image', which cannot be written"},
      {MountPrivateRoot{}, "lay changes of this rank's own over the root that it shares"},
      {EnterGroup{}, "put the program into a control group of its own"},
      {CarryTree{"/proc"}, "show there what is mounted at '/proc'"},
      {MountImage{"i.sqsh", "/tmp/image", 0, 0}, "mount the image 'i.sqsh' on '/tmp/image'"},
      {MountOverlay{"", "/tmp/root"}, "make the image writable for this run on '/tmp/root'"},
      {MountOverlay{"", "/tmp/root", "berth", "/ada's"},
       "make the image writable on '/tmp/root', keeping changes in '/ada's'"},
      {AttachOverlay{5, "/c", "/tmp/kept"}, "show the changes in '/c' on '/tmp/kept'"},
      {AttachTree{0, "/a", "/b"}, "bind '/a' to '/b'"},
      {AttachTree{0, "tmpfs", "/b", Origin::own}, "mount a tmpfs on '/b'"},
      {AttachTree{0, "i.sqsh", "/b", Origin::image}, "mount the image 'i.sqsh' on '/b'"},
      {TakeImage{"i.sqsh", 0, {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID}},
       "mount the image 'i.sqsh' for this container"},
      {TakeImage{"i.sqsh", 0, {.set = MOUNT_ATTR_NOEXEC}},
       "mount the image 'i.sqsh' for this container with noexec"},
      {ChangeRoot{"/tmp/root", false}, "make '/tmp/root' the root directory"},
      {ChangeRoot{"/tmp/root", true}, "make '/tmp/root' the read-only root directory"},
      {ShareContainer{}, "hand the container to its keeper"},
      {JoinContainer{}, "join the container of this step"},
      {JoinContainer{0, "box"}, "join the container 'box'"},
      {RunHooks{}, "run hooks on the finished container"},
      {RunHooks{RunHooks::Time::program_begins}, "run hooks before the program begins"},
      {AnnounceProgram{}, "tell who stands by the container which process is the program"},
      {EnterDirectory{"/w"}, "work in '/w'"},
      {DropPrivileges{}, "give up capabilities"},
      {DropPrivileges{1U << 13 | 1U << 19},
       "give up capabilities but NET_RAW, SYS_PTRACE in this container"},
      {DropPrivileges{kEveryCapability}, "keep every capability in this container"},
      {CloseOthers{}, "close other files"},
      {StartInit{}, "start an init that stands by the program"},
      {StartInit{true}, "start an init that stays for all ranks"},
      {SetLimit{{RLIMIT_CORE, 0, RLIM_INFINITY}}, "limit core to 0, at most unlimited"},
      {PinToCpus{37, *parse_numbers("36-39,100")}, "bind rank 37 to the CPUs 36-39,100"},
      {BindMemory{*parse_numbers("0-1"), false}, "take memory from the nodes 0-1 only"},
      {BindMemory{*parse_numbers("0-1"), true}, "take memory from the nodes 0-1 in turn"},
      {SetUmask{7}, "set the umask 007"},
      {FilterCalls{"my.json", {}}, "refuse system calls as the profile 'my.json' says"},
      {StartInit{false, {90, 10, 15, ""}}, "start an init that stands by the program for 90 s"},
      {Execute{{}, {"app", "x"}, {}}, "start 'app'"}};
  for (const auto& [step, goal] : rows)
    EXPECT_EQ(goal_of(step), goal);
}

TEST(Entry, ComesInAsTheProgramHasAndBuildsNothing) {
  Launch launch = ordinary({"--name=box",
                            "--pid",
                            "--umask=027",
                            "--ulimit=nofile=8:9",
                            "--workdir=/w",
                            "--env=A=b",
                            "img.sqsh",
                            "app"});
  launch.request.seccomp = "default";
  launch.filter = {{6, 0, 0, 7}};
  const auto rest = make_rest(launch);
  ASSERT_TRUE(rest);
  const Entry entry = entry_of(launch, *rest);
  const Steps steps = make_entry(entry, "box", {"sh", "-c"});
  EXPECT_EQ(order_of(steps), "JCPFruQX");
  EXPECT_EQ(all_of<JoinContainer>(steps)[0].flags, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
  EXPECT_EQ(all_of<EnterDirectory>(steps)[0].path, "/w");
  EXPECT_EQ(all_of<SetLimit>(steps)[0].limit, (Limit{RLIMIT_NOFILE, 8, 9}));
  EXPECT_EQ(all_of<SetUmask>(steps)[0].mask, 027U);
  EXPECT_EQ(all_of<FilterCalls>(steps)[0].filter[0].k, 7U);
  const Execute program = all_of<Execute>(steps)[0];
  EXPECT_EQ(program.environment, all_of<Execute>(*rest)[0].environment);
  EXPECT_EQ(program.candidates.front(), "/usr/local/sbin/sh");
  EXPECT_EQ(program.arguments, (std::vector<std::string>{"sh", "-c"}));
}

TEST(Entry, ComesInAsTheSameUser) {
  Launch launch = ordinary({"--name=box", "--subuid", "--user=33:44", "img.sqsh", "app"});
  launch.facts.subordinate = {{{100000, 65536}}, {{100000, 65536}}};
  launch.identity = *find_identity(launch);
  const auto rest = make_rest(launch);
  ASSERT_TRUE(rest);
  const Steps steps = make_entry(entry_of(launch, *rest), "box", {"id"});
  EXPECT_EQ(order_of(steps), "JCjPFX");
  EXPECT_EQ(all_of<BecomeUser>(steps)[0].ids, (Ids{33, 44}));
}

TEST(Order, TheMapsComeFirstAndTheUserIsNobodyElseUntilAllIsBuilt) {
  Launch launch = ordinary({"--subuid", "--user=33", "img.sqsh", "app"});
  launch.facts.subordinate = {{{100000, 65536}}, {{100000, 65536}}};
  launch.identity = *find_identity(launch);
  EXPECT_EQ(order_of(plan_of(launch, Role::alone)), "NaKTTTTTSDDDDDDDDDDDIWWWWOAAAAARCjPLFX");
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JCjPFX");
  launch.request.user.clear();
  launch.identity.reset();
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JCPFX");
}

TEST(Order, AControlGroupIsEnteredBehindAnInitButBeforeAnotherUser) {
  const GroupPlan group{{{"/sys/fs/cgroup/memory/ada"}}};
  Launch launch = ordinary({"--init", "--memory=1G", "img.sqsh", "app"});
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JCPFBX") << "nothing can be bounded here";
  launch.facts.control_group = group;
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JCPFBxX");
  launch = ordinary({"--init", "--subuid", "--user=33", "img.sqsh", "app"});
  launch.facts.subordinate = {{{100000, 65536}}, {{100000, 65536}}};
  launch.facts.control_group = group;
  launch.identity = *find_identity(launch);
  EXPECT_EQ(order_of(plan_of(launch, Role::joiner)), "JCxjPFBX");
}

TEST(Image, HasItsOwnOwnersWhereMoreThanOneIsMapped) {
  Launch launch = ordinary({"--subuid", "img.sqsh", "app"});
  EXPECT_TRUE(all_of<MountImage>(plan_of(launch, Role::alone))[0].has_stored_owners);
  launch = ordinary({"--user=33:44", "img.sqsh", "app"});
  launch.identity = *find_identity(launch);
  const MountImage image = all_of<MountImage>(plan_of(launch, Role::alone))[0];
  EXPECT_FALSE(image.has_stored_owners);
  EXPECT_EQ((Ids{image.uid, image.gid}), (Ids{33, 44}));
}

TEST(Order, WhoeverStandsByANamedContainerIsToldBeforeTheProgramIsBound) {
  EXPECT_EQ(order_of(plan_of(ordinary({"--name=a", "--umask=0", "img.sqsh", "app"}), Role::alone)),
            "NWWWKTTTTTSDDDDDDDDDDDIWWWWOAAAAARCPLFguX");
  EXPECT_EQ(order_of(plan_of(ordinary({"--detach", "img.sqsh", "app"}), Role::alone)),
            "NWWWKMTTTTSDDDDDDDDDDDIWWWWOAAAAARCPLFBgX");
}

TEST(PlanText, CannotBeForgedByAnImage) {
  const std::string text = to_text({WriteFile{"/etc/passwd", "a:\x1b[2Jb\n"},
                                    Execute{{}, {"app\x1b"}, {"A=1\n 99  start 'x'\x1b[0m"}}});
  EXPECT_EQ(text,
            "  1  write '/etc/passwd'\n"
            "      a:\\x1b[2Jb\n"
            "  2  start 'app\\x1b'\n"
            "      'app\\x1b'\n"
            "      A=1\\x0a 99  start 'x'\\x1b[0m\n");
}

}  // namespace
}  // namespace berth::plan
