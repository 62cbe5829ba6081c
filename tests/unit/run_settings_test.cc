// SPDX-License-Identifier: Apache-2.0
// What the site's and the user's run.conf settle, and who wins.
#include "launcher/request/run_settings.h"

#include "launcher/request/options.h"
#include "launcher/request/request_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

using Texts = std::vector<std::string>;

/// What becomes of a command line, in words: the request as text, an error, and what is in vain.
struct Outcome {
  std::string text;
  Texts in_vain = {};
};

RunSettings settings_of(const std::string& site, const std::string& user) {
  auto of_site = parse_run_settings(site, "/site", Whose::site);
  auto of_user = parse_run_settings(user, "/user", Whose::user);
  EXPECT_TRUE(of_site) << to_text(of_site.error());
  EXPECT_TRUE(of_user) << to_text(of_user.error());
  return {*of_site, *of_user};
}

Outcome settled(const std::string& site, const std::string& user, Texts words) {
  words.emplace_back("i");
  const RunSettings settings = settings_of(site, user);
  auto request = parse_command_line(words, *make_preset_request(settings));
  EXPECT_TRUE(request);
  auto in_vain = apply_rules(settings, *options_given_in(words), *request);
  if (!in_vain) return {to_text(in_vain.error())};
  return {to_text(*request), *in_vain};
}

std::string refusal_of(const std::string& text, Whose whose = Whose::site) {
  const auto settings = parse_run_settings(text, "/f", whose);
  return settings ? "accepted" : to_text(settings.error());
}

TEST(RunSettings, WinFromSiteToUserToCommandLine) {
  const std::string site = "default net=none\ndefault share=none\n";
  EXPECT_EQ(settled(site, "", {}).text, "1;image=i;net=none;share=none");
  EXPECT_EQ(settled(site, "default share=node", {}).text, "1;image=i;net=none;share=node");
  EXPECT_EQ(settled(site, "default share=node", {"--share=auto"}).text, "1;image=i;net=none");
}

TEST(RunSettings, ListsGrowInThisOrder) {
  EXPECT_EQ(settled("default bind=/a:/s\ndefault env=A=site\nlock env=A=last",
                    "default bind=/a:/u\ndefault env-append=A=user",
                    {"-v", "/a:/c", "--unset-env", "B*"})
                .text,
            "1;image=i;mount=type=bind,src=/a,dst=/s;mount=type=bind,src=/a,dst=/u;"
            "mount=type=bind,src=/a,dst=/c;env-change=env=A=site;env-change=env-append=A=user;"
            "env-change=unset-env=B%2a;env-change=env=A=last");
}

TEST(RunSettings, VariablesKnowTheirLine) {
  const auto request = make_preset_request(settings_of("\ndefault env=A=1", "default env-file=f"));
  EXPECT_EQ(request->env,
            (std::vector<EnvChange>{{EnvChange::Kind::set, "A=1", "/site", 2},
                                    {EnvChange::Kind::file, "f", "/user", 1}}));
}

TEST(RunSettings, WhatIsLockedStaysAndIsSaidToBeInVain) {
  const std::string site = "# ours\nlock home=none\nlock read-only\nlock bind=/scratch";
  const std::string both =
      "1;image=i;mount=type=bind,src=/scratch,dst=/scratch;home=none;read-only";
  Outcome outcome = settled(site, "", {});
  EXPECT_EQ(outcome.text, both);
  EXPECT_EQ(outcome.in_vain, Texts{});
  outcome = settled(site, "default home=host", {"--home=host", "--home=none", "--read-only"});
  EXPECT_EQ(outcome.text, both);
  EXPECT_EQ(outcome.in_vain,
            (Texts{"continuing without --home=host in '/user:1': the site has locked it (/site:2)",
                   "continuing without '--home=host': the site has locked it (/site:2)"}));
}

