// SPDX-License-Identifier: Apache-2.0
// Where run.conf is, and whose it has to be.
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "launcher/request/run_settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace berth::request {

namespace {

constexpr const char* kSiteFile = "/etc/berth/run.conf";
constexpr std::size_t kLargestFile = 64UL * 1024;
// What another namespace's root is shown as, where a container is started in a container
// (user_namespaces(7), "Unmapped user and group IDs").
constexpr uid_t kUnmapped = 65534;

std::optional<std::string> value_in(const std::vector<std::string>& environment,
                                    std::string_view name) {
  for (const std::string& variable : environment)
    if (variable.starts_with(name) && variable.substr(name.size()).starts_with('='))
      return variable.substr(name.size() + 1);
  return std::nullopt;
}

/// An open file, or nothing where there is none. One system call where there is none.
Result<UniqueFd> open_if_there(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd file(::open(path.c_str(), kFlags));
  if (!file.is_open() && errno != ENOENT && errno != ENOTDIR)
    return refused("open", "read " + quote(path), errno);
  return file;
}

/// `owner`: besides root, who may have written it.
Status check_trust(int file, const std::string& path, uid_t owner) {
  struct stat info {};

  if (::fstat(file, &info) != 0) return refused("fstat", "read " + quote(path), errno);
  const bool is_trusted = info.st_uid == 0 || info.st_uid == owner || info.st_uid == kUnmapped;
  if (is_trusted && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return Done{};
  return Error{Blame::config,
               "obey " + quote(path) + ": others than root can write it",
               {},
               "as root: chown root " + quote(path) + "; chmod go-w " + quote(path)};
}

Result<std::vector<Setting>> read_site(const std::string& path, bool& is_there, uid_t owner) {
  auto file = open_if_there(path);
  if (!file) return std::move(file.error());
  is_there = file->is_open();
  if (!is_there) return std::vector<Setting>{};
  BERTH_TRY(check_trust(file->get(), path, owner));
  auto text = read_text(file->get(), kLargestFile, "read " + quote(path));
  if (!text) return std::move(text.error());
  return parse_run_settings(*text, path, Whose::site);
}

/// Who has become another user and kept HOME finds that home closed: it is not his.
bool is_others(const Error& error, const RunFiles& files) {
  return !files.is_user_named && error.refusal && error.refusal->number == EACCES;
}

Result<std::vector<Setting>> read_user(const RunFiles& files) {
  auto file = open_if_there(files.user);
  if (!file && is_others(file.error(), files)) return std::vector<Setting>{};
  if (!file) return std::move(file.error());
  if (!file->is_open() && files.is_user_named)
    return refused("open", "read " + quote(files.user), ENOENT);
  if (!file->is_open()) return std::vector<Setting>{};
  auto text = read_text(file->get(), kLargestFile, "read " + quote(files.user));
  if (!text) return std::move(text.error());
  return parse_run_settings(*text, files.user, Whose::user);
}

}  // namespace

RunFiles run_files_for(const std::vector<std::string>& environment) {
  RunFiles files;
  files.site = kSiteFile;
  files.elsewhere = value_in(environment, "BERTH_SITE_RUN_CONFIG").value_or("");
  const std::string config = value_in(environment, "XDG_CONFIG_HOME").value_or("");
  const std::string home = value_in(environment, "HOME").value_or("");
  if (const auto named = value_in(environment, "BERTH_RUN_CONFIG")) {
    files.user = *named;
    files.is_user_named = true;
  } else if (config.starts_with('/')) {
    files.user = config + "/berth/run.conf";
  } else if (home.starts_with('/')) {
    files.user = home + "/.config/berth/run.conf";
  }
  return files;
}

Result<RunSettings> read_run_settings(const RunFiles& files) {
  RunSettings settings;
  bool is_there = false;
  auto site = read_site(files.site, is_there, 0);
  // Who names another file could write a berth of his own: it only has to be his.
  if (site && !is_there && !files.elsewhere.empty())
    site = read_site(files.elsewhere, is_there, ::getuid());
  if (!site) return std::move(site.error());
  settings.site = std::move(*site);
  if (files.user.empty()) return settings;
  auto user = read_user(files);
  if (!user) return std::move(user.error());
  settings.user = std::move(*user);
  return settings;
}

}  // namespace berth::request
