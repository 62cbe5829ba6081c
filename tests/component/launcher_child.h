// SPDX-License-Identifier: Apache-2.0
// Runs a piece of a test in a process of its own, as an ordinary user: what enters namespaces or
// gives up rights cannot come back. The child has no assertions; it answers with a text.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace berth::tests {

/// The user that the children of a test are: the caller, or nobody where the caller is root.
uid_t ordinary_uid();

/// What `body` returned, or how its process ended instead ("signal 11", "exit 3").
std::string in_child(const std::function<std::string()>& body);

/// As in_child(), but `body` becomes another program; its standard output, then "exit N".
std::string output_of_child(const std::function<void()>& body);

/// Empty, or why ordinary users cannot make user and mount namespaces here.
std::string why_no_namespaces();

/// Whether BERTH_MUST_WORK=1, as continuous integration sets it.
bool everything_must_work();

/// A new directory that the ordinary user owns, gone with the object.
class OwnFolder {
 public:
  OwnFolder();
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  ~OwnFolder();

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Makes directories below it, as mkdir -p does.
  [[nodiscard]] std::string make(const std::string& name) const;
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) const;
  void link(const std::string& name, const std::string& target) const;

 private:
  std::string path_;
};

/// Every name below `folder` with its kind, mode, size, content and link target.
std::string tree_of(const std::string& folder);

}  // namespace berth::tests

/// Skips loudly; where everything has to work a skip is a failure.
#define BERTH_SKIP_OR_FAIL(reason)                                \
  do {                                                            \
    if (berth::tests::everything_must_work()) FAIL() << (reason); \
    GTEST_SKIP() << (reason);                                     \
  } while (false)
