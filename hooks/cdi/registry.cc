// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/registry.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "hooks/trust.h"
#include "image/settings/document.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace berth::hooks {

namespace {

constexpr std::size_t kLargestFile = settings::kLargestFile;

bool is_spec(const std::string& name) {
  return !name.starts_with('.') &&
         (name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml"));
}

/// Whoever writes it decides what is mounted in everybody's containers.
Status check_trust(const struct stat& info, const std::string& path, uid_t owner) {
  if (is_trusted(info, owner)) return Done{};
  return Error{Blame::config,
               "believe " + quote(path) + ": others can write it",
               {},
               "chown it to " + std::string(owner == 0 ? "root" : "yourself") + "; chmod go-w " +
                   quote(path)};
}

Status check_trust(int file, const std::string& path, uid_t owner) {
  struct stat info {};

  if (::fstat(file, &info) != 0) return refused("fstat", "read " + quote(path), errno);
  return check_trust(info, path, owner);
}

/// In the order of their names, so that messages are the same each time.
Result<std::vector<std::string>> names_in(int folder, const std::string& path) {
  const std::string goal = "list " + quote(path);
  UniqueFd again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again.is_open()) return refused("openat", goal, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(again.get()), ::closedir);
  if (!list) return refused("fdopendir", goal, errno);
  (void)again.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(list.get()))  // NOLINT(concurrency-mt-unsafe): one thread
    if (is_spec(entry->d_name)) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<SpecDirectory> spec_directories(const std::string& config,
                                            const std::string& home,
                                            uid_t user) {
  std::vector<SpecDirectory> directories = {{"/etc/cdi"}, {"/var/run/cdi"}};
  if (config.starts_with('/')) {
    directories.push_back({config + "/cdi", user});
  } else if (home.starts_with('/')) {
    directories.push_back({home + "/.config/cdi", user});
  }
  return directories;
}

Registry Registry::read(const std::vector<SpecDirectory>& directories, const Listener& listener) {
  Registry registry;
  for (std::size_t rank = 0; rank < directories.size(); ++rank)
    registry.add_directory(directories[rank], rank, listener);
  return registry;
}

void Registry::add_directory(const SpecDirectory& directory,
                             std::size_t rank,
                             const Listener& listener) {
  listener(directory.path);
  const UniqueFd folder(::open(directory.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) {
    if (errno != ENOENT && errno != ENOTDIR)
      left_out_.push_back(refused("open", "read " + quote(directory.path), errno));
    return;
  }
  if (const Status trusted = check_trust(folder.get(), directory.path, directory.owner); !trusted) {
    left_out_.push_back(trusted.error());
    return;
  }
  const auto names = names_in(folder.get(), directory.path);
  if (!names) {
    left_out_.push_back(names.error());
    return;
  }
  for (const std::string& name : *names) {
    listener(directory.path + "/" + name);
    add_file(folder.get(), name, directory, rank);
  }
}

void Registry::add_file(int folder,
                        const std::string& name,
                        const SpecDirectory& directory,
                        std::size_t rank) {
  const std::string path = directory.path + "/" + name;
  const auto read = [&]() -> Result<Spec> {
    const UniqueFd file(
        ::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file.is_open()) return refused("openat", "read " + quote(path), errno);
    BERTH_TRY(check_trust(file.get(), path, directory.owner));
    auto text = read_text(file.get(), kLargestFile, "read " + quote(path));
    if (!text) return std::move(text.error());
    return parse_spec(*text, path);
  };
  if (auto spec = read()) {
    specs_.push_back({std::move(*spec), rank});
  } else {
    left_out_.push_back(std::move(spec.error()));
  }
}

bool Registry::has_kind(const std::string& kind) const {
  return std::any_of(
      specs_.begin(), specs_.end(), [&](const Known& known) { return known.spec.kind == kind; });
}

std::string Registry::warning() const {
  if (left_out_.empty()) return "";
  const std::size_t others = left_out_.size() - 1;
  return "a specification was left out: " + sentence_of(left_out_.front()) +
         (others == 0 ? "" : " (and " + std::to_string(others) + " more)");
}

Error Registry::unknown(const DeviceName& wanted) const {
  Error error{Blame::config, "find the device " + quote(to_text(wanted)) + " on this node"};
  std::vector<std::string> names;
  for (const Known& known : specs_)
    for (const Device& device : known.spec.devices)
      names.push_back(to_text(DeviceName{known.spec.kind, device.name}));
  const std::string close = nearest(to_text(wanted), names);
  if (!close.empty()) {
    error.hint = "did you mean " + quote(close) + "?";
  } else if (!left_out_.empty()) {
    error.hint = warning();
  } else if (names.empty()) {
    error.hint = "there are no specifications in /etc/cdi, /var/run/cdi and ~/.config/cdi";
  } else {
    error.hint = "the devices here: " + names.front();
    for (std::size_t i = 1; i < names.size() && i < 8; ++i)
      error.hint += ", " + names[i];
    if (names.size() > 8) error.hint += ", ...";
  }
  return error;
}

Result<Registry::Found> Registry::find_one(const DeviceName& wanted) const {
  Found found;
  std::size_t rank = 0;
  const Spec* rival = nullptr;
  for (const Known& known : specs_) {
    if (known.spec.kind != wanted.kind) continue;
    const auto& devices = known.spec.devices;
    const auto device = std::find_if(
        devices.begin(), devices.end(), [&](const Device& one) { return one.name == wanted.name; });
    if (device == devices.end()) continue;
    rival = found.device != nullptr && rank == known.rank ? found.spec : nullptr;
    found = {&known.spec, &*device};
    rank = known.rank;
  }
  if (found.device == nullptr) return unknown(wanted);
  if (rival == nullptr) return found;
  return Error{Blame::config,
               "use the device " + quote(to_text(wanted)) + ": both " + quote(rival->file) +
                   " and " + quote(found.spec->file) + " have it",
               {},
               "remove it from one of them"};
}

Result<std::vector<Edits>> Registry::find(const std::vector<DeviceName>& devices) const {
  std::vector<Edits> edits;
  std::vector<const void*> done;
  const auto add = [&](const Edits& one) {
    if (std::find(done.begin(), done.end(), &one) != done.end()) return;
    done.push_back(&one);
    edits.push_back(one);
  };
  for (const DeviceName& wanted : devices) {
    auto found = find_one(wanted);
    if (!found) return std::move(found.error());
    add(found->spec->edits);
    add(found->device->edits);
  }
  return edits;
}

}  // namespace berth::hooks
