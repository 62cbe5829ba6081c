// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/machine_text.h"

#include "base/text.h"

#include <array>
#include <charconv>
#include <optional>

namespace berth::pin {

namespace {

using Words = std::vector<std::string>;

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

std::string list_text(const Numbers& numbers) {
  return numbers.is_empty() ? "-" : to_text(numbers);
}

}  // namespace

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
  return text + "allowed " + list_text(machine.allowed) + "\nend\n";
}

Result<Machine> parse_machine(std::string_view text) {
  Machine machine;
  Numbers known;
  if (!text.ends_with("\nend\n"))
    return Error{Blame::internal, "understand the machine's description: it is not whole"};
  text.remove_suffix(std::string_view("\nend\n").size());
  for (const std::string& line : split(text, '\n')) {
    const Words words = split(line, ' ');
    const bool is_taken = words[0] == "memory"    ? take_memory(machine, words)
                          : words[0] == "allowed" ? take_allowed(machine, words)
                                                  : take_cpu(machine, known, words);
    if (!is_taken)
      return Error{
          Blame::internal,
          "understand the line " + quote(line.substr(0, 80)) + " of the machine's description"};
  }
  return machine;
}

}  // namespace berth::pin
