// SPDX-License-Identifier: Apache-2.0
// Steps in words: the goal that an error names, and the text of --plan.
#include "base/text.h"
#include "launcher/plan/plan.h"

#include <sched.h>

#include <cstdio>

namespace berth::plan {

namespace {

std::string goal(const EnterNamespaces&) {
  return "create a user and mount namespace";
}

std::string goal(const WriteFile& step) {
  return "write " + quote(step.path);
}

std::string goal(const KeepMountsInside&) {
  return "keep mounts inside this container";
}

std::string goal(const TakeTree& step) {
  return "show " + quote(step.from) + " of this node" + (step.read_only ? " read-only" : "");
}

std::string goal(const MountScratch& step) {
  return "mount a scratch file system on " + quote(step.at);
}

std::string goal(const MakeDirectory& step) {
  return "make the directory " + quote(step.path);
}

std::string goal(const MountImage& step) {
  return "mount the image " + quote(step.image) + " on " + quote(step.at);
}

std::string goal(const LayStartFiles& step) {
  return "copy what programs start with to " + quote(step.at);
}

std::string goal(const AttachOverlay& step) {
  return "show the changes in " + quote(step.from) + " on " + quote(step.at);
}

std::string goal(const MountOverlay& step) {
  if (!step.kept_in.empty())
    return "make the image writable on " + quote(step.at) + ", keeping changes in " +
           quote(step.kept_in);
  return "make the image writable for this run on " + quote(step.at);
}

std::string goal(const AttachTree& step) {
  return "bind " + quote(step.from) + " to " + quote(step.to);
}

std::string goal(const LookAhead&) {
  return "look ahead for what the program starts with";
}

std::string goal(const AwaitProof&) {
  return "check what programs start with against the image's hash tree";
}

std::string goal(const ChangeRoot& step) {
  return "make " + quote(step.root) + (step.read_only ? " the read-only" : " the") +
         " root directory";
}

std::string goal(const ShareContainer&) {
  return "hand the container to its keeper";
}

std::string goal(const JoinContainer&) {
  return "join the container of this step";
}

std::string goal(const EnterDirectory& step) {
  return "work in " + quote(step.path);
}

std::string goal(const DropPrivileges&) {
  return "give up capabilities";
}

std::string goal(const CloseOthers&) {
  return "close other files";
}

std::string goal(const Execute& step) {
  return "start " + quote(step.arguments.empty() ? "" : step.arguments[0]);
}

/// One line, indented. It may come from the image, and must not move the reader's cursor.
std::string indented_line(const std::string& line) {
  const std::string quoted = quote(line);
  return "      " + quoted.substr(1, quoted.size() - 2) + "\n";
}

/// Text on lines of its own.
std::string indented(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty()) out += indented_line(line);
  return out;
}

std::string lines_of(const LookAhead& wanted) {
  std::string lines;
  for (const auto* paths : {&wanted.candidates, &wanted.others})
    for (const std::string& path : *paths)
      lines += indented_line(path);
  return lines;
}

std::string details_of(const Step& step) {
  if (const auto* file = std::get_if<WriteFile>(&step)) return indented(file->text);
  if (const auto* scratch = std::get_if<MountScratch>(&step))
    return indented(scratch->bytes == 0 ? "half of the memory" : size_text(scratch->bytes));
  if (const auto* start = std::get_if<LayStartFiles>(&step)) {
    std::string lines;
    for (const StartFile& file : start->files)
      if (file.kind == StartFile::Kind::file) lines += indented_line(file.path);
    return lines;
  }
  if (const auto* wanted = std::get_if<LookAhead>(&step)) return lines_of(*wanted);
  const auto* program = std::get_if<Execute>(&step);
  if (program == nullptr) return {};
  std::string words;
  for (const std::string& argument : program->arguments)
    words += quote(argument) + " ";
  std::string text = indented(words.substr(0, words.size() - 1));
  for (const std::string& variable : program->environment)
    text += indented_line(variable);
  return text;
}

}  // namespace

std::string goal_of(const Step& step) {
  return std::visit([](const auto& one) { return goal(one); }, step);
}

std::string to_text(const std::vector<Step>& steps, unsigned first) {
  std::string text;
  unsigned number = first;
  for (const Step& step : steps) {
    char prefix[16];
    (void)std::snprintf(prefix, sizeof prefix, "%3u  ", number++);  // fits for any unsigned
    text += prefix + goal_of(step) + "\n" + details_of(step);
  }
  return text;
}

}  // namespace berth::plan
