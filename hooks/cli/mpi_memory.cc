// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/mpi_memory.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "hooks/edits_text.h"
#include "hooks/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargest = 4UL << 20;
constexpr const char* kForm = "2";  ///< another one for another way to decide

std::string text_of(const timespec& time) {
  return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
}

/// Of an image: a file that was replaced or written to is another one.
std::string identity_of(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
         std::to_string(info.st_size) + ":" + text_of(info.st_mtim) + ":" + text_of(info.st_ctim);
}

/// Of all these files of the node at once. Nodes with the same files share what they know, so
/// their numbers on a disk do not count.
std::string state_of(const std::vector<std::string>& files) {
  unsigned long long state = fingerprint("");
  for (const std::string& file : files) {
    struct stat info {};

    const bool is_there = ::stat(file.c_str(), &info) == 0;
    state = fingerprint(
        is_there ? file + ":" + std::to_string(info.st_size) + ":" + text_of(info.st_mtim) : file,
        state);
  }
  return std::to_string(state);
}

/// Makes what is missing below the first directory that is there.
bool make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    (void)::mkdir(path.substr(0, end).c_str(), 0700);  // most are there
    if (end == path.npos) break;
  }
  return ::access(path.c_str(), W_OK) == 0;
}

std::string decisive_variables(const std::vector<std::string>& environment) {
  std::string text;
  for (const std::string& variable : environment)
    for (const char* name : {"LD_LIBRARY_PATH=", "OPAL_PREFIX=", "PMIX_PREFIX="})
      if (variable.starts_with(name)) text += variable + "\n";
  return text;
}

}  // namespace

MpiMemory::MpiMemory(std::string directory,
                     const MpiQuestion& question,
                     const std::vector<int>& images)
    : directory_(std::move(directory)) {
  if (!directory_.starts_with('/')) return;
  std::string key = std::string(kForm) + "\n" + question.rule + "\n";
  for (const std::string& library : question.libraries) {
    // A link that leads elsewhere now is another answer.
    std::array<char, PATH_MAX> place{};
    key += library + "\n";
    if (::realpath(library.c_str(), place.data()) != nullptr)
      key += std::string(place.data()) + "\n";
  }
  key += decisive_variables(question.environment) + state_of({"/etc/ld.so.cache"}) + "\n";
  for (const int image : images) {
    const std::string identity = identity_of(image);
    if (identity.empty()) return;
    key += identity + "\n";
  }
  key_ = std::move(key);
}

std::string MpiMemory::file() const {
  return directory_ + "/mpi-" + std::to_string(fingerprint(key_)) + ".json";
}

std::optional<MpiSwap> MpiMemory::read() const {
  if (key_.empty()) return std::nullopt;
  const UniqueFd file(
      ::open(this->file().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

  struct stat info {};

  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || !is_trusted(info, ::getuid()))
    return std::nullopt;
  const auto text = read_text(file.get(), kLargest, "read what is known of an image");
  const auto json = text ? Json::parse(*text, nullptr, false) : Json();
  try {
    if (!json.is_object() || json.at("key") != key_ ||
        json.at("state") != state_of(json.at("files").get<std::vector<std::string>>()))
      return std::nullopt;
    auto answer = parse_answer(json.at("answer").get<std::string>());
    if (!answer || answer->edits.size() != 1) return std::nullopt;
    return MpiSwap{json.at("has_mpi").get<bool>(),
                   std::move(answer->edits.front()),
                   json.at("refused").get<std::string>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void MpiMemory::write(const MpiSwap& swap, const std::vector<std::string>& looked_at) const {
  if (key_.empty() || !make_directories(directory_)) return;
  const Json json = {{"key", key_},
                     {"files", looked_at},
                     {"state", state_of(looked_at)},
                     {"has_mpi", swap.has_mpi},
                     {"refused", swap.refused},
                     {"answer", to_text(Answer{{swap.edits}, {}})}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  auto file = FileBeingWritten::create(this->file());
  if (file && ::fchmod(file->fd(), 0600) == 0 &&
      write_fully(file->fd(), text.data(), text.size()) == 0)
    (void)file->commit();  // or it is found out anew
}

}  // namespace berth::hooks
