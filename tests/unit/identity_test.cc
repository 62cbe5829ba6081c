// SPDX-License-Identifier: Apache-2.0
// Who the program is inside, which numbers are mapped for him, and whom hostile files of an image
// cannot make of him.
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"
#include "launcher/survey/survey.h"
#include "tests/unit/plan_case.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using tests::make_launch;

constexpr unsigned kMost = std::numeric_limits<unsigned>::max();

Launch launch_of(std::vector<std::string> words) {
  words.emplace_back("i");
  Launch launch = *make_launch(words);
  launch.image.passwd =
      "root:x:0:0:root:/root:/bin/bash\n"
      "pg:x:999:998:Postgres:/var/lib/pg:/bin/sh\n"
      "short:x:5\n"
      "word:x:five:5::/:\n"
      "minus:x:-5:5::/:\n"
      "nobody:x:4294967295:5::/:\n"
      "nogroup:x:7:none::/:\n"
      "relative:x:8:998::home:/bin/sh\n"
      "7777:x:9:998::/digits:/bin/sh";
  launch.image.group = "root:x:0:\npg:x:998:\nstaff:x:50:ada,pg\nstaff:x:51:\n";
  launch.facts.subordinate = {{{100000, 65536}}, {{100000, 65536}}};
  return launch;
}

/// "999:998 pg pg /var/lib/pg", or the error.
std::string identity_for(const std::vector<std::string>& words) {
  const auto found = find_identity(launch_of(words));
  if (!found) return to_text(found.error());
  return std::to_string(found->ids.uid) + ":" + std::to_string(found->ids.gid) + " " + found->name +
         " " + found->group + " " + found->home;
}

TEST(Identity, IsWhatTheImageSaysOfANameOrANumber) {
  EXPECT_EQ(identity_for({"--user=pg"}), "999:998 pg pg /var/lib/pg");
  EXPECT_EQ(identity_for({"--user=999"}), "999:998 pg pg /var/lib/pg");
  EXPECT_EQ(identity_for({"-u", "pg:staff"}), "999:50 pg staff /var/lib/pg");
  EXPECT_EQ(identity_for({"--user=pg:12"}), "999:12 pg 12 /var/lib/pg");
  EXPECT_EQ(identity_for({"--user=0"}), "0:0 root root /root");
  EXPECT_EQ(identity_for({"--user=relative"}), "8:998 relative pg /");
}

TEST(Identity, KeepsTheCallersGroupWhereTheImageKnowsNobody) {
  EXPECT_EQ(identity_for({"--user=1234"}), "1234:100 1234 users /");
  EXPECT_EQ(identity_for({"--user=1234:100"}), "1234:100 1234 users /");
  EXPECT_EQ(identity_for({"--user=7777"}), "7777:100 7777 users /");  // a number is no name
  EXPECT_EQ(identity_for({"--user=4294967294"}), "4294967294:100 4294967294 users /");
}

TEST(Identity, IsRefusedWhereTheImageDoesNotSayIt) {
  for (const char* name : {"ada", "short", "word", "minus", "nobody"})
    EXPECT_EQ(identity_for({std::string("--user=") + name}),
              "berth: cannot run as '" + std::string(name) + "': the image has no user '" + name +
                  "'\nberth: hint: name one of the image's /etc/passwd, or give numbers: --user "
                  "UID[:GID]");
  EXPECT_EQ(identity_for({"--user=pg:wheel"}),
            "berth: cannot run as 'pg:wheel': the image has no group 'wheel'\n"
            "berth: hint: name one of the image's /etc/group, or give numbers: --user UID[:GID]");
  EXPECT_EQ(identity_for({"--user=nogroup"}),
            "berth: cannot run as 'nogroup': the image has no group 'none'\n"
            "berth: hint: name one of the image's /etc/group, or give numbers: --user UID[:GID]");
}

TEST(Identity, CannotBeAskedForInWordsThatMeanNothing) {
  for (const char* bad : {"",
                          ":",
                          "pg:",
                          ":pg",
                          "a:b:c",
                          "4294967295",
                          "0:4294967295",
                          "-u",
                          "99999999999999999999",
                          "a\nb",
                          "a/b"}) {
    const auto launch = make_launch({std::string("--user=") + bad, "i"});
    ASSERT_FALSE(launch) << bad;
    EXPECT_EQ(to_text(launch.error()),
              "berth: cannot run as user " + quote(bad) +
                  "\nberth: hint: write a name of the image's or a number below 4294967295, and "
                  "maybe a group: --user ada:staff");
  }
}

TEST(Identity, IsOneUnlessMoreNumbersAreMapped) {
  EXPECT_TRUE(check_user(launch_of({"--root", "--user=pg", "--subuid"}).request));
  EXPECT_TRUE(check_user(launch_of({"--user=pg"}).request));
  EXPECT_EQ(to_text(check_user(launch_of({"--root", "--user=pg"}).request).error()),
            "berth: cannot be root and user 'pg' at once: one number is mapped\n"
            "berth: hint: leave out --root or --user, or map more numbers: --subuid");
}

