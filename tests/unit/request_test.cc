// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/request/options.h"
#include "launcher/request/request_text.h"

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
    EXPECT_EQ(request->binds[0], (Bind{"/a", "/b", true}));
  }
}

TEST(CommandLine, RefusalsReadLikeThis) {
  EXPECT_EQ(refusal_of({"--red-only", "i"}),
            "berth: cannot understand the option '--red-only'\n"
            "berth: hint: did you mean --read-only?");
  EXPECT_EQ(refusal_of({"-z", "i"}),
            "berth: cannot understand the option '-z'\nberth: hint: see berth run --help");
  EXPECT_EQ(refusal_of({"--plan=yes", "i"}),
            "berth: cannot give '--plan' a value\nberth: hint: it is a switch");
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
  request.binds = {{"/a", "/b", true}, {"/c", "/c", false}};
  request.env = {"A=b;c", "HOME"};
  request.env_files = {"vars"};
  request.workdir = "/w";
  request.home = Home::none;
  request.share = Share::node;
  request.overlay = "my changes";
  request.tmpfs_bytes = 1 << 20;
  request.unverified = request.read_only = request.as_root = request.clean_env = request.plan_only =
      true;
  request.verbose = request.quiet = true;
  request.step_key = "0123";
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
                                 "1;image=/a;share=all"})
    EXPECT_FALSE(parse_request_text(text)) << text;
  EXPECT_FALSE(parse_request_text("1;image=" + std::string(200UL * 1024, 'a')));
}

}  // namespace
}  // namespace berth::request
