// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi_fact.h"

#include "base/text.h"

namespace berth::hooks {

namespace {

constexpr char kBetween = '\t';

/// A path may have anything in it.
std::string field(const std::string& text) {
  return text.find_first_of("\t\n,") == text.npos ? text : quote(text);
}

}  // namespace

std::string to_text(const MpiFact& fact) {
  std::string text = fact.is_image ? "image" : "node";
  for (const std::string& one : {fact.family, fact.version, fact.path, fact.client})
    text += kBetween + field(one);
  text += kBetween;
  for (const std::string& way : fact.ways)
    text += (&way == &fact.ways.front() ? "" : ",") + way;
  return text;
}

std::optional<MpiFact> parse_mpi_fact(const std::string& text) {
  const auto fields = split(text, kBetween);
  if (fields.size() != 6 || (fields[0] != "image" && fields[0] != "node")) return std::nullopt;
  MpiFact fact{fields[0] == "image", fields[1], fields[2], fields[3]};
  fact.client = fields[4];
  if (!fields[5].empty()) fact.ways = split(fields[5], ',');
  return fact;
}

}  // namespace berth::hooks
