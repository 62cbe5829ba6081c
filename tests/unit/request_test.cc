// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/request/mounts.h"
#include "launcher/request/options.h"
#include "launcher/request/process.h"
#include "launcher/request/request_text.h"
#include "launcher/request/slurm_words.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

using Words = std::vector<std::string>;

std::string refusal_of(const Words& words) {
  auto request = parse_command_line(words);
  return request ? "accepted" : to_text(request.error());
}

TEST(CommandLine, OptionsEndAtTheImage) {
  auto request = parse_command_line({"--read-only", "img.sqsh", "--", "ls", "--read-only", "-v"});
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->read_only);
  EXPECT_EQ(request->image, "img.sqsh");
  EXPECT_EQ(request->command, (Words{"ls", "--read-only", "-v"}));
}

TEST(CommandLine, OnlyTheFirstDoubleDashIsOurs) {
  auto request = parse_command_line({"img.sqsh", "--", "env", "--", "x"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->command, (Words{"env", "--", "x"}));
}

TEST(CommandLine, TakesValuesInEveryUsualForm) {
  for (const Words& words : {Words{"--bind", "/a:/b:ro", "i"},
                             Words{"--bind=/a:/b:ro", "i"},
                             Words{"-v", "/a:/b:ro", "i"},
                             Words{"-v/a:/b:ro", "i"}}) {
    auto request = parse_command_line(words);
    ASSERT_TRUE(request) << words[0];
    ASSERT_EQ(request->binds.size(), 1U);
    EXPECT_EQ(request->binds[0], (Bind{"/a", "/b", kReadOnly}));
  }
}

TEST(CommandLine, RefusalsReadLikeThis) {
  EXPECT_EQ(refusal_of({"--red-only", "i"}),
            "berth: cannot understand the option '--red-only'\n"
            "berth: hint: did you mean --read-only?");
  EXPECT_EQ(refusal_of({"-z", "i"}),
            "berth: cannot understand the option '-z'\nberth: hint: see berth run --help");
  EXPECT_EQ(refusal_of({"--init=yes", "i"}),
            "berth: cannot give '--init' a value\nberth: hint: it is a switch");
  EXPECT_EQ(refusal_of({"--workdir"}),
            "berth: cannot use '--workdir' without a value\nberth: hint: write --workdir DIR");
  EXPECT_EQ(refusal_of({"--workdir", "data", "i"}),
            "berth: cannot work in 'data'\n"
            "berth: hint: --workdir is a place inside the container: begin it with '/'");
  EXPECT_EQ(refusal_of({"--plan"}),
            "berth: cannot run without an image\n"
            "berth: hint: write berth run IMAGE [COMMAND...]");
  EXPECT_EQ(refusal_of({"--share=all", "i"}),
            "berth: cannot use 'all' as --share\nberth: hint: write auto, node or none");
  EXPECT_EQ(refusal_of({"--step-key=x", "i"}),
            "berth: cannot understand the option '--step-key=x'\n"
            "berth: hint: see berth run --help");
}

TEST(CommandLine, HelpWinsOverWhatIsMissing) {
  for (const Words& words :
       {Words{"--help"}, Words{"--read-only", "-h"}, Words{"-v", "/a", "--help"}}) {
    auto request = parse_command_line(words);
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->help_only);
  }
  EXPECT_FALSE(parse_command_line({"img.sqsh", "--help"})->help_only);
}

TEST(CommandLine, PlacesAreTaken) {
  const auto request = parse_command_line({"--pin=l3",
                                           "--pin-map",
                                           "spread",
                                           "--pin-again",
                                           "--mem-bind=0-1,4",
                                           "--ranks=8",
                                           "--topology=n.xml",
                                           "--plan",
                                           "i"});
  ASSERT_TRUE(request) << to_text(request.error());
  EXPECT_EQ(request->placing,
            (Placing{.pin = Pin::l3,
                     .map = PinMap::spread,
                     .again = true,
                     .memory = MemBind::list,
                     .nodes = *parse_numbers("0-1,4")}));
  EXPECT_TRUE(request->plan_only);
  EXPECT_EQ(request->image, "i") << "--plan takes no next word";
  EXPECT_EQ(parse_command_line({"--mem-bind=1", "--mem-bind=local", "i"})->placing.nodes,
            Numbers());
}