TEST(Identity, TravelsToThoseWhoJoin) {
  const Identity identity{{999, 998}, "pg", "staff", "/var/lib/pg"};
  const auto heard = parse_identity(to_text(identity));
  ASSERT_TRUE(heard);
  EXPECT_EQ(to_text(*heard), to_text(identity));
  EXPECT_EQ(heard->home, "/var/lib/pg");
  for (const char* bad : {"",
                          "\n",
                          "pg:x:999:998:pg:/:/bin/sh",
                          "pg:x:a:998:pg:/:/bin/sh\npg:x:1:",
                          "pg:x:999:998:pg:/:/bin/sh\npg:x::",
                          "a:b\nc:d"})
    EXPECT_FALSE(parse_identity(bad)) << bad;
}

std::string lines_of(const std::vector<IdExtent>& map) {
  std::string text;
  for (const IdExtent& one : map)
    text += std::to_string(one.inside) + " " + std::to_string(one.outside) + " " +
            std::to_string(one.count) + "\n";
  return text;
}

std::string users_mapped(const std::vector<IdRange>& given, bool as_root, unsigned own = 1000) {
  Launch launch = launch_of(as_root ? std::vector<std::string>{"--root", "--subuid"}
                                    : std::vector<std::string>{"--subuid"});
  launch.facts.uid = own;
  launch.facts.subordinate.users = given;
  return lines_of(maps_of(launch.request, launch.facts).users);
}

TEST(Maps, LeaveTheCallerHisNumberAndLayTheOthersAroundIt) {
  EXPECT_EQ(users_mapped({{100000, 65536}}, false),
            "1000 1000 1\n0 100000 1000\n1001 101000 64536\n");
  EXPECT_EQ(users_mapped({{100000, 65536}}, true), "0 1000 1\n1 100000 65536\n");
  EXPECT_EQ(users_mapped({{100, 10}, {500, 10}}, false, 15),
            "15 15 1\n0 100 10\n10 500 5\n16 505 5\n");
  EXPECT_EQ(users_mapped({{100, 10}, {500, 10}}, false, 10), "10 10 1\n0 100 10\n11 500 10\n");
  EXPECT_EQ(users_mapped({{100, 10}}, false, 70000), "70000 70000 1\n0 100 10\n");
}

TEST(Maps, EndWhereThereAreNoMoreNumbersOrLines) {
  EXPECT_EQ(users_mapped({{1, kMost - 1}, {7, 90}}, true), "0 1000 1\n1 1 4294967294\n");
  const std::vector<IdRange> many(1000, {100000, 1});
  const auto lines = split(users_mapped(many, true), '\n');
  EXPECT_EQ(lines.size(), 341U);  // the last one is empty
}

TEST(Maps, AreLookedIntoBeforeAnybodyIsMade) {
  EXPECT_EQ(identity_for({"--subuid", "--user=65536:65536"}), "65536:65536 65536 65536 /");
  EXPECT_EQ(identity_for({"--subuid", "--user=65537"}),
            "berth: cannot run as user 65537: what /etc/subuid gives you is used up at 65537\n"
            "berth: hint: choose a smaller number, or ask the administrator for more in "
            "/etc/subuid");
  EXPECT_EQ(identity_for({"--subuid", "--user=5:70000"}),
            "berth: cannot run as group 70000: what /etc/subgid gives you is used up at 65537\n"
            "berth: hint: choose a smaller number, or ask the administrator for more in "
            "/etc/subgid");
}

TEST(EtcFiles, NameTheProgramFirstAndThenWhoBuiltTheContainer) {
  Launch launch = launch_of({"--subuid", "--user=pg:staff"});
  launch.identity = *find_identity(launch);
  EXPECT_TRUE(
      make_passwd(launch).starts_with("pg:x:999:50:pg:/var/lib/pg:/bin/sh\n"
                                      "ada:x:1000:100:ada:/:/bin/sh\n"
                                      "root:x:0:0:"));
  EXPECT_TRUE(make_group(launch).starts_with("staff:x:50:\nusers:x:100:\nroot:x:0:\n"));
  launch.request.with_subordinates = false;
  EXPECT_TRUE(make_passwd(launch).starts_with("pg:x:999:50:pg:/home/ada:/bin/sh\nroot:x:0:0:"));
  EXPECT_TRUE(make_group(launch).starts_with("staff:x:50:\nroot:x:0:\n"));
}

TEST(Subordinates, AreTheLinesWithTheUsersNameOrNumber) {
  const std::string text =
      "eve:100000:65536\nada:200000:65536\n1000:300000:10\nada:1:0\nada:x:5\nada:5\n"
      "ada:4294967295:1\nada:4294967294:2\nada:4294967290:5\nada:-1:5\nada:9:9:9\n\n";
  EXPECT_EQ(survey::ranges_of(text, "ada", 1000, 1000),
            (std::vector<IdRange>{{200000, 65536}, {300000, 10}, {4294967290, 5}}));
  EXPECT_TRUE(survey::ranges_of(text, "ad", 100, 100).empty());
  EXPECT_TRUE(survey::ranges_of("", "ada", 1000, 1000).empty());
}

TEST(Subordinates, HaveNoNumberTwiceAndNotTheCallersOwn) {
  const std::string text =
      "ada:100000:65536\n1000:100000:65536\nada:165535:2\nada:900:200\nada:165536:5\n";
  EXPECT_EQ(survey::ranges_of(text, "ada", 1000, 1000),
            (std::vector<IdRange>{{100000, 65536}, {165536, 5}}));
  EXPECT_EQ(survey::ranges_of("ada:900:200\n", "ada", 1000, 100),
            (std::vector<IdRange>{{900, 200}}));
}

}  // namespace
}  // namespace berth::plan
