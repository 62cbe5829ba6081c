// SPDX-License-Identifier: Apache-2.0
#include "image/cli/import.h"
#include "image/cli/options.h"
#include "image/cli/target.h"

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

std::string refused_with(const std::vector<std::string>& words) {
  const auto options = parse_import_options(words);
  return options ? "" : to_text(options.error());
}

TEST(ImportOptions, TakeEachSpelling) {
  const auto options = parse_import_options(
      {"--output=a.sqsh", "--threads", "3", "--block-size=1M", "--compressor", "gzip", "-q", "in"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->output, "a.sqsh");
  EXPECT_EQ(options->squash.threads, 3U);
  EXPECT_EQ(options->squash.block_size, 1U << 20);
  EXPECT_EQ(options->squash.compressor, "gzip");
  EXPECT_TRUE(options->quiet);
  EXPECT_EQ(options->source, "in");
  EXPECT_EQ(parse_import_options({"-oa.sqsh", "in"})->output, "a.sqsh");
  EXPECT_EQ(parse_import_options({"in", "a.sqsh"})->output, "a.sqsh");
  EXPECT_EQ(parse_import_options({"--", "--in"})->source, "--in");
}

TEST(ImportOptions, WrongOnesAreNamed) {
  EXPECT_EQ(refused_with({}),
            "berth: cannot import: there is no source\n"
            "berth: hint: write: berth import SOURCE [OUT.sqsh]");
  EXPECT_EQ(refused_with({"a", "b", "c"}),
            "berth: cannot understand 'c'\n"
            "berth: hint: write: berth import SOURCE [OUT.sqsh]");
  EXPECT_EQ(refused_with({"a", "b", "-o", "c"}), "berth: cannot write to both 'c' and 'b'");
  EXPECT_EQ(refused_with({"--platfrom=x", "a"}),
            "berth: cannot understand the option '--platfrom'\n"
            "berth: hint: did you mean '--platform'?");
  EXPECT_EQ(refused_with({"a", "--output"}),
            "berth: cannot use '--output' without a value\n"
            "berth: hint: write --output OUT.sqsh");
  EXPECT_EQ(refused_with({"--force=yes", "a"}),
            "berth: cannot give '--force' a value: it takes none");
}

TEST(ImportOptions, WrongValuesAreNamed) {
  for (const std::string value : {"0", "-1", "2x", "4096"})
    EXPECT_EQ(refused_with({"--threads=" + value, "a"}),
              "berth: cannot take '" + value +
                  "' for '--threads'\nberth: hint: give a number from 1 to 1024");
  for (const std::string value : {"0", "100K", "2M", "2K", "K", "99999999999999M"})
    EXPECT_EQ(refused_with({"--block-size=" + value, "a"}),
              "berth: cannot take '" + value +
                  "' for '--block-size'\nberth: hint: give a power of two from 4K to 1M");
  EXPECT_EQ(refused_with({"--compressor=lzo", "a"}),
            "berth: cannot take 'lzo' for '--compressor'\n"
            "berth: hint: give one of zstd, gzip, xz and lz4");
}

TEST(Import, AWrongCommandLineIsTwoAndAWrongSourceOne) {
  const std::atomic<int> stop{0};
  std::ostringstream out;
  std::ostringstream err;
  const Machine machine{{"/nowhere", "", ""}, 1, stop};
  EXPECT_EQ(run_import({"--nonsense"}, {out, err}, machine), 2);
  EXPECT_EQ(run_import({"docker://x", "y.sqsh"}, {out, err}, machine), 1);
  EXPECT_EQ(run_import({"--help"}, {out, err}, machine), 0);
  EXPECT_EQ(out.str(), import_help());
}

TEST(Fingerprint, TellsImagesApartThatCouldDiffer) {
  const auto one = parse_import_options({"dir:/a", "a.sqsh"});
  const auto other = parse_import_options({"--xattrs", "dir:/a", "a.sqsh"});
  ASSERT_TRUE(one && other);
  source::Reference reference;
  reference.path = "/a";
  source::Image image;
  const auto fingerprint = [&](const ImportOptions& options, settings::Setuid setuid) {
    return fingerprint_of(options, reference, image, setuid);
  };
  const std::string first = fingerprint(*one, settings::Setuid::keep);
  EXPECT_EQ(fingerprint(*one, settings::Setuid::keep), first);
  EXPECT_NE(fingerprint(*one, settings::Setuid::drop), first);
  EXPECT_NE(fingerprint(*other, settings::Setuid::keep), first);
  image.config = "{}";
  EXPECT_NE(fingerprint(*one, settings::Setuid::keep), first);
}

}  // namespace
}  // namespace berth::cli
