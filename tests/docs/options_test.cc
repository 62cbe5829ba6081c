// SPDX-License-Identifier: Apache-2.0
// berth-run(1) and the option table say the same.
#include "launcher/request/options.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth {
namespace {

constexpr const char* kPage = BERTH_SOURCE_DIR "/docs/man/berth-run.1";

std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\-") == 0) continue;  // the hyphen itself follows
    plain += text[i];
  }
  return plain;
}

/// The lines after .TP in the section OPTIONS: an option's names and its value.
std::vector<std::string> tags_of_page() {
  const auto text = read_text_file(kPage, 1 << 20);
  if (!text) return {};
  std::vector<std::string> tags;
  bool is_inside = false;
  bool is_tag = false;
  for (const std::string& line : split(*text, '\n')) {
    if (line.starts_with(".SH ")) is_inside = line == ".SH OPTIONS";
    if (is_inside && is_tag) tags.push_back(without_escapes(line));
    is_tag = line == ".TP";
  }
  return tags;
}

/// The options at the beginning of each tag.
std::set<std::string> names_in_page() {
  std::set<std::string> names;
  for (const std::string& tag : tags_of_page()) {
    const std::size_t begin = tag.find("--");
    if (begin == std::string::npos) continue;
    names.insert(tag.substr(begin + 2, tag.find_first_of(" \"", begin) - begin - 2));
  }
  return names;
}

/// What `berth run` itself understands, and the table knows nothing of.
bool is_of_the_verb(const std::string& name) {
  return name == "help";
}

TEST(RunPage, HasEveryOptionOfTheTable) {
  const std::set<std::string> names = names_in_page();
  ASSERT_FALSE(names.empty()) << kPage;
  for (const request::Option& option : request::options()) {
    if (option.help.empty()) continue;  // not for people
    EXPECT_TRUE(names.contains(std::string(option.name))) << "--" << option.name;
  }
}

TEST(RunPage, HasNoOptionThatTheTableLacks) {
  for (const std::string& name : names_in_page()) {
    const auto& table = request::options();
    const bool is_known = std::any_of(table.begin(), table.end(), [&](const auto& option) {
      return option.name == name && !option.help.empty();
    });
    EXPECT_TRUE(is_known || is_of_the_verb(name)) << "--" << name;
  }
}

TEST(RunPage, GivesEveryOptionItsLetter) {
  const std::vector<std::string> tags = tags_of_page();
  for (const request::Option& option : request::options()) {
    if (option.letter == 0) continue;
    const std::string both =
        std::string(".BR -") + option.letter + " \", \" --" + std::string(option.name);
    EXPECT_TRUE(std::any_of(tags.begin(), tags.end(), [&](const auto& tag) {
      return tag == both || tag.starts_with(both + " ");
    })) << both;
  }
}

}  // namespace
}  // namespace berth
