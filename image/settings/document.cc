// SPDX-License-Identifier: Apache-2.0
#include "image/settings/document.h"

#include "base/text.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace berth::settings {

namespace {

/// Leaves yaml-cpp's parser; caught in parse_document.
struct Refused {
  unsigned line;
  std::string why;
};

unsigned line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 1U : static_cast<unsigned>(mark.line) + 1;
}

/// Makes the tree of the parser's events.
class Builder : public YAML::EventHandler {
 public:
  Element take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}

  void OnDocumentEnd() override {}

  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override { refuse(mark); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { refuse(mark); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, {}, anchor, Element::Kind::nothing));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    Element node = make(mark, tag, anchor, Element::Kind::word);
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(make(mark, tag, anchor, Element::Kind::list));
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(make(mark, tag, anchor, Element::Kind::map));
  }

  void OnMapEnd() override { close(); }

 private:
  static void refuse(const YAML::Mark& mark) {
    throw Refused{line_of(mark), "anchors and aliases are not supported"};
  }

  Element make(const YAML::Mark& mark,
               const std::string& tag,
               YAML::anchor_t anchor,
               Element::Kind kind) {
    if (anchor != YAML::NullAnchor) refuse(mark);
    // "?" is a plain value and "!" a quoted one, neither with a tag.
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refused{line_of(mark), "tags are not supported"};
    if (++nodes_ > kMostNodes) throw Refused{line_of(mark), "it has too many values"};
    Element node;
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }

  void open(Element node) {
    if (open_.size() >= kDeepestNode) throw Refused{node.line, "it is nested too deeply"};
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Element node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Element node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = open_.back();
    if (level.node.kind == Element::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (level.key) {
      level.node.keys.push_back(*std::exchange(level.key, std::nullopt));
      level.node.items.push_back(std::move(node));
    } else {
      level.key = std::move(check_key(level.node, node));
    }
  }

  static Element& check_key(const Element& map, Element& key) {
    if (key.kind != Element::Kind::word) throw Refused{key.line, "a key has to be a word"};
    const bool is_there = std::any_of(map.keys.begin(), map.keys.end(), [&](const Element& other) {
      return other.text == key.text;
    });
    if (is_there) throw Refused{key.line, "the key " + quote(key.text) + " is there twice"};
    return key;
  }

  struct Level {
    Element node;
    std::optional<Element> key;  ///< of a map, whose value is still to come
  };

  Element root_;
  std::vector<Level> open_;
  std::size_t nodes_ = 0;
};

}  // namespace

Error bad_line(const std::string& name, unsigned line, const std::string& why) {
  return Error{Blame::config, "read " + quote(name + ":" + std::to_string(line)) + ": " + why};
}

Result<Element> parse_document(const std::string& text, const std::string& name) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return Element{};
    Element root = builder.take();
    Builder second;
    if (parser.HandleNextDocument(second))
      return Error{Blame::config, "read " + quote(name) + ": it has more than one document"};
    if (root.kind == Element::Kind::word || root.kind == Element::Kind::list)
      return bad_line(name, root.line, "it has to be a map, 'KEY: VALUE'");
    return root;
  } catch (const Refused& refused) {
    return bad_line(name, refused.line, refused.why);
  } catch (const YAML::Exception& error) {
    return bad_line(name, line_of(error.mark), "it is not YAML: " + error.msg);
  }
}

}  // namespace berth::settings