TEST(RunSettings, WhatIsForbiddenIsRefused) {
  const std::string site = "forbid share=node\nforbid bind\nforbid root\nforbid env";
  const auto refused = [](const std::string& what, const std::string& line) {
    return "berth: cannot use " + what + ": the site forbids it (/site:" + line +
           ")\nberth: hint: leave it out";
  };
  EXPECT_EQ(settled(site, "", {"--share=node"}).text, refused("'--share=node'", "1"));
  EXPECT_EQ(settled(site, "", {"-v", "/a"}).text, refused("'--bind=/a'", "2"));
  EXPECT_EQ(settled(site, "default root", {}).text, refused("--root in '/user:1'", "3"));
  EXPECT_EQ(settled(site, "", {"--share=none"}).text, "1;image=i;share=none");
  const std::string right = "forbid cap-add=SYS_ADMIN\nforbid mount=type=bind,src=/a,dst=/b";
  for (const std::string value : {"SYS_ADMIN", "cap_sys_admin", "NET_RAW,SYS_ADMIN", "ALL"})
    EXPECT_EQ(settled(right, "", {"--cap-add=" + value}).text,
              refused("'--cap-add=" + value + "'", "1"));
  EXPECT_EQ(settled(right, "", {"--cap-add=NET_RAW"}).text, "1;image=i;cap-add=NET_RAW");
  EXPECT_EQ(settled(right, "", {"-v", "/a:/b"}).text, refused("'--bind=/a:/b'", "2"));
  const std::string hook = "forbid hook=fabric\nforbid hook=ssh";
  for (const std::string value : {"fabric", "fabric:/opt/lib/libfabric.so.1"})
    EXPECT_EQ(settled(hook, "", {"--hook=" + value}).text, refused("'--hook=" + value + "'", "1"));
  EXPECT_EQ(settled("forbid hook=fabric:/a", "", {"--hook=fabric:/b"}).text,
            "1;image=i;hook=fabric:/b")
      << "one library is not the others";
  EXPECT_EQ(settled("forbid net=host", "", {"--net=none"}).text, "1;image=i;net=none");
  EXPECT_EQ(settled("forbid net=host", "", {"--net=host"}).text, refused("'--net=host'", "1"));
  EXPECT_EQ(settled("forbid env\ndefault env=A=1", "", {}).text, "1;image=i;env-change=env=A=1");
}

TEST(RunSettings, WhatIsRequiredHasToBeSaidBySomebody) {
  const auto refusal = [](const std::string& option, const std::string& hint) {
    return "berth: cannot run without '" + option + "': the site requires it (/site:1)\n" +
           "berth: hint: give it" + hint;
  };
  const std::string mount = "require bind=/scratch:/s:ro";
  EXPECT_EQ(settled(mount, "", {}).text,
            refusal("--bind=/scratch:/s:ro", ": --bind=/scratch:/s:ro"));
  EXPECT_EQ(settled(mount, "", {"-v", "/scratch:/s"}).text,
            refusal("--bind=/scratch:/s:ro", ": --bind=/scratch:/s:ro"));
  const std::string met = "1;image=i;mount=type=bind,src=/scratch,dst=/s,ro";
  EXPECT_EQ(settled(mount, "", {"-v", "/scratch:/s:ro"}).text, met);
  EXPECT_EQ(settled(mount, "", {"--mount", "type=bind,readonly,dst=/s,src=/scratch"}).text, met)
      << "whatever option says it";
  EXPECT_EQ(settled(mount, "default bind=/scratch:/s:ro", {}).text, met);
  EXPECT_EQ(settled(mount + "\ndefault bind=/scratch:/s:ro", "", {}).text, met);
  EXPECT_EQ(settled(mount, "", {"-v", "/scratch:/s:ro", "--tmpfs", "/s"}).text,
            refusal("--bind=/scratch:/s:ro", ": --bind=/scratch:/s:ro"))
      << "nobody would see it";
  for (const std::string value : {"NET_RAW", "SYS_ADMIN,NET_RAW", "ALL"})
    EXPECT_EQ(settled("require cap-drop=net_raw", "", {"--cap-drop=" + value}).text.substr(0, 9),
              "1;image=i");
  EXPECT_EQ(settled("require net=none", "", {"--net=private"}).text,
            refusal("--net=none", ": --net=none"));
  EXPECT_EQ(settled("require net=none", "", {"--net=none"}).text, "1;image=i;net=none");
  EXPECT_EQ(settled("require net=none", "", {"--net=none", "--net=host"}).text,
            refusal("--net=none", ": --net=none"))
      << "the last one counts";
  EXPECT_EQ(settled("require hook=fabric", "", {"--hook=ssh"}).text,
            refusal("--hook=fabric", ": --hook=fabric"));
  EXPECT_EQ(settled("require hook=fabric", "", {"--hook=fabric:/a"}).text,
            "1;image=i;hook=fabric:/a");
  EXPECT_EQ(settled("require timeout", "", {}).text,
            refusal("--timeout", " with a value of yours: --timeout=VALUE"));
  EXPECT_EQ(settled("require timeout", "", {"--timeout=90"}).text, "1;image=i;timeout=90");
  EXPECT_EQ(settled("require read-only", "", {}).text, refusal("--read-only", ": --read-only"));
  EXPECT_EQ(settled("require read-only", "", {"--read-only"}).text, "1;image=i;read-only");
}

