// SPDX-License-Identifier: Apache-2.0
// Verbs, run inside the test: what they print, where, and how they end.
#include "base/file.h"
#include "base/text.h"
#include "launcher/cli/verbs.h"
#include "launcher/request/options.h"
#include "launcher/survey/survey.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using Texts = std::vector<std::string>;

class Captured : public Streams {
 public:
  void out(std::string_view text) override { out_.append(text); }

  void err(std::string_view text) override { err_.append(text); }

  std::string out_;
  std::string err_;
};

struct Outcome {
  int code = 0;
  std::string out = {};
  std::string err = {};

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit " << outcome.code << "\nout: " << outcome.out << "\nerr: " << outcome.err;
}

Outcome berth(const Texts& words, Texts environment = {}) {
  Captured streams;
  Session session{streams, std::move(environment)};
  const int code = main_verb(words, session);
  return {code, streams.out_, streams.err_};
}

TEST(Help, GoesToStandardOutputWithExitCodeZero) {
  for (const Texts& words : {Texts{}, Texts{"--help"}, Texts{"-h"}, Texts{"help"}})
    EXPECT_EQ(berth(words), (Outcome{0, help_text(), ""}));
  for (const Texts& words : {Texts{"run", "--help"}, Texts{"run", "-h"}})
    EXPECT_EQ(berth(words), (Outcome{0, run_help_text(), ""}));
}

