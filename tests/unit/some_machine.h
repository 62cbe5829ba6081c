// SPDX-License-Identifier: Apache-2.0
// Machines for tests, out of a seed: with and without L3 caches, siblings, unlike cores, holes in
// their numbers, and numbers in any order.
#pragma once

#include "launcher/model/machine.h"

#include <algorithm>
#include <random>
#include <vector>

namespace berth::tests {

inline Machine some_machine(std::mt19937& random) {
  const auto up_to = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
  Machine machine;
  const unsigned sockets = 1 + up_to(3);
  const bool has_l3 = up_to(3) != 0;
  unsigned core = 0;
  unsigned l3 = 0;
  for (unsigned socket = 0; socket < sockets; ++socket)
    for (unsigned left = 1 + up_to(2); left > 0; --left) {
      for (unsigned caches = 1 + up_to(2); caches > 0; --caches, ++l3)
        for (unsigned cores = 1 + up_to(5); cores > 0; --cores, ++core) {
          const unsigned kind = up_to(9) == 0 ? 1U : 0U;
          for (unsigned threads = 1 + up_to(1); threads > 0; --threads)
            machine.cpus.push_back({0,
                                    core,
                                    has_l3 ? l3 : Cpu::kNoL3,
                                    static_cast<unsigned>(machine.memory.size()),
                                    socket,
                                    kind});
        }
      Numbers nodes;
      for (unsigned more = up_to(2); more > 0; --more)
        nodes.add(up_to(70));
      machine.memory.push_back(nodes);
    }
  std::vector<unsigned> numbers;
  for (unsigned number = up_to(1100); numbers.size() < machine.cpus.size();
       number += 1 + (up_to(5) == 0 ? up_to(90) : 0))
    numbers.push_back(number);
  std::shuffle(numbers.begin(), numbers.end(), random);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    machine.cpus[i].number = numbers[i];
    machine.allowed.add(numbers[i]);
  }
  return machine;
}

/// At least one of its CPUs.
inline Numbers some_of(const Machine& machine, std::mt19937& random) {
  const bool is_all = random() % 2 == 0;
  Numbers some;
  some.add(machine.cpus[random() % machine.cpus.size()].number);
  for (const Cpu& cpu : machine.cpus)
    if (is_all || random() % 3 != 0) some.add(cpu.number);
  return some;
}

}  // namespace berth::tests
