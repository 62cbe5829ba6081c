// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/machine_text.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace berth::pin {

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMostDevices = 8192;

struct Field {
  std::string_view name;
  unsigned Cpu::*place;
};

constexpr std::array<Field, 6> kFields = {{{"cpu", &Cpu::number},
                                           {"core", &Cpu::core},
                                           {"l3", &Cpu::l3},
                                           {"numa", &Cpu::numa},
                                           {"socket", &Cpu::socket},
                                           {"kind", &Cpu::kind}}};

std::optional<unsigned> number_in(const std::string& text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc{} || rest != end || number >= Numbers::kMost) return std::nullopt;
  return number;
}

/// False where the line is none of a CPU, or one that was named before.
bool take_cpu(Machine& machine, Numbers& known, const Words& words) {
  if (words.size() != 2 * kFields.size()) return false;
  Cpu cpu;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const Field& field = kFields.at(i);
    const auto number =
        field.name == "l3" && words[2 * i + 1] == "-" ? Cpu::kNoL3 : number_in(words[2 * i + 1]);
    if (words[2 * i] != field.name || !number) return false;
    cpu.*field.place = *number;
  }
  if (known.has(cpu.number)) return false;
  known.add(cpu.number);
  machine.cpus.push_back(cpu);
  return true;
}

/// A list that may be of nothing, which is written as "-".
std::optional<Numbers> list_in(const std::string& text) {
  return text == "-" ? Numbers() : parse_numbers(text);
}

bool take_memory(Machine& machine, const Words& words) {
  if (words.size() != 3 || number_in(words[1]) != machine.memory.size()) return false;
  auto nodes = list_in(words[2]);
  if (nodes) machine.memory.push_back(std::move(*nodes));
  return nodes.has_value();
}

bool take_allowed(Machine& machine, const Words& words) {
  if (words.size() != 2) return false;
  auto allowed = list_in(words[1]);
  if (allowed) machine.allowed = std::move(*allowed);
  return allowed.has_value();
}

/// What stands there may come from a stranger's file, and is shown to people.
bool is_device_name(const std::string& name) {
  constexpr std::size_t kLongest = 64;
  constexpr std::string_view kGood =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
  return !name.empty() && name.size() <= kLongest && name != "-" &&
         name.find_first_not_of(kGood) == std::string::npos;
}

bool take_device(Machine& machine, const Words& words) {
  if (words.size() != 5 || !machine.knows_devices || machine.devices.size() == kMostDevices)
    return false;
  const auto* const kind = std::find_if(kDeviceKinds.begin(),
                                        kDeviceKinds.end(),
                                        [&](const auto& one) { return one.first == words[1]; });
  Words names = split(words[2], ',');
  auto cpus = list_in(words[4]);
  if (kind == kDeviceKinds.end() || !std::all_of(names.begin(), names.end(), is_device_name) ||
      (words[3] != "fabric" && words[3] != "-") || !cpus)
    return false;
  machine.devices.push_back(
      {kind->second, std::move(names), words[3] == "fabric", std::move(*cpus)});
  return true;
}

/// "devices".
bool take_look(Machine& machine, const Words& words) {
  if (words.size() != 1 || machine.knows_devices) return false;
  machine.knows_devices = true;
  return true;
}

/// False where the line is none of ours.
bool take(Machine& machine, Numbers& known, const Words& words) {
  if (words[0] == "memory") return take_memory(machine, words);
  if (words[0] == "allowed") return take_allowed(machine, words);
  if (words[0] == "devices") return take_look(machine, words);
  if (words[0] == "device") return take_device(machine, words);
  return take_cpu(machine, known, words);
}

std::string list_text(const Numbers& numbers) {
  return numbers.is_empty() ? "-" : to_text(numbers);
}

/// A name that could not stand there is left out; a device without one too.
std::string device_text(const Device& device) {
  std::string names;
  for (const std::string& name : device.names)
    if (is_device_name(name)) names += (names.empty() ? "" : ",") + name;
  if (names.empty()) return {};
  const auto* const kind = std::find_if(kDeviceKinds.begin(),
                                        kDeviceKinds.end(),
                                        [&](const auto& one) { return one.second == device.kind; });
  return "device " + std::string(kind->first) + " " + names +
         (device.is_fabric ? " fabric " : " - ") + list_text(device.cpus) + "\n";
}

}  // namespace

Status check_size(const Machine& machine) {
  if (machine.devices.size() > kMostDevices)
    return Error{Blame::usage,
                 "take in more than " + std::to_string(kMostDevices) + " devices: there are " +
                     std::to_string(machine.devices.size())};
  for (const Cpu& cpu : machine.cpus)
    if (cpu.number >= Numbers::kMost)
      return Error{Blame::usage,
                   "take in a CPU with the number " + std::to_string(cpu.number) + ": " +
                       std::to_string(Numbers::kMost - 1) + " is the highest"};
  return Done{};
}

std::string to_text(const Machine& machine) {
  std::string text;
  for (const Cpu& cpu : machine.cpus) {
    std::string line;
    for (const Field& field : kFields) {
      const unsigned number = cpu.*field.place;
      line += (line.empty() ? "" : " ") + std::string(field.name) + " " +
              (number == Cpu::kNoL3 ? "-" : std::to_string(number));
    }
    text += line + "\n";
  }
  for (std::size_t i = 0; i < machine.memory.size(); ++i)
    text += "memory " + std::to_string(i) + " " + list_text(machine.memory[i]) + "\n";
  text += "allowed " + list_text(machine.allowed) + "\n";
  if (machine.knows_devices) text += "devices\n";
  for (const Device& device : machine.devices)
    text += device_text(device);
  return text + "end\n";
}

Result<Machine> parse_machine(std::string_view text) {
  Machine machine;
  Numbers known;
  if (!text.ends_with("\nend\n"))
    return Error{Blame::internal, "understand the machine's description: it is not whole"};
  text.remove_suffix(std::string_view("\nend\n").size());
  for (const std::string& line : split(text, '\n')) {
    const Words words = split(line, ' ');
    if (!take(machine, known, words))
      return Error{
          Blame::internal,
          "understand the line " + quote(line.substr(0, 80)) + " of the machine's description"};
  }
  return machine;
}

}  // namespace berth::pin
