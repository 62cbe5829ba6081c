// SPDX-License-Identifier: Apache-2.0
// Whether docs/errors.md explains hints, each below a heading of its own.
#pragma once

#include "base/file.h"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

namespace berth::tests {

inline void expect_paragraphs_for(std::initializer_list<const char*> hints) {
  const auto text = read_text_file(BERTH_SOURCE_DIR "/docs/errors.md", 1 << 20);
  ASSERT_TRUE(text) << to_text(text.error());
  for (const char* hint : hints) {
    const std::size_t begin = text->find(std::string("\n#### ") + hint + "\n");
    ASSERT_NE(begin, std::string::npos) << hint;
    const std::string paragraph = text->substr(begin, text->find("\n#", begin + 1) - begin);
    for (const char* part : {"\nCause: ", "\nCheck: ", "\nCure: "})
      EXPECT_NE(paragraph.find(part), std::string::npos) << hint << " lacks" << part;
  }
}

}  // namespace berth::tests
