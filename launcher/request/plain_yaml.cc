// SPDX-License-Identifier: Apache-2.0
// The rules are those of YAML 1.2.2, chapters 7 (flow style) and 8 (block style), on one line each.
#include "launcher/request/plain_yaml.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace berth::request {

namespace {

constexpr std::string_view kBlank = " \t";
constexpr const char* kQuoteIt = "put the value into quotes";
constexpr const char* kOneLine = "write one value, a list or a mapping below the key";

/// A line without its comment's line end, and how far it is from the left.
struct Line {
  unsigned number = 0;
  std::size_t indent = 0;
  std::string_view text;  ///< from its first character on
};

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Nothing, or a comment, which has to stand apart from what is before it.
bool is_end(std::string_view rest) {
  const std::size_t begin = rest.find_first_not_of(kBlank);
  return begin == std::string_view::npos || (rest[begin] == '#' && begin > 0);
}

bool is_item(std::string_view text) {
  return text == "-" || text.starts_with("- ");
}

class Reader {
 public:
  explicit Reader(YamlFlaw& flaw) : flaw_(flaw) {}

  bool divide(std::string_view text);
  bool read(std::vector<YamlEntry>& entries);

 private:
  bool fail(unsigned line, std::string why, std::string hint);
  bool add_line(std::string_view text, unsigned number);
  bool read_key(const Line& line, std::string& key, std::string_view& rest);
  bool read_entry(std::vector<YamlEntry>& entries);
  bool read_block(YamlEntry& entry);
  bool read_flow(std::string_view rest, YamlEntry& entry);
  bool read_value(std::string_view& rest, unsigned line, bool in_flow, std::string& value);
  bool read_double(std::string_view& rest, unsigned line, std::string& value);
  bool read_single(std::string_view& rest, unsigned line, std::string& value);
  bool read_plain(std::string_view& rest, unsigned line, bool in_flow, std::string& value);
  bool read_only_value(std::string_view rest, unsigned line, std::string& value);

  YamlFlaw& flaw_;
  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

bool Reader::fail(unsigned line, std::string why, std::string hint) {
  flaw_ = {line, std::move(why), std::move(hint)};
  return false;
}

bool Reader::add_line(std::string_view text, unsigned number) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
  const std::string_view words = without_blanks(text.substr(indent));
  if (words.empty() || words.front() == '#') return true;
  if (text[indent] == '\t') return fail(number, "it begins with a tab", "YAML indents with spaces");
  const bool is_odd = std::any_of(words.begin(), words.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
  if (is_odd) return fail(number, "it has a control character", "write the file as plain text");
  if (words == "---" && lines_.empty()) return true;
  if (words.starts_with("---") || words.starts_with("...") || words.front() == '%')
    return fail(number, "it is a mark of several documents", "write one document");
  lines_.push_back({number, indent, words});
  return true;
}

bool Reader::divide(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  unsigned number = 0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (!add_line(text.substr(begin, end - begin), ++number)) return false;
    begin = end + 1;
  }
  return true;
}

/// "key:" and a blank or nothing behind it.
bool Reader::read_key(const Line& line, std::string& key, std::string_view& rest) {
  std::size_t colon = line.text.find(':');
  while (colon != std::string_view::npos && colon + 1 < line.text.size() &&
         kBlank.find(line.text[colon + 1]) == std::string_view::npos)
    colon = line.text.find(':', colon + 1);
  const std::string_view name = line.text.substr(0, std::min(colon, line.text.size()));
  if (colon == std::string_view::npos || name.empty())
    return fail(line.number, "it is not of the form KEY: VALUE", "");
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./").find(c) != std::string_view::npos;
  });
  if (!is_plain || name.front() == '-')
    return fail(line.number, "a key has only letters, digits, '-', '_', '.' and '/'", "");
  key = name;
  rest = line.text.substr(colon + 1);
  return true;
}

bool Reader::read_double(std::string_view& rest, unsigned line, std::string& value) {
  std::size_t at = 1;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    if (rest[at] != '\\') {
      value += rest[at];
      continue;
    }
    const char next = at + 1 < rest.size() ? rest[++at] : '\0';
    if (next != '"' && next != '\\' && next != '/')
      return fail(line, "of escapes, \\\" and \\\\ are known", "use single quotes");
    value += next;
  }
  if (at >= rest.size()) return fail(line, "a quote does not end on its line", "");
  rest.remove_prefix(at + 1);
  return true;
}

bool Reader::read_single(std::string_view& rest, unsigned line, std::string& value) {
  std::size_t at = 1;
  for (;; ++at) {
    if (at >= rest.size()) return fail(line, "a quote does not end on its line", "");
    if (rest[at] == '\'') {
      if (at + 1 >= rest.size() || rest[at + 1] != '\'') break;
      ++at;
    }
    value += rest[at];
  }
  rest.remove_prefix(at + 1);
  return true;
}

