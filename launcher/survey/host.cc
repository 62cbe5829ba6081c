// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>

namespace berth::survey {

namespace {

bool is_directory(const std::string& path) {
  struct stat info {};

  return !path.empty() && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string current_directory() {
  std::array<char, PATH_MAX> path;
  // The kernel writes "(unreachable)" in front of a directory outside our root.
  if (::getcwd(path.data(), path.size()) == nullptr || path[0] != '/') return {};
  return path.data();
}

/// A directory to build the container over; only its mount in our own namespace is ever used.
Result<std::string> choose_base() {
  for (const char* candidate : {"/tmp", "/var/tmp", "/mnt", "/run"})
    if (is_directory(candidate)) return std::string(candidate);
  return Error{Blame::host, "find a directory to build the container over", {}, "make /tmp"};
}

/// Text of a host file; a host without it gives the container an empty one.
std::string text_of(const char* path) {
  auto text = read_text_file(path, 1 << 20);
  return text ? *text : "";
}

/// The inherited descriptor whose number is in the variable `name`; -1 when there is none.
int find_descriptor(const std::vector<std::string>& environment, std::string_view name) {
  const std::string text = value_of(environment, name);
  int number = -1;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = trouble == std::errc{} && end == text.data() + text.size();
  return whole && number > 2 && ::fcntl(number, F_GETFD) >= 0 ? number : -1;
}

/// PMI-1 and PMI-2 reach a rank as an inherited descriptor.
std::vector<int> launcher_descriptors(const std::vector<std::string>& environment) {
  const int number = find_descriptor(environment, "PMI_FD");
  return number < 0 ? std::vector<int>{} : std::vector<int>{number};
}

std::vector<std::string> existing(const Facts& facts) {
  std::vector<std::string> found;
  for (const std::string& path : {std::string("/proc"),
                                  std::string("/sys"),
                                  std::string("/dev"),
                                  std::string("/tmp"),
                                  facts.home,
                                  facts.cwd})
    if (is_directory(path)) found.push_back(path);
  for (const std::string& path : facts.rank.directories)
    if (is_directory(path)) found.push_back(path);
  return found;
}

}  // namespace

std::string node_name() {
  struct utsname names {};

  return ::uname(&names) == 0 ? names.nodename : "";
}

int helpers_of(const std::vector<std::string>& environment) {
  return find_descriptor(environment, "BERTH_HELPERS");
}

Result<Facts> look_around(std::vector<std::string> environment,
                          const std::vector<std::string>& places,
                          int parent) {
  Facts facts;
  facts.uid = ::getuid();
  facts.gid = ::getgid();
  const Account account = find_user(facts.uid);
  facts.user = account.name;
  facts.group = find_group(facts.gid);
  facts.home = value_of(environment, "HOME");
  if (facts.home.empty()) facts.home = account.home;
  facts.cwd = current_directory();
  facts.node = node_name();
  auto base = choose_base();
  if (!base) return std::move(base.error());
  facts.base = *base;
  facts.hosts = text_of("/etc/hosts");
  facts.resolv_conf = text_of("/etc/resolv.conf");
  facts.rank = rank_of(environment, parent == 0 ? ::getppid() : parent);
  facts.directories = existing(facts);
  for (const std::string& place : places)
    if (is_directory(place)) facts.directories.push_back(place);
  facts.kept_descriptors = launcher_descriptors(environment);
  facts.helpers = helpers_of(environment);
  facts.environment = std::move(environment);
  return facts;
}

}  // namespace berth::survey
