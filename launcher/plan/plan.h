// SPDX-License-Identifier: Apache-2.0
// Decides how to launch: what was asked + what the host and the image are like -> steps. Touches
// nothing, so it can be tested by value and printed by `berth run --plan`.
#pragma once

#include "base/result.h"
#include "launcher/model/entry.h"
#include "launcher/model/image.h"
#include "launcher/model/steps.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::plan {

/// Whether what was asked for can be had of these images: an error, or nothing.
Status check_layers(const Launch& launch);

/// Whether the request says in one way who the program is: an error, or nothing.
Status check_user(const Request& request);

/// The numbers of users and groups that a container with subordinate ones has: the caller's own, as
/// inside without them, and around it, from 0 on, the others. Of `facts`, the ids are looked at.
IdMaps maps_of(const Request& request, const Facts& facts);

/// The texts of passwd(5) and group(5) that say who somebody is.
struct Accounts {
  const std::string& passwd;
  const std::string& group;
  std::string owner;  ///< whose they are, for messages: "image"
};

/// Who "USER[:GROUP]" is, both by name or number; what is not said is as with `caller`. An error
/// where a name is not there.
Result<Identity> find_user(const std::string& asked, const Accounts& accounts, Identity caller);

/// Who the request's `user` is to the image: a name or a number, of which the image may say more.
/// An error where a name is not in the image, or a number not in the container.
Result<Identity> find_identity(const Launch& launch);

/// For those who join a container and know nothing of its image.
std::string to_text(const Identity& identity);
std::optional<Identity> parse_identity(const std::string& text);

/// The steps that a plan begins with and that no image has a say in: they can be carried out while
/// its server still reads it. Of `launch`, request, facts, role and the image's layers are looked
/// at. A joiner has none.
Result<std::vector<Step>> make_beginning(const Launch& launch);

/// The steps that follow; of a launch without overlay, those that follow on the refusal of it.
Result<std::vector<Step>> make_rest(const Launch& launch);

/// Whether a launch can go on without an overlay after this refusal: the kernel takes none, and
/// nothing was asked for that needs one.
bool may_go_without(const Launch& launch, const Step& refused, const Refusal& refusal);

/// Both, in this order.
Result<std::vector<Step>> make_plan(const Launch& launch);

/// Whether it matters on which CPUs and memory nodes the program runs.
bool asks_for_place(const Request& request);

/// Whether the ranks of this launch can be placed as it was asked for, before anything is begun: an
/// error, or nothing. Of the facts, the rank and its CPUs are looked at, and not the machine.
Status check_place(const Launch& launch);

/// Whether what is asked for needs to know the machine.
bool needs_machine(const Launch& launch);

/// Whether it needs to know the machine's devices, too.
bool needs_devices(const Launch& launch);

/// Whether the rank's launcher has chosen its CPUs, so that it stays there.
bool stays_on_its_cpus(const Launch& launch);

/// Who is where, by the number on the node.
struct RankMap {
  std::vector<Numbers> cpus = {};
  std::vector<std::vector<Device>> devices = {};  ///< to which the rank is near; or empty
};

/// The CPUs of each of the node's ranks, if all of them were given the same ones. Where it is known
/// of this rank alone, the others have none.
Result<RankMap> make_map(const Launch& launch);

/// That, or why there is none, for people; empty where nothing of it was asked for.
Result<std::string> map_text(const Launch& launch);

/// Who sets, changes and removes a variable of the program, a line for each in the order of doing,
/// and in the last line what it is then: NAME=VALUE, or "NAME is not set". All of it is found by
/// making the environment as a plan has it. Fails as make_plan() does where places contradict
/// each other.
Result<std::string> explain_variable(const Launch& launch, const std::string& name);

/// How others come to be in the container as the program that these steps, the rest of a plan,
/// start.
Entry entry_of(const Launch& launch, const std::vector<Step>& rest);

/// The steps that start another program in the container `name`.
std::vector<Step> make_entry(const Entry& entry,
                             const std::string& name,
                             std::vector<std::string> words);

/// Completes the words "cannot ...".
std::string goal_of(const Step& step);

/// A plan, or a part of one, for people: a line for each step, numbered from `first` on, details
/// indented below.
std::string to_text(const std::vector<Step>& steps, unsigned first = 1);

/// What a person could do about this refusal at this step; may be empty.
/// Pure: what had to be looked at again is in `findings`.
std::string hint_for(const Step& step, const Refusal& refusal, const Findings& findings);

/// Every hint there is; docs/errors.md has a paragraph for each.
std::vector<std::string> all_hints();

}  // namespace berth::plan
