// SPDX-License-Identifier: Apache-2.0
// A layer made of texts in memory.
#pragma once

#include "image/layers/entry.h"

#include <string>
#include <utility>
#include <vector>

namespace berth::layers {

class MadeStream : public EntryStream {
 public:
  struct Item {
    Entry entry;
    std::string content = {};
  };

  explicit MadeStream(std::vector<Item> items) : items_(std::move(items)) {}

  Result<bool> next(Entry& entry) override {
    if (count_ == items_.size()) return false;
    entry = items_[count_].entry;
    rest_ = items_[count_].content;
    entry.size = rest_.size();
    ++count_;
    return true;
  }

  Result<std::string_view> data() override { return std::exchange(rest_, {}); }

 private:
  std::vector<Item> items_;
  std::size_t count_ = 0;
  std::string_view rest_;
};

}  // namespace berth::layers
