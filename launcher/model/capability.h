// SPDX-License-Identifier: Apache-2.0
// Rights that a program can have over its container's namespaces, and no more: capabilities(7).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace berth {

/// A bit for each; the number of the bit is the capability's.
using Capabilities = std::uint64_t;

/// By number, as <linux/capability.h> has them.
inline constexpr std::array<std::string_view, 41> kCapabilityNames = {"CHOWN",
                                                                      "DAC_OVERRIDE",
                                                                      "DAC_READ_SEARCH",
                                                                      "FOWNER",
                                                                      "FSETID",
                                                                      "KILL",
                                                                      "SETGID",
                                                                      "SETUID",
                                                                      "SETPCAP",
                                                                      "LINUX_IMMUTABLE",
                                                                      "NET_BIND_SERVICE",
                                                                      "NET_BROADCAST",
                                                                      "NET_ADMIN",
                                                                      "NET_RAW",
                                                                      "IPC_LOCK",
                                                                      "IPC_OWNER",
                                                                      "SYS_MODULE",
                                                                      "SYS_RAWIO",
                                                                      "SYS_CHROOT",
                                                                      "SYS_PTRACE",
                                                                      "SYS_PACCT",
                                                                      "SYS_ADMIN",
                                                                      "SYS_BOOT",
                                                                      "SYS_NICE",
                                                                      "SYS_RESOURCE",
                                                                      "SYS_TIME",
                                                                      "SYS_TTY_CONFIG",
                                                                      "MKNOD",
                                                                      "LEASE",
                                                                      "AUDIT_WRITE",
                                                                      "AUDIT_CONTROL",
                                                                      "SETFCAP",
                                                                      "MAC_OVERRIDE",
                                                                      "MAC_ADMIN",
                                                                      "SYSLOG",
                                                                      "WAKE_ALARM",
                                                                      "BLOCK_SUSPEND",
                                                                      "AUDIT_READ",
                                                                      "PERFMON",
                                                                      "BPF",
                                                                      "CHECKPOINT_RESTORE"};

inline constexpr Capabilities kEveryCapability = (1ULL << kCapabilityNames.size()) - 1;

}  // namespace berth
