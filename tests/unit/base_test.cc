// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/loader.h"
#include "base/mounts.h"
#include "base/signals.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth {
namespace {

/// A directory of the test's own, gone afterwards.
class InAFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "berth-base-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::size_t names() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::string folder_;
};

TEST(Error, IsOneCompleteLineAndAHint) {
  const Error error{Blame::host,
                    "create a user and mount namespace",
                    Refusal{"unshare", ENOSPC},
                    "raise the sysctl user.max_user_namespaces"};
  EXPECT_EQ(to_text(error),
            "berth: cannot create a user and mount namespace: unshare: "
            "No space left on device (ENOSPC)\n"
            "berth: hint: raise the sysctl user.max_user_namespaces");
}

TEST(Error, AnErrnoNobodyKnowsIsStillPrinted) {
  EXPECT_EQ(sentence_of(refused("open", "read 'x'", 4000)),
            "cannot read 'x': open: unknown error (4000)");
}

TEST(PointersTo, AreTheTextsAndANull) {
  std::vector<std::string> texts = {"a", ""};
  const std::vector<char*> pointers = pointers_to(texts);
  ASSERT_EQ(pointers.size(), 3U);
  EXPECT_EQ(pointers[0], texts[0].data());
  EXPECT_STREQ(pointers[1], "");
  EXPECT_EQ(pointers[2], nullptr);
}

TEST(Quote, AHostileNameCannotForgeALine) {
  EXPECT_EQ(quote("a\nberth: \x1b[2J"), "'a\\x0aberth: \\x1b[2J'");
}

TEST(Quote, WhatTurnsOrHidesTextComesOutAsNumbers) {
  EXPECT_EQ(quote("a\u202egnp.exe"), "'a\\xe2\\x80\\xaegnp.exe'");
  for (const char* unseen : {"\u00ad",
                             "\u061c",
                             "\u200b",
                             "\u200d",
                             "\u200f",
                             "\u2028",
                             "\u2029",
                             "\u202a",
                             "\u2060",
                             "\u2066",
                             "\u2069",
                             "\ufeff",
                             "\U000e0041"})
    EXPECT_EQ(quote(unseen).find(unseen), std::string::npos) << unseen;
  for (const char* seen :
       {"\u00ac", "\u00ae", "\u05d0", "\u0627", "\u2010", "\u2027", "\u2030", "\u3000"})
    EXPECT_EQ(quote(seen), "'" + std::string(seen) + "'");
}

TEST(Quote, WhatIsNoPrintableUtf8ComesOutAsNumbers) {
  EXPECT_EQ(quote("\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x9a\xa2"),
            "'\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x9a\xa2'");
  EXPECT_EQ(quote("\xc2\x9b"
                  "2J"),
            "'\\xc2\\x9b2J'");  // CSI, as ESC [
  EXPECT_EQ(quote("\xff\x9b\xc3"), "'\\xff\\x9b\\xc3'");
  EXPECT_EQ(quote("\xc0\xaf"), "'\\xc0\\xaf'");           // '/' in too many bytes
  EXPECT_EQ(quote("\xed\xa0\x80"), "'\\xed\\xa0\\x80'");  // half of a pair
  EXPECT_EQ(quote("\xf4\x90\x80\x80"), "'\\xf4\\x90\\x80\\x80'");
  EXPECT_EQ(quote("\xf8\x90\x80\x80"), "'\\xf8\\x90\\x80\\x80'");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a::b:", ':'), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ':'), (std::vector<std::string>{""}));
}

TEST(SizeText, HasThreeDigitsAtMost) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(300ULL << 20), "300 MiB");
}

