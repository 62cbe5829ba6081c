// SPDX-License-Identifier: Apache-2.0
// The files of this node, of a directory, or of images that lie on each other, looked up as a
// program in them would: links are followed, and none leads out. What an image has may be anything.
#pragma once

#include "base/result.h"
#include "hooks/elf/elf.h"
#include "hooks/gpu/loader_cache.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

  /// Whether `path`, which is not here, hides what lower layers have there.
  virtual bool hides(const std::string& path) {
    (void)path;
    return false;
  }

  /// False once something that is there could not be read.
  [[nodiscard]] virtual bool is_sound() const { return true; }
};

/// The directory that `fd`, which it takes no part in closing, is open for.
std::unique_ptr<Layer> layer_of_directory(int fd);

/// The same of one that overlayfs keeps changes in: what is marked as opaque hides what lower
/// layers have there (overlayfs.rst, "Whiteouts and opaque directories").
std::unique_ptr<Layer> layer_of_changes(int fd);

/// The regular file that `fd` is open for, as a tree of which it is the root.
std::unique_ptr<Layer> layer_of_file(int fd);

/// The SquashFS image in that file of `size` bytes. What differs from its hash tree cannot be read.
Result<std::unique_ptr<Layer>> layer_of_image(int fd, std::uint64_t size);

class Tree {
 public:
  /// The upper ones first.
  explicit Tree(std::vector<std::unique_ptr<Layer>> layers) : layers_(std::move(layers)) {}

  /// Hides all that is at `to`, or where that leads. Null: nothing is in what does. Before anything
  /// is looked up.
  void mount(const std::string& to, std::unique_ptr<Layer> what);

  Tree(Tree&&) = default;
  Tree& operator=(Tree&&) = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  virtual ~Tree() = default;

  /// Where `path` leads, without links; nothing where it leads to nothing.
  virtual std::optional<std::string> follow(const std::string& path);

  /// The same, if it is a file, or a directory.
  virtual std::optional<std::string> find_file(const std::string& path);
  virtual std::optional<std::string> find_directory(const std::string& path);

  /// What is in a directory, whose path has no links. Not sorted.
  virtual std::vector<std::string> names_in(const std::string& directory);

  /// What its loader's cache has (ld.so(8)).
  virtual std::vector<Library> loader_cache();

  /// A library, whose path has no links; nothing where it is none for this machine.
  virtual const Elf* elf(const std::string& file);

  /// The names that such a library has for others and wants of them; nothing where it is none.
  virtual std::optional<Symbols> symbols(const std::string& file);

  /// Those of names_in() that are directories themselves, no link followed. None of a directory
  /// with more names than software has.
  virtual std::vector<std::string> directories_in(const std::string& directory);

  /// All files that were looked into, all directories whose names were read, and what was searched
  /// for, there or not.
  [[nodiscard]] std::vector<std::string> places_read() const;

  /// Whether all that is there could be read.
  [[nodiscard]] virtual bool is_sound();

  /// The place above `path`, or itself, that something is mounted on; empty: none.
  virtual std::string mounted_above(const std::string& path);

  /// The bytes of a small file, whose path has no links; nothing where it cannot be read or is
  /// larger.
  virtual std::optional<std::string> read(const std::string& file, std::size_t limit);

 protected:
  /// What is known of a library.
  std::map<std::string, std::optional<Elf>>& libraries() { return libraries_; }

 private:
  const Entry& look(const std::string& path);
  Entry look_below(const std::string& path);
  Layer* layer_with(const std::string& path, std::string& inside);

  struct Mounted {
    std::string to;  ///< without links, '.' and '..'
    std::unique_ptr<Layer> what;
  };

  [[nodiscard]] const Mounted* mount_of(const std::string& path) const;
  static std::string inside_of(const std::string& path, const Mounted& mount);

  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Mounted> mounted_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::optional<Elf>> libraries_;
  std::vector<std::string> directories_;  ///< whose names were read
  std::set<std::string> asked_;
};

}  // namespace berth::hooks
