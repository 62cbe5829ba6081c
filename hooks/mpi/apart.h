// SPDX-License-Identifier: Apache-2.0
// An image's tree, read by a process that holds nothing else (hooks/mpi/cage.h): what an image has
// may be anything, and whoever reads it may become anybody's.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "hooks/mpi/tree.h"

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace berth::hooks {

/// Asks that process. Once it has gone, or does not make sense, nothing is there any more, and
/// is_sound() says so.
class TreeApart : public Tree {
 public:
  /// `make` is called there, with nothing open but `kept`, of which `directories` are to be read
  /// below. An error where it has one.
  static Result<std::unique_ptr<TreeApart>> start(const std::function<Result<Tree>()>& make,
                                                  std::vector<int> kept,
                                                  const std::vector<int>& directories);

  TreeApart(const TreeApart&) = delete;
  TreeApart& operator=(const TreeApart&) = delete;
  TreeApart(TreeApart&&) = delete;
  TreeApart& operator=(TreeApart&&) = delete;
  ~TreeApart() override;

  std::optional<std::string> follow(const std::string& path) override;
  std::optional<std::string> find_file(const std::string& path) override;
  std::optional<std::string> find_directory(const std::string& path) override;
  std::vector<std::string> names_in(const std::string& directory) override;
  std::vector<std::string> directories_in(const std::string& directory) override;
  std::vector<Library> loader_cache() override;
  std::optional<Symbols> symbols(const std::string& file) override;
  const Elf* elf(const std::string& file) override;
  std::optional<std::string> read(const std::string& file, std::size_t limit) override;
  [[nodiscard]] bool is_sound() override;
  std::string mounted_above(const std::string& path) override;

 private:
  TreeApart(UniqueFd line, pid_t child) : Tree({}), line_(std::move(line)), child_(child) {}

  std::string ask(char what, const std::string& path);
  std::optional<std::string> ask_place(char what, const std::string& path);
  std::vector<std::string> ask_names(char what, const std::string& path);

  UniqueFd line_;
  pid_t child_;
};

}  // namespace berth::hooks
