// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/near.h"

#include "base/text.h"
#include "launcher/pin/divide.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace berth::pin {

namespace {

using Devices = std::vector<Device>;

/// Cards of a fast network alone, where there are any: the others are for administrators.
Devices devices_of(const Machine& machine, DeviceKind kind) {
  Devices found;
  for (const Device& device : machine.devices)
    if (device.kind == kind) found.push_back(device);
  if (std::any_of(found.begin(), found.end(), [](const Device& one) { return one.is_fabric; }))
    std::erase_if(found, [](const Device& one) { return !one.is_fabric; });
  return found;
}

bool is_called(const Device& device, const std::string& name) {
  return std::any_of(device.names.begin(), device.names.end(), [&](const std::string& one) {
    return one == name || one == "0000:" + name;
  });
}

const Device* find(const Devices& devices, const std::string& name) {
  const auto found = std::find_if(
      devices.begin(), devices.end(), [&](const Device& one) { return is_called(one, name); });
  return found == devices.end() ? nullptr : &*found;
}

std::optional<unsigned> number_in(const std::string& text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  return trouble == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

/// A beginning of an identity is enough, as for CUDA, if there is one alone.
const Device* find_identity(const Devices& gpus, const std::string& text) {
  const Device* found = nullptr;
  for (const Device& gpu : gpus)
    for (const std::string& name : gpu.names)
      if (text.starts_with("GPU-") && name.starts_with(text)) {
        if (found != nullptr && found != &gpu) return nullptr;
        found = &gpu;
      }
  return found;
}

/// `are_files`: a number is that of a file in /dev, where the driver says which that is.
const Device* find_gpu(const Devices& gpus, const std::string& text, bool are_files) {
  const auto number = number_in(text);
  if (!number) {
    const Device* const named = find(gpus, text);
    return named != nullptr ? named : find_identity(gpus, text);
  }
  const Device* const file = are_files ? find(gpus, "nvidia" + text) : nullptr;
  if (file != nullptr) return file;
  return *number < gpus.size() ? &gpus[*number] : nullptr;
}

Error not_there(const std::string& name, const std::string& whence, const Devices& there) {
  std::string names;
  for (const Device& one : there)
    names += (names.empty() ? "" : ", ") + words_of(one);
  return {Blame::usage,
          "place ranks near the device " + quote(name) + whence + ": this machine has " +
              (names.empty() ? "none" : names),
          {},
          "name devices that are there, by their PCI address or as the system calls them"};
}

Result<Devices> find_gpus(const Devices& gpus,
                          const std::vector<std::string>& texts,
                          bool are_files,
                          const std::string& whence) {
  Devices found;
  for (const std::string& text : texts) {
    const Device* const one = find_gpu(gpus, text, are_files);
    if (one == nullptr) return not_there(text, whence, gpus);
    found.push_back(*one);
  }
  return found;
}

bool are_of(const Devices& job, const Devices& own) {
  return std::all_of(own.begin(), own.end(), [&](const Device& one) {
    return std::find(job.begin(), job.end(), one) != job.end();
  });
}

/// A library does not count what its process may not use: in a job that is kept to its GPUs "0" is
/// the first of these. Nothing where the texts are no such numbers.
Devices within(const Devices& all, const Devices& job, const std::vector<std::string>& texts) {
  Devices seen = all;
  std::erase_if(seen, [&](const Device& one) { return !are_of(job, {one}); });
  Devices found;
  for (const std::string& text : texts) {
    const auto number = number_in(text);
    if (!number || *number >= seen.size()) return {};
    found.push_back(seen[*number]);
  }
  return found;
}

/// The ranks have them in turn.
Seats in_turn(const Devices& devices, const NearWish& wish) {
  Seats seats;
  for (std::size_t rank = 0; rank < wish.ranks; ++rank)
    seats.devices.push_back({devices[rank % devices.size()]});
  seats.own = wish.local_rank;
  return seats;
}

/// This rank has these, and of the others nobody knows. Whatever they have, each takes the share
/// that is his by his number.
Seats in_the_dark(const Devices& own, const NearWish& wish) {
  return {std::vector<Devices>(wish.ranks, own), wish.local_rank, wish.ranks == 1};
}

/// This rank has one of the job's, not more ranks than devices are here, and so nobody else has it.
Seats at_its_own(const Devices& job, const Device& own) {
  Seats seats;
  for (std::size_t i = 0; i < job.size(); ++i) {
    seats.devices.push_back({job[i]});
    if (job[i] == own) seats.own = i;
  }
  seats.are_all = false;
  return seats;
}

/// Of a rank that was given GPUs, among those of its job.
Seats among(const Devices& job, const Devices& own, const NearWish& wish) {
  const bool is_alone = own.size() == 1;
  const bool is_of_job = is_alone && std::find(job.begin(), job.end(), own[0]) != job.end();
  if (is_of_job && job[wish.local_rank % job.size()] == own[0]) return in_turn(job, wish);
  if (is_of_job && wish.ranks <= job.size()) return at_its_own(job, own[0]);
  const bool has_all = own.size() > 1 && (job.empty() || own == job);
  return has_all ? in_turn(own, wish) : in_the_dark(own, wish);
}

Result<Seats> seats_at_gpus(const Machine& machine, const NearWish& wish) {
  const Devices all = devices_of(machine, DeviceKind::gpu);
  if (all.empty())
    return Error{Blame::host,
                 "place ranks near GPUs: this machine is not known to have any",
                 {},
                 "leave out --pin-near=gpu, or name what they are to be near to"};
  const auto asked = find_gpus(all, wish.gpus, false, " of --gpus or --device");
  if (!asked) return asked.error();
  if (!asked->empty()) return in_turn(*asked, wish);
  const GivenGpus& given = wish.given;
  const auto own = find_gpus(all, given.own, given.are_files, " in " + given.variable);
  if (!own) return own.error();
  const auto job = find_gpus(all, given.job, true, " in SLURM_JOB_GPUS");
  if (!job) return job.error();
  if (!own->empty() && !job->empty() && !given.are_files && !are_of(*job, *own))
    if (const Devices counted = within(all, *job, given.own); !counted.empty())
      return among(*job, counted, wish);
  if (!own->empty()) return among(*job, *own, wish);
  return in_turn(job->empty() ? all : *job, wish);
}

Result<Seats> seats_at_nics(const Machine& machine, const NearWish& wish) {
  const Devices all = devices_of(machine, DeviceKind::nic);
  if (!all.empty()) return in_turn(all, wish);
  return Error{Blame::host,
               "place ranks near network cards: this machine is not known to have any",
               {},
               "leave out --pin-near=nic, or name what they are to be near to"};
}

Result<Seats> seats_at_named(const Machine& machine, const NearWish& wish) {
  Devices named;
  for (const std::string& name : wish.names) {
    const Device* const one = find(machine.devices, name);
    if (one == nullptr) return not_there(name, "", machine.devices);
    named.push_back(*one);
  }
  return in_turn(named, wish);
}

Numbers near_to(const Devices& devices) {
  Numbers near;
  for (const Device& one : devices)
    near.add(one.cpus);
  return near;
}

Error none_near(const Devices& devices, const Numbers& near, const Numbers& allowed) {
  std::string names;
  for (const Device& one : devices)
    names += (names.empty() ? "" : " and ") + words_of(one);
  return {
      Blame::host,
      "place a rank near " + names + ": near to it are the CPUs " + to_text(near) +
          ", and ranks may use " + to_text(allowed),
      {},
      "have the job get CPUs near its devices (--gres-flags=enforce-binding of Slurm), or leave "
      "out --pin-near"};
}

/// What there is without what is taken; all of it where that is nothing.
Numbers left_of(const Numbers& all, const Numbers& taken) {
  Numbers left;
  for (const unsigned number : all.all())
    if (!taken.has(number)) left.add(number);
  return left.is_empty() ? all : left;
}

}  // namespace

std::string words_of(const Device& device) {
  std::string text;
  for (const auto& [name, kind] : kDeviceKinds)
    if (kind == device.kind && kind != DeviceKind::other) text = std::string(name) + " ";
  text += device.names.front();
  return device.names.size() > 1 ? text + " (" + device.names[1] + ")" : text;
}

Result<Seats> choose_seats(const Machine& machine, const NearWish& wish) {
  if (wish.ranks == 0 || wish.ranks > kMostRanks || wish.local_rank >= kMostRanks)
    return Error{Blame::usage, "place " + std::to_string(wish.ranks) + " ranks on a node"};
  switch (wish.near) {
    case Near::gpu:
      return seats_at_gpus(machine, wish);
    case Near::nic:
      return seats_at_nics(machine, wish);
    default:
      return seats_at_named(machine, wish);
  }
}

Result<std::vector<Numbers>> divide_near(
    const Machine& machine, const Numbers& allowed, const Seats& seats, Pin pin, PinMap map) {
  // Who is near to fewer CPUs comes first: a device whose place nobody knows is near to all.
  std::map<std::pair<std::size_t, std::vector<unsigned>>, std::vector<std::size_t>> neighbours;
  for (std::size_t seat = 0; seat < seats.devices.size(); ++seat) {
    const Numbers near = near_to(seats.devices[seat]);
    const Numbers usable = near.common_with(allowed);
    if (usable.is_empty()) return none_near(seats.devices[seat], near, allowed);
    neighbours[{usable.count(), usable.all()}].push_back(seat);
  }
  std::vector<Numbers> sets(seats.devices.size());
  Numbers taken;
  for (const auto& [where, together] : neighbours) {
    Numbers usable;
    for (const unsigned cpu : where.second)
      usable.add(cpu);
    auto parts =
        divide(machine, left_of(usable, taken), static_cast<unsigned>(together.size()), pin, map);
    if (!parts) return std::move(parts.error());
    for (std::size_t i = 0; i < together.size(); ++i)
      sets[together[i]] = std::move((*parts)[i]);
    taken.add(usable);
  }
  return sets;
}

}  // namespace berth::pin