TEST(RunSettings, HoldForTheRequestsOfSlurmToo) {
  const RunSettings settings = settings_of("forbid env-append\nlock net=none", "");
  const std::string text =
      "1;image=i;net=none;env-change=env-append=A=%3b;read-only;command=a;nosuch=1";
  const auto given = options_given_in_text(text);
  Texts names;
  for (const GivenOption& option : given)
    names.push_back(std::string(options()[option.row].name) + "=" + option.value);
  EXPECT_EQ(names, (Texts{"net=none", "env-append=A=;", "read-only="}));
  Request request;
  EXPECT_FALSE(apply_rules(settings, given, request));
  EXPECT_TRUE(apply_rules(settings, {given[0], given[2]}, request));
  EXPECT_EQ(request.net, Net::none);
}

TEST(RunSettings, BadLinesAreNamed) {
  EXPECT_EQ(refusal_of("\n  default  read-only \r\n#x\n\tlock\tnet=none"), "accepted");
  EXPECT_EQ(
      refusal_of("\nnet=none"),
      "berth: cannot use line 2 of '/f': 'net=none' is not how a line begins\n"
      "berth: hint: write default, lock, forbid or require, and then an option without its dashes");
  EXPECT_EQ(refusal_of("default red-only"),
            "berth: cannot use line 1 of '/f': berth cannot understand the option '--red-only'\n"
            "berth: hint: did you mean --read-only?");
  for (const std::string kind : {"default", "lock", "forbid", "require"})
    EXPECT_EQ(refusal_of(kind + " "),
              "berth: cannot use line 1 of '/f': no option follows\n"
              "berth: hint: write one without its dashes, say: lock net=none");
  EXPECT_EQ(refusal_of("lock share=all"),
            "berth: cannot use line 1 of '/f': berth cannot use 'all' as --share\n"
            "berth: hint: write auto, node or none");
  EXPECT_EQ(refusal_of("forbid net", Whose::user),
            "berth: cannot use line 1 of '/f': only the site can lock, forbid and require options\n"
            "berth: hint: write default");
  EXPECT_EQ(refusal_of(std::string("default env=A=b\0c", 17)),
            "berth: cannot use line 1 of '/f': it has a byte 0\n"
            "berth: hint: write the file as plain text");
  EXPECT_EQ(refusal_of("default plan"),
            "berth: cannot use line 1 of '/f': 'plan' is for command lines only");
  EXPECT_EQ(refusal_of("require net=host"),
            "berth: cannot use line 1 of '/f': '--net=host' is so by itself\n"
            "berth: hint: lock it instead");
  EXPECT_EQ(refusal_of("require env=A=1"),
            "berth: cannot use line 1 of '/f': another change of a variable may undo it\n"
            "berth: hint: lock it instead");
  EXPECT_EQ(refusal_of("require mount"),
            "berth: cannot use line 1 of '/f': of what adds up one has to be named\n"
            "berth: hint: write NAME=VALUE");
  EXPECT_EQ(refusal_of("default name box"),
            "berth: cannot use line 1 of '/f': berth cannot understand the option '--name box'\n"
            "berth: hint: see berth run --help");
  for (const std::string once : {"name=box", "detach"})
    EXPECT_EQ(refusal_of("default " + once),
              "berth: cannot use line 1 of '/f': '" + once + "' is for command lines only");
  for (const char* wrong : {"default",
                            "require",
                            "require bind",
                            "require bind=a:b",
                            "require nosuch",
                            "lock",
                            "forbid",
                            "default net",
                            "default read-only=1",
                            "forbid nosuch",
                            "forbid step-key",
                            "default step-key=1",
                            "default env-change=env=A=1",
                            "lock help",
                            "default explain-env=A",
                            "default explain-mpi=1",
                            "default -q",
                            "default --net=none"})
    EXPECT_NE(refusal_of(wrong), "accepted") << wrong;
}

