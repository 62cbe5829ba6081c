// SPDX-License-Identifier: Apache-2.0
// What a filter of system calls says of a call, without making it: an interpreter of those classic
// BPF instructions that filters are made of (linux/filter.h, seccomp(2)).
#pragma once

#include "launcher/seccomp/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace berth::tests {

inline seccomp_data call(int number,
                         std::initializer_list<std::uint64_t> arguments = {},
                         std::uint32_t architecture = AUDIT_ARCH_X86_64) {
  seccomp_data data{};
  data.nr = number;
  data.arch = architecture;
  std::copy(arguments.begin(), arguments.end(), data.args);
  return data;
}

/// SECCOMP_RET_... as the kernel would see it. Throws what no kernel would take.
inline std::uint32_t verdict(const seccomp::Filter& filter, const seccomp_data& data) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const sock_filter& one = filter[at];
    const auto jump = [&](bool condition) { at += condition ? one.jt : one.jf; };
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (one.k > sizeof data - sizeof a) throw std::out_of_range("load");
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + one.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= one.k;
        break;
      case BPF_JMP | BPF_JA:
        at += one.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(a == one.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(a > one.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(a >= one.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((a & one.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return one.k;
      default:
        throw std::invalid_argument("instruction " + std::to_string(one.code));
    }
  }
  throw std::out_of_range("no end");
}

}  // namespace berth::tests
