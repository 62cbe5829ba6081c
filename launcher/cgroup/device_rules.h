// SPDX-License-Identifier: Apache-2.0
// Rules about devices as version 1 of control groups keeps them: one default, and a list of
// exceptions from it (devices.rst). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::cgroup {

/// The number of the rule that such a list cannot express, with the earlier one that it would have
/// to change in part: "deny c 1:5 rwm" behind "allow c 1:* rwm". The kernel takes exceptions away
/// only whole, and says nothing where it finds none. Nothing where the list means what the rules
/// do, the last that is about a device being the one that counts.
struct Clash {
  std::size_t earlier = 0;
  std::size_t later = 0;
};

std::optional<Clash> find_clash(std::span<const std::string> rules);

/// A line of `list`, the text of devices.list, that still allows something of what `rule` denies;
/// "" for none. `rule` is without its verb. Of a list that allows all by default nobody can tell:
/// it does not show its exceptions, and takes any.
std::string still_allowed(std::string_view list, const std::string& rule);

}  // namespace berth::cgroup
