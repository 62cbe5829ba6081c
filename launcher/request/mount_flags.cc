// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/mount_flags.h"

#include "base/text.h"

#include <algorithm>

namespace berth::request {

namespace {

enum Kind : unsigned char { writing, suid, devices, programs, depth, propagation };

struct FlagWord {
  std::string_view name;
  Kind kind = writing;
  MountFlags effect = {};
};

// The first name of an effect is the one that words_of() gives.
constexpr std::array<FlagWord, 19> kWords = {
    {{"ro", writing, {.set = MOUNT_ATTR_RDONLY}},
     {"rro", writing, {.set = MOUNT_ATTR_RDONLY}},  // docker's for what "ro" means here
     {"rw", writing, {.clear = MOUNT_ATTR_RDONLY}},
     {"nosuid", suid, {.set = MOUNT_ATTR_NOSUID}},
     {"suid", suid, {.clear = MOUNT_ATTR_NOSUID}},
     {"nodev", devices, {.set = MOUNT_ATTR_NODEV}},
     {"dev", devices, {.clear = MOUNT_ATTR_NODEV}},
     {"noexec", programs, {.set = MOUNT_ATTR_NOEXEC}},
     {"exec", programs, {.clear = MOUNT_ATTR_NOEXEC}},
     {"nonrec", depth, {.is_recursive = false}},
     {"bind", depth, {.is_recursive = false}},  // as mount(8) has these two
     {"rec", depth, {}},
     {"rbind", depth, {}},
     {"private", propagation, {.propagation = Propagation::none}},
     {"rprivate", propagation, {.propagation = Propagation::none}},
     {"slave", propagation, {.propagation = Propagation::slave}},
     {"rslave", propagation, {.propagation = Propagation::slave}},
     {"shared", propagation, {.propagation = Propagation::shared}},
     {"rshared", propagation, {.propagation = Propagation::shared}}}};

bool is_of_trees(const FlagWord& word) {
  return word.kind == depth || word.kind == propagation;
}

bool has_effect(const MountFlags& flags, const FlagWord& word) {
  const MountFlags& effect = word.effect;
  if (word.kind == depth) return flags.is_recursive == effect.is_recursive;
  if (word.kind == propagation) return flags.propagation == effect.propagation;
  return (flags.set & effect.set) != 0 || (flags.clear & effect.clear) != 0;
}

}  // namespace

Result<bool> FlagWords::take(const std::string& word, const std::string& goal) {
  const auto* const found = std::find_if(
      kWords.begin(), kWords.end(), [&](const FlagWord& known) { return known.name == word; });
  if (found == kWords.end() || (!of_tree_ && is_of_trees(*found))) return false;
  std::string& said = said_[found->kind];
  if (!said.empty())
    return Error{Blame::usage,
                 goal + ": " +
                     (said == word ? quote(word) + " is said twice"
                                   : quote(said) + " and " + quote(word) + " do not go together"),
                 {},
                 "leave one of them out"};
  said = word;
  flags_.set |= found->effect.set;
  flags_.clear |= found->effect.clear;
  if (found->kind == depth) flags_.is_recursive = found->effect.is_recursive;
  if (found->kind == propagation) flags_.propagation = found->effect.propagation;
  return true;
}

std::vector<std::string> flag_words(bool of_tree) {
  std::vector<std::string> words;
  words.reserve(kWords.size());
  for (const FlagWord& word : kWords)
    if (of_tree || !is_of_trees(word)) words.emplace_back(word.name);
  return words;
}

std::vector<std::string> words_of(const MountFlags& flags) {
  std::vector<std::string> words;
  const FlagWord* last = nullptr;
  for (const FlagWord& word : kWords) {
    const bool is_synonym = last != nullptr && last->kind == word.kind;
    if (is_synonym || !has_effect(flags, word)) continue;
    last = &word;
    if (word.effect != MountFlags{}) words.emplace_back(word.name);
  }
  return words;
}

Error unknown_mount_option(const std::string& goal,
                           const std::string& word,
                           const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  std::string all;
  for (const std::string& one : known)
    all += (all.empty() ? "" : ", ") + one;
  return Error{Blame::usage,
               goal + ": unknown option " + quote(word),
               {},
               near.empty() ? "options are " + all : "did you mean " + near + "?"};
}

}  // namespace berth::request