/// Up to a comment, and inside [...] up to what separates values there.
bool Reader::read_plain(std::string_view& rest, unsigned line, bool in_flow, std::string& value) {
  constexpr std::string_view kSpecial = "[]{}#&*!|>'\"%@`,";
  const bool is_special = kSpecial.find(rest.front()) != std::string_view::npos || is_item(rest) ||
                          rest.starts_with("? ") || rest == "?" || rest.starts_with(": ") ||
                          rest == ":";
  if (is_special) return fail(line, "a value begins with a character of YAML's own", kQuoteIt);
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (in_flow && std::string_view("[]{},").find(rest[end]) != std::string_view::npos) break;
    const bool begins_comment = end > 0 && kBlank.find(rest[end - 1]) != std::string_view::npos;
    if (rest[end] == '#' && begins_comment) {
      --end;  // what is before the comment tells it from the value
      break;
    }
    const bool ends_word =
        end + 1 == rest.size() || kBlank.find(rest[end + 1]) != std::string_view::npos ||
        (in_flow && std::string_view("[]{},").find(rest[end + 1]) != std::string_view::npos);
    if (rest[end] == ':' && ends_word)
      return fail(line, "a colon with a blank behind it is in a value", kQuoteIt);
  }
  value = without_blanks(rest.substr(0, end));
  rest.remove_prefix(end);
  static const std::vector<std::string> nulls = {"~", "null", "Null", "NULL"};
  if (std::find(nulls.begin(), nulls.end(), value) != nulls.end())
    return fail(line, "a value is " + quote(value) + ", which is none", kQuoteIt);
  return true;
}

bool Reader::read_value(std::string_view& rest, unsigned line, bool in_flow, std::string& value) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  if (rest.empty()) return fail(line, "a value is missing", "");
  if (rest.front() == '"') return read_double(rest, line, value);
  if (rest.front() == '\'') return read_single(rest, line, value);
  return read_plain(rest, line, in_flow, value);
}

bool Reader::read_only_value(std::string_view rest, unsigned line, std::string& value) {
  if (!read_value(rest, line, false, value)) return false;
  return is_end(rest) || fail(line, "something stands behind a value", kQuoteIt);
}

/// [A, B] on one line.
bool Reader::read_flow(std::string_view rest, YamlEntry& entry) {
  entry.kind = YamlEntry::Kind::sequence;
  rest.remove_prefix(1);
  const auto skip = [&] {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  };
  for (skip(); !rest.empty() && rest.front() != ']'; skip()) {
    std::string value;
    if (!read_value(rest, entry.line, true, value)) return false;
    entry.values.push_back({std::move(value), entry.line});
    skip();
    if (rest.empty() || rest.front() == ']') break;
    if (rest.front() != ',') return fail(entry.line, "a list has no comma there", kQuoteIt);
    rest.remove_prefix(1);
  }
  if (rest.empty()) return fail(entry.line, "a list does not end on its line", "");
  return is_end(rest.substr(1)) || fail(entry.line, "something stands behind a list", "");
}

/// The lines below a key that has nothing behind its colon.
bool Reader::read_block(YamlEntry& entry) {
  // A sequence may stand as far left as its key (8.2.1).
  const auto belongs = [&](const Line& line) {
    return line.indent > 0 || (entry.kind != YamlEntry::Kind::mapping && is_item(line.text));
  };
  std::size_t indent = 0;
  for (; at_ < lines_.size() && belongs(lines_[at_]); ++at_) {
    const Line& line = lines_[at_];
    const auto kind = is_item(line.text) ? YamlEntry::Kind::sequence : YamlEntry::Kind::mapping;
    if (entry.values.empty()) {
      entry.kind = kind;
      indent = line.indent;
    }
    if (line.indent != indent || kind != entry.kind)
      return fail(line.number, "it does not stand below the line before it", kOneLine);
    YamlScalar scalar;
    scalar.line = line.number;
    std::string_view rest = line.text.substr(1);
    if (kind == YamlEntry::Kind::mapping && !read_key(line, scalar.key, rest)) return false;
    const bool is_second =
        std::any_of(entry.values.begin(), entry.values.end(), [&](const YamlScalar& earlier) {
          return kind == YamlEntry::Kind::mapping && earlier.key == scalar.key;
        });
    if (is_second)
      return fail(
          line.number, quote(scalar.key) + " is below " + quote(entry.key) + " already", "");
    if (!read_only_value(rest, line.number, scalar.text)) return false;
    entry.values.push_back(std::move(scalar));
  }
  return true;
}

bool Reader::read_entry(std::vector<YamlEntry>& entries) {
  const Line& line = lines_[at_++];
  if (line.indent != 0) return fail(line.number, "it does not stand at the left", kOneLine);
  YamlEntry entry;
  entry.line = line.number;
  std::string_view rest;
  if (!read_key(line, entry.key, rest)) return false;
  for (const YamlEntry& earlier : entries)
    if (earlier.key == entry.key)
      return fail(line.number, quote(entry.key) + " is in the file already", "write a list");
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  if (rest.empty() || rest.front() == '#') {
    if (!read_block(entry)) return false;
  } else if (rest.front() == '[') {
    if (!read_flow(rest, entry)) return false;
  } else {
    entry.kind = YamlEntry::Kind::scalar;
    std::string value;
    if (!read_only_value(rest, line.number, value)) return false;
    entry.values.push_back({std::move(value), line.number});
  }
  entries.push_back(std::move(entry));
  return true;
}

bool Reader::read(std::vector<YamlEntry>& entries) {
  while (at_ < lines_.size())
    if (!read_entry(entries)) return false;
  return true;
}

}  // namespace

std::optional<std::vector<YamlEntry>> parse_plain_yaml(std::string_view text, YamlFlaw& flaw) {
  Reader reader(flaw);
  std::vector<YamlEntry> entries;
  if (!reader.divide(text) || !reader.read(entries)) return std::nullopt;
  return entries;
}

}  // namespace berth::request