TEST(Hex, IsReadAsItWasWritten) {
  std::string all;
  for (unsigned i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  EXPECT_EQ(to_hex(std::string("\0\x7f\xff", 3)), "007fff");
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(from_hex("4a4"), "J");
  EXPECT_EQ(from_hex("zz"), std::string(1, '\0'));
}

TEST(Nearest, FindsATypingErrorAndNothingFarther) {
  EXPECT_EQ(nearest("--red-only", {"--read-only", "--workdir"}), "--read-only");
  EXPECT_EQ(nearest("--naem", {"--net", "--name"}), "--name");
  EXPECT_EQ(nearest("sp", {"run", "ps"}), "ps");
  EXPECT_EQ(nearest("--banana", {"--read-only", "--workdir"}), "");
}

TEST_F(InAFolder, AFileAppearsOnlyWhenItIsCommitted) {
  const std::string target = folder_ + "/image.sqsh";
  {
    auto file = FileBeingWritten::create(target);
    ASSERT_TRUE(file);
    ASSERT_EQ(write_fully(file->fd(), "half", 4), 0);
    EXPECT_EQ(names(), 0U);
  }
  EXPECT_EQ(names(), 0U);
  auto file = FileBeingWritten::create(target);
  ASSERT_TRUE(file);
  ASSERT_EQ(write_fully(file->fd(), "whole", 5), 0);
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(*read_text_file(target, 100), "whole");
  EXPECT_EQ(names(), 1U);
}

TEST_F(InAFolder, CommitReplacesWhatHadTheName) {
  const std::string target = folder_ + "/image.sqsh";
  for (const std::string text : {"old", "new"}) {
    auto file = FileBeingWritten::create(target);
    ASSERT_EQ(write_fully(file->fd(), text.data(), text.size()), 0);
    ASSERT_TRUE(file->commit());
  }
  EXPECT_EQ(*read_text_file(target, 100), "new");
  EXPECT_EQ(names(), 1U);
}

TEST_F(InAFolder, CommitCanLeaveWhatHasTheName) {
  const std::string target = folder_ + "/image.sqsh";
  for (const std::string text : {"first", "second"}) {
    auto file = FileBeingWritten::create(target);
    ASSERT_EQ(write_fully(file->fd(), text.data(), text.size()), 0);
    const Status committed = file->commit(FileBeingWritten::Existing::kept);
    EXPECT_EQ(static_cast<bool>(committed), text == "first");
    if (!committed) {
      EXPECT_EQ(committed.error().refusal->number, EEXIST);
    }
  }
  EXPECT_EQ(*read_text_file(target, 100), "first");
  EXPECT_EQ(names(), 1U);
}

TEST_F(InAFolder, ReadRefusesWhatIsTooLargeOrNotAFile) {
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(sentence_of(read_text_file(fifo, 10).error()).find("not a regular file"),
            std::string::npos);
  EXPECT_NE(sentence_of(read_text_file("/proc/self/status", 10).error()).find("larger than 10 B"),
            std::string::npos);
  EXPECT_NE(sentence_of(read_text_file(folder_ + "/none", 10).error()).find("(ENOENT)"),
            std::string::npos);
}

TEST(Mounts, AreReadWithTheirEscapes) {
  const auto mounts = parse_mounts(
      "22 1 0:21 / / rw - overlay berth:7:8 rw\n"
      "23 22 0:22 / /proc rw shared:5 master:2 - proc proc rw\n"
      "24 22 0:23 /a\\040b /home/with\\040space\\134 rw - fuse.berth b\\040c rw\n"
      "25 22 0:24 / /cut rw -\n"
      "damaged\n"
      "1 2 3 4\n");
  std::string all;
  for (const Mount& mount : mounts)
    all += mount.point + "|" + mount.kind + "|" + mount.source + "\n";
  EXPECT_EQ(all,
            "/|overlay|berth:7:8\n/proc|proc|proc\n"
            "/home/with space\\|fuse.berth|b c\n/cut||\n");
}

TEST(Loader, GetsNothingFromTheCallerThatLoadsCodeOrWrites) {
  for (const char* name : {"LD_PRELOAD", "LD_AUDIT", "LD_", "GCONV_PATH", "LOCPATH", "NLSPATH"})
    EXPECT_TRUE(names_libraries(name)) << name;
  for (const char* name : {"", "LDFLAGS", "XLD_PRELOAD", "GCONV_PATHS", "GLIBC_TUNABLES"})
    EXPECT_FALSE(names_libraries(name)) << name;
  const std::vector<std::string> kept = {"A=1", "LDFLAGS=LD_", "", "TZDIR=/z"};
  std::vector<std::string> all = kept;
  for (const std::string name : {"LD_PRELOAD", "GETCONF_DIR", "GLIBC_TUNABLES", "MALLOC_TRACE"}) {
    all.push_back(name + "=x");
    all.push_back(name);
  }
  EXPECT_EQ(for_host_program(all), kept);
}

TEST(Signals, HaveNamesAndNumbers) {
  EXPECT_EQ(signal_number("TERM"), 15);
  EXPECT_EQ(signal_number("SIGTERM"), 15);
  EXPECT_EQ(signal_number("sigint"), 2);
  EXPECT_EQ(signal_number("9"), 9);
  EXPECT_EQ(signal_number("64"), 64);
  EXPECT_EQ(signal_number("SIGRTMIN+3"), 37);
  EXPECT_EQ(signal_number("RTMIN"), 34);
  for (const char* wrong :
       {"", "0", "65", "-1", "SIG", "TERMS", "RTMIN+31", "RTMIN+", "SIGSIGTERM", "9 "})
    EXPECT_FALSE(signal_number(wrong)) << wrong;
  for (const int number : {1, 15, 31, 34, 37, 64})
    EXPECT_EQ(signal_number(signal_name(number)), number);
  EXPECT_EQ(signal_name(15), "SIGTERM");
  EXPECT_EQ(signal_name(37), "SIGRTMIN+3");
}

}  // namespace
}  // namespace berth