TEST(CommandLine, ListsOfCpusAndDevicesAreTaken) {
  const auto lists = [](const std::string& value) {
    const auto request = parse_command_line({"--pin-map=" + value, "i"});
    std::string text;
    if (!request) return to_text(request.error());
    for (const Numbers& one : request->placing.lists)
      text += to_text(one) + ";";
    return text;
  };
  EXPECT_EQ(lists("0-7:8-15"), "0-7;8-15;");
  EXPECT_EQ(lists("3"), "3;");
  EXPECT_EQ(lists("0xff:0xFF00:0x8000000000000000001"), "0-7;8-15;0,75;");
  for (const char* wrong : {"", "0-7:", ":1", "0x", "0x0", "0xg", "0x1,3", "7-0", "0--1", "1:x"})
    EXPECT_NE(lists(wrong).find("hint: write packed, spread, or the CPUs"), std::string::npos)
        << wrong;
  // The last one holds.
  EXPECT_TRUE(
      parse_command_line({"--pin-map=1:2", "--pin-map=spread", "i"})->placing.lists.empty());
  const auto near = parse_command_line({"--pin-near=mlx5_0,3b:00.0", "i"});
  ASSERT_TRUE(near);
  EXPECT_EQ(near->placing.near, Near::named);
  EXPECT_EQ(near->placing.devices, (Words{"mlx5_0", "3b:00.0"}));
  EXPECT_EQ(parse_command_line({"--pin-near=x", "--pin-near=gpu", "i"})->placing.devices, Words());
  EXPECT_FALSE(parse_command_line({"--pin-near=none", "i"})->placing.binds());
}

std::string limits_of(const Words& words) {
  auto all = words;
  all.emplace_back("i");
  const auto request = parse_command_line(all);
  if (!request) return to_text(request.error());
  std::string text;
  for (const GroupLimit& limit : request->group.limits)
    text += words_of(limit) + " [" + limit.key + "] " + std::to_string(limit.number) + "\n";
  return text;
}

