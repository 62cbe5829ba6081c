// SPDX-License-Identifier: Apache-2.0
#include "image/overlay/mark.h"

#include "base/file.h"
#include "base/text.h"
#include "image/overlay/overlay.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace berth::overlay {

namespace {

constexpr const char* kName = "image";
constexpr const char* kFirstLine = "berth-overlay 1";
constexpr std::size_t kMostBytes = 8192;

}  // namespace

Result<std::optional<Mark>> read_mark(int directory, const std::string& goal) {
  struct stat info {};

  if (::fstatat(directory, kName, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::optional<Mark>();
    return refused("fstatat", goal, errno);
  }
  const Error foreign{Blame::config, goal + ": berth has not filled it", {}, kMakeHint};
  if (!S_ISREG(info.st_mode)) return foreign;
  const auto text = read_text_file(kName, kMostBytes, directory);
  if (!text) return text.error();
  const auto lines = split(*text, '\n');
  if (lines.size() != 4 || lines[0] != kFirstLine) return foreign;
  return std::optional<Mark>(Mark{lines[1], lines[2]});
}

Status write_mark(int directory, const Mark& mark) {
  // The name is for people: a line of a text, whatever was typed.
  std::string name = mark.name;
  for (char& c : name)
    if (c == '\n') c = ' ';
  const std::string text = std::string(kFirstLine) + "\n" + mark.identity + "\n" + name + "\n";
  auto file = FileBeingWritten::create("/proc/self/fd/" + std::to_string(directory) + "/" + kName);
  if (!file) return file.error();
  if (const int number = write_fully(file->fd(), text.data(), text.size()); number != 0)
    return refused("write", "note the image of an overlay directory", number);
  return file->commit(FileBeingWritten::Existing::kept);
}

}  // namespace berth::overlay