TEST(Help, FitsOnOneScreen) {
  for (const std::string& text : {help_text(), run_help_text()}) {
    const Texts lines = split(text, '\n');
    EXPECT_LE(lines.size(), 24U);
    for (const std::string& line : lines)
      EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(Version, IsOneLine) {
  const Outcome outcome = berth({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("berth ") && outcome.out.ends_with("\n")) << outcome.out;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
}

TEST(Verb, ThatNobodyKnowsIsAUsageErrorWithTheNearest) {
  EXPECT_EQ(berth({"imporf"}),
            (Outcome{2,
                     "",
                     "berth: cannot understand 'imporf'\n"
                     "berth: hint: did you mean berth import?\n"}));
  EXPECT_EQ(berth({"--versoin"}),
            (Outcome{2,
                     "",
                     "berth: cannot understand '--versoin'\n"
                     "berth: hint: did you mean berth --version?\n"}));
  EXPECT_EQ(berth({"img.sqsh", "ls"}),
            (Outcome{2,
                     "",
                     "berth: cannot understand 'img.sqsh'\n"
                     "berth: hint: see berth --help\n"}));
}

TEST(ContainerVerbs, HaveHelpAndRefuseWrongWords) {
  for (const std::string verb :
       {"ps", "inspect", "logs", "top", "pause", "resume", "kill", "stop", "wait", "rm", "exec"}) {
    const Outcome help = berth({verb, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(help.out.starts_with("usage: berth " + verb + " ")) << help.out;
    EXPECT_EQ(berth({verb, "--hlep"}),
              (Outcome{verb == "exec" ? 125 : 2,
                       "",
                       "berth: cannot understand the option '--hlep'\n"
                       "berth: hint: did you mean --help?\n"}));
  }
  EXPECT_EQ(berth({"stop"}),
            (Outcome{2,
                     "",
                     "berth: cannot understand so few words\n"
                     "berth: hint: write berth stop [OPTIONS] NAME...\n"}));
  EXPECT_EQ(berth({"logs", "a", "b"}).code, 2);
  EXPECT_EQ(berth({"exec", "a"}).code, 125);
  EXPECT_EQ(berth({"kill", "--signal=NONE", "a"}),
            (Outcome{2,
                     "",
                     "berth: cannot use 'NONE' as a signal\n"
                     "berth: hint: write a name or a number: --signal SIGINT\n"}));
}

TEST(Run, RefusesNamesThatAreNone) {
  const Outcome outcome = berth({"run", "--name", "../x", "i.sqsh"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(outcome.err.starts_with("berth: cannot call a container '../x'\n")) << outcome.err;
  EXPECT_EQ(berth({"run", "--name=", "i.sqsh"}).code, 125);
  EXPECT_TRUE(berth({"run", "--name=a", "--share=node", "i.sqsh"})
                  .err.starts_with("berth: cannot share a container that has a name"));
}

TEST(Run, RefusesWrongWordsBeforeTheProgramBegins) {
  EXPECT_EQ(berth({"run"}),
            (Outcome{125,
                     "",
                     "berth: cannot run without an image\n"
                     "berth: hint: write berth run IMAGE [COMMAND...]\n"}));
  EXPECT_EQ(berth({"run", "--bnid", "/a", "i.sqsh"}),
            (Outcome{125,
                     "",
                     "berth: cannot understand the option '--bnid'\n"
                     "berth: hint: did you mean --bind?\n"}));
  EXPECT_EQ(berth({"run", "--tmpfs-size=much", "i.sqsh"}),
            (Outcome{125,
                     "",
                     "berth: cannot use 'much' as a size\n"
                     "berth: hint: write a number with K, M, G or T\n"}));
}

/// A folder with things that are no images.
class Images : public testing::Test {
 protected:
  Images() {
    std::string pattern = testing::TempDir() + "berth-cli-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(Images, ThatAreMissingOrNoneAreRefusedInOneSentence) {
  std::ofstream(folder_ + "/text.sqsh") << "this is a text\n";
  std::ofstream(folder_ + "/empty.sqsh") << "";
  const std::string begin = "berth: cannot use '" + folder_;
  EXPECT_EQ(berth({"run", folder_ + "/none.sqsh"}),
            (Outcome{125,
                     "",
                     begin + "/none.sqsh' as an image: open: No such file or directory (ENOENT)\n"
                             "berth: hint: check the path; berth import makes an image\n"}));
  EXPECT_EQ(berth({"run", folder_ + "/text.sqsh/x"}).err,
            begin +
                "/text.sqsh/x' as an image: open: Not a directory (ENOTDIR)\n"
                "berth: hint: check the path; berth import makes an image\n");
  EXPECT_EQ(berth({"run", "/dev/null"}),
            (Outcome{125,
                     "",
                     "berth: cannot use '/dev/null' as an image: it is not a regular file\n"
                     "berth: hint: name a .sqsh file\n"}));
  for (const std::string name : {"/text.sqsh", "/empty.sqsh"}) {
    const Outcome outcome = berth({"run", folder_ + name});
    EXPECT_EQ(outcome.code, 125);
    EXPECT_TRUE(outcome.err.starts_with(begin + name + "' as an image: ")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Images, WhoseEnvFileIsMissingAreNotEvenOpened) {
  EXPECT_EQ(berth({"run", "--env-file", folder_ + "/none", folder_ + "/none.sqsh"}),
            (Outcome{125,
                     "",
                     "berth: cannot read '" + folder_ +
                         "/none': open: No such file or directory (ENOENT)\n"}));
}

/// The environment of a task of a Slurm step.
Texts task(const std::string& request, const std::string& local_rank = "0") {
  return {"BERTH_TASK=" + request,
          "SLURM_PROCID=7",
          "SLURM_LOCALID=" + local_rank,
          "SLURM_STEP_TASKS_PER_NODE=4"};
}

TEST(Task, WhoseRequestCannotBeReadIsRefused) {
  const std::string who = "berth[" + survey::node_name() + ":7]: ";
  const std::string hint =
      "\n" + who + "hint: use the plugin and the berth of one release on every node\n";
  const std::string begin = who + "cannot understand the request from Slurm: ";
  EXPECT_EQ(berth({"app"}, task("2;image=/i")), (Outcome{125, "", begin + "version '2'" + hint}));
  EXPECT_EQ(berth({"app"}, task("1;colour=red")),
            (Outcome{125, "", begin + "unknown field 'colour'" + hint}));
  EXPECT_EQ(berth({"app"}, task("1;image=%00")),
            (Outcome{125, "", begin + "bad escape in 'image'" + hint}));
  EXPECT_EQ(berth({"--help"}, task("1")), (Outcome{125, "", begin + "it names no image" + hint}))
      << "the program's words are not berth's";
}

TEST(Task, OnlyTheFirstOfItsNodeHasAHint) {
  EXPECT_EQ(berth({"app"}, task("2;image=/i", "1")).err,
            "berth[" + survey::node_name() +
                ":7]: cannot understand the request from Slurm: version '2'\n");
}

TEST(Task, OnANodeWithoutThePluginIsRefused) {
  EXPECT_EQ(
      berth({"run", "other.sqsh", "app"}, {"SLURM_BERTH_TASK=1;image=/i;command=app"}),
      (Outcome{125,
               "",
               "berth: cannot run this task in its container: Slurm's daemon on this node has "
               "not loaded berth's plugin\n"
               "berth: hint: ask the administrator to add berth.so to plugstack.conf of every "
               "node\n"}));
}

TEST_F(Images, InATaskTheLineSaysWhoseItIsAndOnlyTheFirstRankHints) {
  const std::string prefix = "berth[" + survey::node_name() + ":7]: ";
  const std::string request = "1;image=" + folder_ + "/none.sqsh";
  const std::string line = prefix + "cannot use '" + folder_ +
                           "/none.sqsh' as an image: open: No such file or directory (ENOENT)\n";
  EXPECT_EQ(
      berth({"app"}, task(request)),
      (Outcome{125, "", line + prefix + "hint: check the path; berth import makes an image\n"}));
  EXPECT_EQ(berth({"app"}, task(request, "1")), (Outcome{125, "", line}));
}

/// "-v--bindSRC[:DST[:ro]]": an option and its value without what differs between texts.
std::string bare(const std::string& text) {
  std::string kept;
  for (const char c : text)
    if (std::string(" ,\"\\").find(c) == std::string::npos) kept += c;
  return kept;
}

/// All rows for people, as bare() has them.
std::set<std::string> rows() {
  std::set<std::string> rows;
  for (const request::Option& option : request::options()) {
    if (option.help.empty()) continue;
    const std::string letter = option.letter != 0 ? std::string("-") + option.letter : "";
    rows.insert(bare(letter + "--" + std::string(option.name) + std::string(option.value)));
  }
  return rows;
}

TEST(RunHelp, SaysOfEachOptionWhatTheTableSays) {
  unsigned shown = 0;
  for (const std::string& line : split(run_help_text(), '\n')) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line[begin] != '-' || line.find("--") == line.npos) continue;
    const std::size_t end = line.find("  ", begin);
    ASSERT_NE(end, std::string::npos) << line;
    EXPECT_EQ(rows().count(bare(line.substr(begin, end - begin))), 1U) << line;
    const std::string help = line.substr(line.find_first_not_of(' ', end));
    const auto& table = request::options();
    EXPECT_TRUE(std::any_of(table.begin(), table.end(), [&](const auto& option) {
      return option.help == help;
    })) << help;
    ++shown;
  }
  EXPECT_GE(shown, 5U);
}

/// The heads of the paragraphs below OPTIONS, as bare() has them.
std::set<std::string> options_of_page(const std::string& page) {
  std::set<std::string> options;
  const std::size_t begin = page.find("\n.SH OPTIONS\n");
  const std::string section = page.substr(begin, page.find("\n.SH ", begin + 1) - begin);
  bool is_head = false;
  for (std::string line : split(section, '\n')) {
    if (is_head) {
      for (const char* font : {"\\fI", "\\fB", "\\fR", "\\fP", ".BR ", ".B ", ".BI "})
        for (std::size_t at = line.find(font); at != line.npos; at = line.find(font))
          line.erase(at, std::string(font).size());
      options.insert(bare(line));
    }
    is_head = line == ".TP";
  }
  return options;
}

TEST(ManualPage, HasTheOptionsOfTheTableAndNoOthers) {
  auto page = read_text_file(std::string(BERTH_SOURCE_DIR) + "/docs/man/berth-run.1", 1 << 20);
  ASSERT_TRUE(page) << to_text(page.error());
  std::set<std::string> expected = rows();
  expected.insert("-h--help");
  EXPECT_EQ(options_of_page(*page), expected);
}

}  // namespace
}  // namespace berth::cli