TEST(CommandLine, LimitsAreTakenInTheUnitsOfTheKernel) {
  EXPECT_EQ(
      limits_of({"--memory=64m", "--memory=1G", "--memory-high", "512MB", "--memory-swap=-1"}),
      "--memory=1G [] 1073741824\n--memory-high=512MB [] 536870912\n"
      "--memory-swap=-1 [] 18446744073709551615\n");
  EXPECT_EQ(limits_of({"--cpus=1.5", "--cpu-weight=50", "--pids-limit=-1", "--oom-group"}),
            "--cpus=1.5 [] 150000\n--cpu-weight=50 [] 50\n"
            "--pids-limit=-1 [] 18446744073709551615\n--oom-group [] 0\n");
  EXPECT_EQ(limits_of({"--cpus=.01"}), "--cpus=.01 [] 1000\n");
  EXPECT_EQ(limits_of({"--cpuset-cpus=3,0-1", "--cpuset-mems=0", "--cpuset-cpus=7"}),
            "--cpuset-mems=0 [0] 0\n--cpuset-cpus=7 [7] 0\n");
  EXPECT_EQ(limits_of({"--device-read-bps=/dev/a:1M",
                       "--device-read-bps=/dev/b:2",
                       "--device-read-bps=/dev/a:3",
                       "--device-write-iops=/dev/a:4"}),
            "--device-read-bps=/dev/b:2 [/dev/b] 2\n--device-read-bps=/dev/a:3 [/dev/a] 3\n"
            "--device-write-iops=/dev/a:4 [/dev/a] 4\n");
  EXPECT_EQ(
      limits_of({"--hugetlb=2M=1G", "--hugetlb=1GB=4G", "--rdma=m:hca_handle=2,hca_object=max"}),
      "--hugetlb=2M=1G [2MB] 1073741824\n--hugetlb=1GB=4G [1GB] 4294967296\n"
      "--rdma=m:hca_handle=2,hca_object=max [m hca_handle=2 hca_object=max] 0\n");
  EXPECT_EQ(limits_of({"--cpuset-partition=root",
                       "--cpuset-partition=isolated",
                       "--device-weight=/dev/a:50",
                       "--device-rule=deny a",
                       "--device-rule=allow b *:* rwm"}),
            "--cpuset-partition=isolated [isolated] 0\n--device-weight=/dev/a:50 [/dev/a] 50\n"
            "--device-rule=deny a [deny a] 0\n--device-rule=allow b *:* rwm [allow b *:* rwm] 0\n");
  EXPECT_EQ(limits_of({"--net-class=0x100001", "--net-priority=eth0:5", "--io-weight=10000"}),
            "--net-class=0x100001 [] 1048577\n--net-priority=eth0:5 [eth0 5] 0\n"
            "--io-weight=10000 [] 10000\n");
  EXPECT_TRUE(parse_command_line({"--limits=best-effort", "i"})->group.best_effort);
  EXPECT_FALSE(parse_command_line({"--limits=best-effort", "i"})->group.ask_for_group());
  EXPECT_TRUE(parse_command_line({"--stats", "i"})->group.ask_for_group());
}

TEST(CommandLine, LimitsThatMeanNothingAreRefused) {
  for (const char* wrong : {"--memory=",
                            "--memory=0",
                            "--memory=64X",
                            "--memory=-1",
                            "--cpus=0",
                            "--cpus=1.",
                            "--cpus=.001",
                            "--cpus=1,5",
                            "--cpus=-1",
                            "--cpus=70000",
                            "--cpus=1.000001",
                            "--cpu-weight=0",
                            "--cpu-weight=10001",
                            "--pids-limit=0",
                            "--pids-limit=-2",
                            "--cpuset-cpus=",
                            "--cpuset-cpus=3-1",
                            "--cpuset-partition=member",
                            "--device-weight=/dev/a:0",
                            "--device-weight=a:10",
                            "--device-rule=deny",
                            "--device-rule=deny c 1:3 x",
                            "--device-rule=forbid a",
                            "--device-rule=allow c 1 rw",
                            "--device-read-bps=/dev/a",
                            "--device-read-bps=a:1M",
                            "--device-read-iops=/dev/a:1M",
                            "--hugetlb=2M",
                            "--hugetlb=2=1G",
                            "--hugetlb==1G",
                            "--rdma=m",
                            "--rdma=m:hca=1",
                            "--rdma=:hca_handle=1",
                            "--net-class=x",
                            "--net-class=0x100000000",
                            "--net-priority=eth0",
                            "--limits=strictly"}) {
    const std::string text = limits_of({wrong});
    EXPECT_TRUE(text.starts_with("berth: cannot use '")) << wrong << ": " << text;
    EXPECT_NE(text.find("\nberth: hint: write "), std::string::npos) << wrong;
  }
  EXPECT_EQ(refusal_of({"--cpus=none", "i"}),
            "berth: cannot use 'none' as --cpus\n"
            "berth: hint: write how many, 0.01 at least: --cpus=1.5");
}

