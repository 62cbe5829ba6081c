// SPDX-License-Identifier: Apache-2.0
// Whether the ranks of a job will find each other: what the job's launcher offers, and what the
// image's MPI speaks.
#pragma once

#include "base/result.h"
#include "hooks/memory.h"
#include "hooks/mpi_fact.h"
#include "launcher/cli/asked_program.h"
#include "launcher/cli/root_images.h"
#include "launcher/cli/session.h"
#include "launcher/model/image.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

/// What a launcher says of a job in its variables.
struct Offer {
  std::string who = {};                ///< "Open MPI's mpirun"; empty: nobody has started this
  std::vector<std::string> ways = {};  ///< of hooks/mpi_fact.h
  std::string says = {};               ///< by what that is known
  unsigned size = 1;                   ///< ranks of the job
};

/// Pure. `launcher`: as Rank has it.
Offer offer_of(const std::string& launcher, const std::vector<std::string>& environment);

/// A sentence, where no MPI of the image speaks anything that the launcher offers, and there are
/// ranks that would miss each other; else empty. Pure.
std::string mismatch(const Offer& offer, const std::vector<hooks::MpiFact>& facts);

/// The same where it is worth a line before each program: not where srun offers nothing at all.
/// Pure.
std::string mpi_warning(const Offer& offer, const std::vector<hooks::MpiFact>& facts);

/// All that is known, and what follows, for people. Pure.
std::string explain_mpi(const Offer& offer, const std::vector<hooks::MpiFact>& facts);

/// Looks at both sides while a launch goes on.
class MpiCheck {
 public:
  /// Whether a job's launch has anything to look at, and what earlier ones have found of the image.
  /// Reads a few blocks of `images`, but only for a rank of several. Those that cannot be known
  /// again are not looked at.
  void begin(const Launch& launch, const Session& session, const RootImages& images);

  /// Whether the image has to be looked into, which takes some hundredths of a second.
  [[nodiscard]] bool has_to_ask() const { return is_wanted_ && !facts_; }

  /// Asks berth-hooks. `state` and `images`: as DeviceLook::start() has them. With `node`, what
  /// this node has is asked, too.
  Status ask(const Launch& launch,
             const Session& session,
             const std::string& state,
             std::vector<int> images,
             bool node);

  /// Waits for the answer. What cannot be found out is an error only to who has asked for it.
  Status finish();

  /// What to tell people before the program begins; may be empty.
  [[nodiscard]] std::string warning() const;

  [[nodiscard]] const std::vector<hooks::MpiFact>& facts() const { return *facts_; }

 private:
  void take(const hooks::Edits& edits);

  bool is_wanted_ = false;
  Offer offer_;
  AskedProgram program_;
  std::optional<hooks::Memory> memory_;
  std::optional<std::vector<hooks::MpiFact>> facts_;
};

}  // namespace berth::cli
