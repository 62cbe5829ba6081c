// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/plan/parts.h"

namespace berth::plan {

namespace {

/// The image's lines are hostile text but only name users; a missing last newline would glue lines.
std::string with_line_first(const std::string& line, const std::string& rest) {
  std::string text = line + "\n" + rest;
  if (text.back() != '\n') text += '\n';
  return text;
}

/// A home with ':' or newline in it cannot stand in the file (passwd(5)).
std::string field(const std::string& text) {
  return text.find_first_of(":\n") == std::string::npos ? text : "";
}

}  // namespace

std::string make_passwd(const Launch& launch) {
  const Facts& facts = launch.facts;
  const bool home_shown = launch.request.home == Home::host;
  const std::string ids =
      launch.request.as_root ? "0:0" : std::to_string(facts.uid) + ":" + std::to_string(facts.gid);
  const std::string name = launch.request.as_root ? "root" : field(facts.user);
  const std::string home = home_shown ? field(facts.home) : launch.request.as_root ? "/root" : "/";
  return with_line_first(name + ":x:" + ids + ":" + name + ":" + home + ":/bin/sh",
                         launch.image.passwd);
}

std::string make_group(const Launch& launch) {
  const Facts& facts = launch.facts;
  const std::string line = launch.request.as_root
                               ? std::string("root:x:0:")
                               : field(facts.group) + ":x:" + std::to_string(facts.gid) + ":";
  return with_line_first(line, launch.image.group);
}

}  // namespace berth::plan