TEST(RunFiles, AreTheSitesAndTheUsersOwn) {
  const auto user = [](const Texts& environment) { return run_files_for(environment).user; };
  EXPECT_EQ(user({"HOME=/h"}), "/h/.config/berth/run.conf");
  EXPECT_EQ(user({"HOME=/h", "XDG_CONFIG_HOME=/c"}), "/c/berth/run.conf");
  EXPECT_EQ(user({"HOME=/h", "XDG_CONFIG_HOME=c"}), "/h/.config/berth/run.conf");
  EXPECT_EQ(user({"HOME=/h", "BERTH_RUN_CONFIG=/n"}), "/n");
  EXPECT_EQ(user({"HOME=/h", "BERTH_RUN_CONFIG="}), "");
  EXPECT_EQ(user({"HOME=h"}), "");
  EXPECT_EQ(run_files_for({"BERTH_SITE_RUN_CONFIG=/x"}).site, "/etc/berth/run.conf");
}

/// Files in a folder of the test's own.
class RunFilesOnDisk : public testing::Test {
 protected:
  RunFilesOnDisk() {
    std::string pattern = testing::TempDir() + "berth-conf-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    files_.site = folder_ + "/none";
    files_.elsewhere = folder_ + "/site";
    files_.user = folder_ + "/user";
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(folder_ + "/" + name) << text;
    ASSERT_EQ(::chmod((folder_ + "/" + name).c_str(), mode), 0);
  }

  [[nodiscard]] std::string trouble() const {
    const auto settings = read_run_settings(files_);
    return settings ? "" : to_text(settings.error());
  }

  std::string folder_;
  RunFiles files_;
};

TEST_F(RunFilesOnDisk, NeedNotBeThere) {
  EXPECT_TRUE(read_run_settings(files_)->are_empty());
  files_.user = folder_ + "/none/at/all";
  EXPECT_TRUE(read_run_settings(files_)->are_empty());
  write("plain", "");
  files_.user = folder_ + "/plain/run.conf";
  EXPECT_TRUE(read_run_settings(files_)->are_empty());
  files_.is_user_named = true;
  files_.user = folder_ + "/none";
  EXPECT_EQ(trouble(),
            "berth: cannot read '" + folder_ + "/none': open: No such file or directory (ENOENT)");
}

TEST_F(RunFilesOnDisk, AreReadWhereTheyAre) {
  write("site", "lock net=none");
  write("user", "default read-only\ndefault quiet", 0666);
  EXPECT_EQ(read_run_settings(files_)->site.size(), 1U);
  EXPECT_EQ(read_run_settings(files_)->user.size(), 2U);
}

TEST_F(RunFilesOnDisk, OfTheSiteAreRootsAndNoVariableTakesThemAway) {
  write("none", "lock net=none");
  write("site", "default net=host");
  // Somebody's who is not root: whoever runs the test, or, where that is root, another one.
  const uid_t somebody = ::getuid() == 0 ? 4242 : ::getuid();
  ASSERT_EQ(::chown(files_.site.c_str(), somebody, ::getgid()), 0);
  const std::string quoted = "'" + files_.site + "'";
  EXPECT_EQ(trouble(),
            "berth: cannot obey " + quoted + ": others than root can write it\n" +
                "berth: hint: as root: chown root " + quoted + "; chmod go-w " + quoted);
}

TEST_F(RunFilesOnDisk, OfTheSiteAreWrittenByNobodyElse) {
  const std::string begin = "berth: cannot obey '" + files_.elsewhere + "': others than root";
  for (const mode_t mode : {0664U, 0646U}) {
    write("site", "lock net=none", mode);
    EXPECT_TRUE(trouble().starts_with(begin)) << trouble();
  }
}

TEST_F(RunFilesOnDisk, HaveToBeFilesOfSomeSize) {
  std::filesystem::create_directory(files_.user);
  EXPECT_NE(trouble(), "");
  std::filesystem::remove(files_.user);
  ASSERT_EQ(::mkfifo(files_.user.c_str(), 0600), 0);
  EXPECT_EQ(trouble(), "berth: cannot read '" + files_.user + "': it is not a regular file");
  std::filesystem::remove(files_.user);
  write("user", std::string(70000, '#'));
  EXPECT_NE(trouble().find("larger than"), std::string::npos);
}

}  // namespace
}  // namespace berth::request
