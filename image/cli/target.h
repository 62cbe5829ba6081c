// SPDX-License-Identifier: Apache-2.0
// Where an import's image goes: to a path, or to a name in the user's store, where imports of one
// name take turns and share what they made.
#pragma once

#include "base/file.h"
#include "image/cli/options.h"
#include "image/cli/verb.h"
#include "image/settings/settings.h"
#include "image/source/open.h"
#include "image/store/shelf.h"
#include "image/store/turn.h"

#include <optional>
#include <string>

namespace berth::cli {

class Target {
 public:
  /// As told, or in the store under the name that was asked for or the source's; makes the store's
  /// folder.
  static Result<Target> choose(const ImportOptions& options,
                               const source::Reference& reference,
                               const Machine& machine);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Waits for other imports of the name; `err`, unless null, gets a line for each.
  Status take_turn(std::ostream* err, const Machine& machine);

  /// Refuses to go on where something is that may not be replaced, unless take_turn() has waited:
  /// then is_shared() has to be asked before.
  [[nodiscard]] Status check(bool force) const;

  [[nodiscard]] bool has_waited() const { return turn_ && turn_->predecessor() >= 0; }

  /// The image that another process made while we waited, if it is what we would make.
  [[nodiscard]] std::optional<store::Stored> find_shared(const std::string& fingerprint) const;

  /// Gives the finished file its name, as on disk.
  Status commit(FileBeingWritten& file, const store::Origin& origin, bool force);

 private:
  std::string path_;
  std::string name_;  ///< in the store; empty: a path
  std::optional<store::Turn> turn_;
};

/// Tells imports apart whose images could differ: the source, its content as far as it has been
/// read, all options but those that change no byte, and what the settings say of bits to keep.
std::string fingerprint_of(const ImportOptions& options,
                           const source::Reference& reference,
                           const source::Image& image,
                           settings::Setuid setuid);

}  // namespace berth::cli
