// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/json.h"

#include "base/text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using settings::Element;

/// Counts the lines that the parser has gone through. It may have read one character ahead, behind
/// a number, which does not count yet.
class Place {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Place(const char* at, unsigned* lines) : at_(at), lines_(lines) {}

  reference operator*() const { return *at_; }

  Place& operator++() {
    if (was_end_of_line_) ++*lines_;
    was_end_of_line_ = *at_ == '\n';
    ++at_;
    return *this;
  }

  bool operator==(const Place& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  unsigned* lines_;
  bool was_end_of_line_ = false;
};

/// Makes the tree of the parser's events, each of which says whether to go on.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(const std::string& name, const unsigned* line) : name_(name), line_(line) {}

  Element root = {};
  std::optional<Error> refusal = {};

  bool null() override { return add({}, Element::Kind::nothing); }

  bool boolean(bool value) override { return add(value ? "true" : "false", Element::Kind::word); }

  bool number_integer(number_integer_t value) override {
    return add(std::to_string(value), Element::Kind::word);
  }

  bool number_unsigned(number_unsigned_t value) override {
    return add(std::to_string(value), Element::Kind::word);
  }

  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return add(text, Element::Kind::word);
  }

  bool string(string_t& text) override { return add(std::move(text), Element::Kind::word); }

  bool binary(binary_t& /*bytes*/) override { return false; }  // JSON has none

  bool start_object(std::size_t /*count*/) override { return open(Element::Kind::map); }

  bool end_object() override { return close(); }

  bool start_array(std::size_t /*count*/) override { return open(Element::Kind::list); }

  bool end_array() override { return close(); }

  bool key(string_t& text) override {
    std::vector<Element>& keys = open_.back().keys;
    const bool is_there = std::any_of(
        keys.begin(), keys.end(), [&](const Element& other) { return other.text == text; });
    if (is_there) return refuse("the key " + quote(text) + " is there twice");
    if (!count()) return false;
    keys.push_back(make(std::move(text), Element::Kind::word));
    return true;
  }

  bool parse_error(std::size_t /*at*/,
                   const std::string& /*token*/,
                   const nlohmann::detail::exception& /*why*/) override {
    return false;
  }

 private:
  bool refuse(const std::string& why) {
    refusal = settings::bad_line(name_, *line_, why);
    return false;
  }

  bool count() { return ++nodes_ <= settings::kMostNodes || refuse("it has too many values"); }

  [[nodiscard]] Element make(std::string text, Element::Kind kind) const {
    Element element;
    element.kind = kind;
    element.text = std::move(text);
    element.line = *line_;
    return element;
  }

  bool add(std::string text, Element::Kind kind) {
    return count() && put(make(std::move(text), kind));
  }

  bool put(Element element) {
    (open_.empty() ? root : open_.back().items.emplace_back()) = std::move(element);
    return true;
  }

  bool open(Element::Kind kind) {
    if (open_.size() >= settings::kDeepestNode) return refuse("it is nested too deeply");
    if (!count()) return false;
    open_.push_back(make({}, kind));
    return true;
  }

  bool close() {
    Element done = std::move(open_.back());
    open_.pop_back();
    return put(std::move(done));
  }

  const std::string& name_;
  const unsigned* line_;
  std::vector<Element> open_;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<std::optional<Element>> parse_json(const std::string& text, const std::string& name) {
  // The parser takes one for the end, and what is behind it would not count.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    return settings::bad_line(name, static_cast<unsigned>(lines) + 1, "it has a NUL byte");
  }
  if (text.find_first_not_of(" \t\r\n") == text.npos ||
      text[text.find_first_not_of(" \t\r\n")] != '{')
    return std::optional<Element>();
  unsigned line = 1;
  Builder builder(name, &line);
  const bool is_json = nlohmann::json::sax_parse(
      Place(text.data(), &line), Place(text.data() + text.size(), &line), &builder);
  if (builder.refusal) return std::move(*builder.refusal);
  if (!is_json) return std::optional<Element>();
  return std::optional<Element>(std::move(builder.root));
}

}  // namespace berth::hooks