TEST(CommandLine, ADrawingNeedsNoImage) {
  const auto request = parse_command_line({"--plan=svg"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->drawing, Drawing::svg);
  EXPECT_EQ(parse_command_line({"--plan=svg", "--plan", "i"})->drawing, Drawing::none);
}

TEST(CommandLine, PlacesAreRefusedInWords) {
  EXPECT_EQ(refusal_of({"--pin=thread", "i"}),
            "berth: cannot pin ranks to 'thread'\n"
            "berth: hint: write none, pu, core, l3, numa, socket or auto");
  EXPECT_EQ(refusal_of({"--pin-map=cyclic", "i"}),
            "berth: cannot place ranks 'cyclic'\nberth: hint: write packed, spread, or the CPUs of "
            "each rank: --pin-map=0-7:8-15, --pin-map=0xff:0xff00");
  for (const char* wrong : {"", "a,,b", "a b", "\x1b"})
    EXPECT_NE(refusal_of({std::string("--pin-near=") + wrong, "i"})
                  .find("hint: write gpu, nic, none, or devices"),
              std::string::npos)
        << wrong;
  for (const std::string two : {"gpu,nic", "nic,gpu", "mlx5_0,gpu", "none,nic", "gpu,gpu"})
    EXPECT_EQ(refusal_of({"--pin-near=" + two, "i"}),
              "berth: cannot place ranks near '" + two +
                  "': it is one kind of devices, or names\n"
                  "berth: hint: write --pin-near=gpu, and leave it to the MPI to choose a network "
                  "card near there; or name each rank's device in turn: --pin-near=mlx5_0,3b:00.0");
  EXPECT_EQ(refusal_of({"--mem-bind=near", "i"}),
            "berth: cannot take memory from 'near'\n"
            "berth: hint: write local, interleave, none, or the numbers of memory nodes: "
            "--mem-bind=0-1,4");
  EXPECT_EQ(refusal_of({"--plan=png", "i"}),
            "berth: cannot show a plan as 'png'\n"
            "berth: hint: write --plan, or who is where with --plan=txt or --plan=svg");
  EXPECT_EQ(refusal_of({"--topology=", "i"}),
            "berth: cannot read a topology from ''\n"
            "berth: hint: name a file that 'lstopo --of xml' has written");
  for (const char* wrong : {"0", "-1", "x", "", "65537", "99999999999999999999", "4 "})
    EXPECT_EQ(refusal_of({std::string("--ranks=") + wrong, "i"}),
              "berth: cannot plan for '" + std::string(wrong) +
                  "' ranks on a node\nberth: hint: write a whole number from 1 to 65536")
        << wrong;
}

TEST(CommandLine, IsolationIsRefusedInWords) {
  EXPECT_EQ(refusal_of({"--hostname", "a b", "i"}),
            "berth: cannot name a container 'a b'\n"
            "berth: hint: a host name has up to 64 letters, digits, '-' and '.'");
  for (const std::string& wrong : {std::string(), std::string("-x"), std::string(65, 'a')})
    EXPECT_NE(refusal_of({"--hostname=" + wrong, "i"}), "accepted") << wrong;
  EXPECT_EQ(refusal_of({"--hostname", std::string(64, 'a'), "i"}), "accepted");
  EXPECT_EQ(refusal_of({"--net=bridge", "i"}),
            "berth: cannot use 'bridge' as --net\nberth: hint: write host, none or private");
  EXPECT_EQ(parse_command_line({"--net=private", "i"})->net, Net::own);
  for (const std::string wrong : {"", "1.5", "1h", "99999999999999999999"})
    EXPECT_EQ(refusal_of({"--time-offset=" + wrong, "i"}),
              "berth: cannot shift clocks by " + quote(wrong) +
                  "\nberth: hint: write a whole number of seconds: --time-offset=-3600");
}

TEST(CommandLine, AVariableNeedsAName) {
  const auto refused = [](const std::string& value, const std::string& hint) {
    return "berth: cannot use " + quote(value) + " as a variable\nberth: hint: write " + hint;
  };
  for (const std::string wrong : {"", "=", "=x"}) {
    EXPECT_EQ(refusal_of({"--env=" + wrong, "i"}), refused(wrong, "--env NAME=VALUE"));
    EXPECT_EQ(refusal_of({"--unset-env=" + wrong, "i"}),
              refused(wrong, "--unset-env NAME, which may have '*' in it"));
  }
  for (const std::string wrong : {"", "=", "A=1"})
    EXPECT_EQ(refusal_of({"--explain-env=" + wrong, "i"}), refused(wrong, "--explain-env NAME"));
  EXPECT_NE(refusal_of({"--unset-env=A=1", "i"}), "accepted");
  for (const std::string option : {"--env-prepend", "--env-append"})
    for (const std::string wrong : {"", "=", "=x", "A"})
      EXPECT_EQ(refusal_of({option, wrong, "i"}), refused(wrong, option + " NAME=VALUE"));
  EXPECT_NE(refusal_of({"--env-change=env=A=1", "i"}), "accepted");
}

TEST(CommandLine, APlaceInsideIsBelowTheRootAndHasNoDots) {
  for (const std::string option : {"--mask", "--read-only-path"})
    for (const std::string wrong : {"", "/", "//", "/.", "data", "./data", "/../data", "/a/.."})
      EXPECT_EQ(refusal_of({option, wrong, "i"}),
                "berth: cannot find the place " + quote(wrong) +
                    " in a container\nberth: hint: name a place below '/' without '..'");
  auto request = parse_command_line({"--mask=/a", "--mask", "/b/..c/", "--read-only-path=/d", "i"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->masked, (Words{"/a", "/b/..c/"}));
  EXPECT_EQ(request->write_locked, (Words{"/d"}));
}

TEST(CommandLine, ANameImpliesANamespaceForIt) {
  EXPECT_TRUE(parse_command_line({"--hostname", "box", "i"})->own_hostname);
  EXPECT_EQ(parse_command_line({"--net=none", "--net=host", "i"})->net, Net::host);
}

TEST(Limits, AreNumbersOrNone) {
  EXPECT_EQ(*parse_limit("nofile=10:20"), (Limit{RLIMIT_NOFILE, 10, 20}));
  EXPECT_EQ(*parse_limit("stack=8388608"), (Limit{RLIMIT_STACK, 8388608, 8388608}));
  EXPECT_EQ(*parse_limit("core=0:-1"), (Limit{RLIMIT_CORE, 0, RLIM_INFINITY}));
  EXPECT_EQ(*parse_limit("core=unlimited"), (Limit{RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY}));
  for (const ResourceName& one : kResources)
    EXPECT_EQ(to_limit_text(*parse_limit(std::string(one.name) + "=1:-1")),
              std::string(one.name) + "=1:unlimited");
  for (const char* wrong : {"",
                            "nofile",
                            "nofile=",
                            "nofile=1:",
                            "nofile=:1",
                            "nofile=1:2:3",
                            "nofile=-2",
                            "nofile=1k",
                            "nofile= 1",
                            "files=1",
                            "=1",
                            "nofile=99999999999999999999",
                            "nofile=2:1",
                            "nofile=unlimited:1"})
    EXPECT_FALSE(parse_limit(wrong)) << wrong;
}

TEST(Limits, AreRefusedInWords) {
  EXPECT_EQ(refusal_of({"--ulimit", "nofiles=1", "i"}),
            "berth: cannot use 'nofiles=1' as a limit\nberth: hint: did you mean nofile?");
  EXPECT_EQ(refusal_of({"--ulimit", "nofile", "i"}),
            "berth: cannot use 'nofile' as a limit\n"
            "berth: hint: write --ulimit NAME=SOFT[:HARD], and see man berth-run for the names");
  EXPECT_EQ(refusal_of({"--ulimit", "nofile=2:1", "i"}),
            "berth: cannot use 'nofile=2:1' as a limit\n"
            "berth: hint: the first number cannot be above the second");
  EXPECT_EQ(refusal_of({"--ulimit", "nofile=many", "i"}),
            "berth: cannot use 'nofile=many' as a limit\n"
            "berth: hint: write whole numbers, or unlimited: --ulimit nofile=1024:4096");
  for (const std::string wrong : {"", "8", "-1", "1000", "u=rw", "0o22"})
    EXPECT_EQ(refusal_of({"--umask=" + wrong, "i"}),
              "berth: cannot use " + quote(wrong) +
                  " as a umask\nberth: hint: write up to three octal digits: --umask 027");
}

TEST(Limits, OfTwoOnOneResourceTheLastWins) {
  const auto limits = [](const Words& words) { return parse_command_line(words)->limits; };
  EXPECT_EQ(limits({"--ulimit=cpu=1", "--ulimit=core=0", "--ulimit=cpu=2", "i"}),
            (std::vector<Limit>{{RLIMIT_CORE, 0, 0}, {RLIMIT_CPU, 2, 2}}));
  EXPECT_EQ(limits({"--ulimit=cpu=1", "--ulimit=host", "i"}), std::vector<Limit>{});
}

TEST(Time, IsAWholeNumberWithAUnit) {
  for (const auto& [text, seconds] : {std::pair("90", 90U),
                                      std::pair("90s", 90U),
                                      std::pair("10m", 600U),
                                      std::pair("2h", 7200U),
                                      std::pair("1d", 86400U),
                                      std::pair("0", 0U)})
    EXPECT_EQ(*parse_duration(text), seconds) << text;
  for (const std::string wrong :
       {"", "s", "-1", "1.5h", "1h30m", " 1", "99999999999999999999d", "9999999999999d"})
    EXPECT_EQ(refusal_of({"--timeout=" + wrong, "i"}),
              "berth: cannot use " + quote(wrong) +
                  " as a time\nberth: hint: write a whole number of seconds, or one with m, h or "
                  "d: 90, 10m");
  EXPECT_EQ(refusal_of({"--stop-signal=SIGFOO", "i"}),
            "berth: cannot use 'SIGFOO' as a signal\n"
            "berth: hint: write a name or a number: --stop-signal SIGINT");
  EXPECT_EQ(parse_command_line({"--stop-signal=int", "i"})->stop_signal, 2);
}

TEST(Bind, RefusesWhatItCannotMean) {
  EXPECT_TRUE(parse_bind("/a"));
  EXPECT_EQ(parse_bind("./a:/b")->from, "./a");
  for (const char* wrong : {"", ":/b", "/a:b", "a", "/a:/b:fast", "/a:/b:ro:x"})
    EXPECT_FALSE(parse_bind(wrong)) << wrong;
}

TEST(Size, IsAWholeNumberWithAUnit) {
  EXPECT_EQ(*parse_size("512M"), 512ULL << 20);
  EXPECT_EQ(*parse_size("4096"), 4096ULL);
  for (const char* wrong : {"", "0", "M", "1.5G", "-1", "1GB", "99999999999T", " 1"})
    EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(RequestText, GivesEveryFieldBack) {
  Request request;
  request.image = "/data/my image;1.sqsh";
  request.command = {"app", "", "100%", "a\nb", "\xff"};
  request.entrypoint = "";
  request.binds = {{"/a", "/b", kReadOnly}, {"/c", "/c"}};
  using Kind = EnvChange::Kind;
  request.env = {{Kind::set, "A=b;c"},
                 {Kind::unset, "SLURM_*"},
                 {Kind::file, "vars=1"},
                 {Kind::take, "HOME"},
                 {Kind::append, "A=%"},
                 {Kind::prepend, "A==\n"},
                 {Kind::set, "A="}};
  request.explain_env = "A B";
  request.explain_mpi = true;
  request.workdir = "/w";
  request.home = Home::none;
  request.share = Share::node;
  request.overlay = "my changes";
  request.masked = {"/m", "/with space"};
  request.write_locked = {"/l"};
  request.tmpfs_bytes = 1 << 20;
  request.writable = request.unverified = request.read_only = request.as_root = request.clean_env =
      request.plan_only = true;
  request.verbose = request.quiet = true;
  request.own_pids = request.with_init = request.own_ipc = request.own_cgroups = true;
  request.own_hostname = true;
  request.hostname = "box";
  request.net = Net::own;
  request.tmp = Tmp::none;
  request.private_overlay = true;
  request.cwd = Cwd::none;
  request.time_offset = -7;
  request.limits = {{RLIMIT_NOFILE, 10, 20}, {RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY}};
  request.umask = 027;
  request.timeout = 90;
  request.stop_timeout = 0;
  request.stop_signal = 2;
  request.step_key = "0123";
  request.root_hashes = {std::string(64, 'b'), "-"};
  const std::string text = to_text(request);
  EXPECT_EQ(text.find_first_of(" \n'\"\\$`"), std::string::npos) << text;
  auto again = parse_request_text(text);
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(*again, request);
}

TEST(RequestText, LooksLikeThis) {
  Request request;
  request.image = "/a b.sqsh";
  request.read_only = true;
  request.command = {"app"};
  EXPECT_EQ(to_text(request), "1;image=/a%20b.sqsh;read-only;command=app");
}

TEST(RequestText, RefusesWhatItDoesNotKnow) {
  for (const std::string text : {"",
                                 "2;image=/a",
                                 "1",
                                 "1;image=",
                                 "1;image=/a;colour=red",
                                 "1;image=%0",
                                 "1;image=%00",
                                 "1;image=%zz",
                                 "1;image=/a;env-change",
                                 "1;image=/a;env-change=env",
                                 "1;image=/a;env-change=env=",
                                 "1;image=/a;env-change=bind=/a",
                                 "1;image=/a;share=all"})
    EXPECT_FALSE(parse_request_text(text)) << text;
  EXPECT_FALSE(parse_request_text("1;image=" + std::string(200UL * 1024, 'a')));
}

TEST(SlurmsWords, AreTheOptionsWithTheirPrefix) {
  EXPECT_EQ(in_slurms_words("--memory is more than that"), "--container-memory is more than that");
  EXPECT_EQ(in_slurms_words("leave --root-hash or '--no-verify' out"),
            "leave --container-root-hash or '--container-no-verify' out");
  EXPECT_EQ(in_slurms_words("write --mem-bind=0 (--pin)"),
            "write --container-mem-bind=0 (--container-pin)");
  EXPECT_EQ(in_slurms_words("--env"), "--container-env");
  EXPECT_EQ(in_slurms_words("use '--bind=/a:/b': it is no directory"),
            "use '--container-bind=/a:/b': it is no directory");
  EXPECT_EQ(in_slurms_words("the image's user: start it with srun, or write --user"),
            "the image's user: start it with srun, or write --container-user");
  EXPECT_EQ(in_slurms_words("berth cannot use --memory"), "berth cannot use --container-memory");
  EXPECT_EQ(in_slurms_words("use '/data/--root/x.sqsh' with --root"),
            "use '/data/--root/x.sqsh' with --container-root");
}

TEST(SlurmsWords, LeaveOthersOptionsAlone) {
  for (const std::string text : {"berth run --explain-mpi says what was found",
                                 "mpirun --bind-to none",
                                 "srun --cpu-bind=none, srun --pin",
                                 "use --container-memory",
                                 "start it without --rm",
                                 "usermod --add-subuids 1-2",
                                 "a -- b --",
                                 "start it with systemd-run --user --scope -p Delegate=yes",
                                 "start it with 'systemd-run --user --scope', or ask",
                                 "srun --mem and --memory",
                                 "start it as '/opt/bin/berth run --root'",
                                 "open '/data/--root/x.sqsh'",
                                 "open '/a b --root' (--x)",
                                 "x--env"})
    EXPECT_EQ(in_slurms_words(text), text);
}

}  // namespace
}  // namespace berth::request
