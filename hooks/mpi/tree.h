// SPDX-License-Identifier: Apache-2.0
// The files of this node, of a directory, or of images that lie on each other, looked up as a
// program in them would: links are followed, and none leads out. What an image has may be anything.
#pragma once

#include "base/result.h"
#include "hooks/elf/elf.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

/// What is at a place, no link followed.
struct Entry {
  enum class Kind : unsigned char {
    nothing,
    file,
    directory,
    link,
    other  ///< and whatever it is, it hides what lower layers have there
  };
  Kind kind = Kind::nothing;
  std::string target = {};  ///< of a link
};

/// Paths begin with '/', and have no link but at their end.
class Layer {
 public:
  Layer() = default;
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  Layer(Layer&&) = delete;
  Layer& operator=(Layer&&) = delete;

  virtual Entry look(const std::string& path) = 0;
  virtual std::vector<std::string> names_in(const std::string& path) = 0;
  virtual std::string read(const std::string& path, std::uint64_t offset, std::size_t size) = 0;
};

/// The directory that `fd`, which it takes no part in closing, is open for.
std::unique_ptr<Layer> layer_of_directory(int fd);

/// The SquashFS image in that file.
Result<std::unique_ptr<Layer>> layer_of_image(int fd);

class Tree {
 public:
  /// The upper ones first.
  explicit Tree(std::vector<std::unique_ptr<Layer>> layers) : layers_(std::move(layers)) {}

  /// Where `path` leads, without links; nothing where it leads to nothing.
  std::optional<std::string> follow(const std::string& path);

  /// The same, if it is a file, or a directory.
  std::optional<std::string> find_file(const std::string& path);
  std::optional<std::string> find_directory(const std::string& path);

  /// What is in a directory, whose path has no links. Not sorted.
  std::vector<std::string> names_in(const std::string& directory);

  /// The bytes of a small file, whose path has no links; nothing where it cannot be read or is
  /// larger.
  std::optional<std::string> read(const std::string& file, std::size_t limit);

  /// A library, whose path has no links; nothing where it is none for this machine.
  const Elf* elf(const std::string& file);

  /// All files that were read.
  [[nodiscard]] std::vector<std::string> files_read() const;

 private:
  const Entry& look(const std::string& path);
  Layer* layer_with(const std::string& path);

  std::vector<std::unique_ptr<Layer>> layers_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::optional<Elf>> libraries_;
};

}  // namespace berth::hooks
