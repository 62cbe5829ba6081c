// SPDX-License-Identifier: Apache-2.0
#include "image/cli/remove.h"

#include "base/text.h"
#include "image/cli/flags.h"
#include "image/store/shelf.h"

#include <array>
#include <cerrno>

namespace berth::cli {

namespace {

constexpr VerbText kText = {
    "berth image remove [OPTIONS] NAME...",
    "Takes images out of your store. Containers that run one of them go on.\n",
    1,
    100000};

constexpr std::array<Option<Flags>, 2> kOptions = {
    force_option("do not mind names that are not there"), kHelp};

Status remove_one(const std::string& name,
                  const Flags& flags,
                  const Streams& streams,
                  const Machine& machine) {
  const auto path = store::path_for(name, machine.environment);
  if (!path) return path.error();
  const auto freed = store::remove(*path);
  if (!freed && freed.error().refusal && freed.error().refusal->number == ENOENT) {
    if (flags.force) return Done{};
    return Error{Blame::image,
                 "remove " + quote(name) + ": there is no image of that name",
                 {},
                 "see 'berth image list'"};
  }
  if (!freed) return freed.error();
  streams.err << "berth: removed " << quote(store::short_name(name)) << ", "
              << (*freed > 0 ? size_text(*freed) + " are free"
                             : "whose content has another name still")
              << "\n";
  return Done{};
}

/// All that can be removed; the first failure is the one that is told in the end.
Status remove(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine) {
  Flags flags;
  const auto operands = parse_verb<Flags>(kText, flags, kOptions, words);
  if (!operands) return operands.error();
  if (flags.help) {
    streams.out << help_of<Flags>(kText, kOptions);
    return Done{};
  }
  Status outcome = Done{};
  for (const std::string& name : *operands) {
    Status status = remove_one(name, flags, streams, machine);
    if (status) continue;
    if (!outcome) streams.err << to_text(outcome.error()) << "\n";
    outcome = std::move(status);
  }
  return outcome;
}

}  // namespace

int run_remove(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine) {
  return finish(remove(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
