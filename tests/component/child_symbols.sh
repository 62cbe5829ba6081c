#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# child_symbols.sh OBJECT...: the object files that may run after fork() ask others for system calls
# and for functions that touch memory only. Whatever allocates, throws or prints would be seen here.
set -euo pipefail

watched=(carry_out linux_mounts linux_attach linux_files linux_process)

allowed() {
  cat <<'LIST'
chdir chmod close close_range execve fchdir fchmod fcntl fstat fstatfs futimens getrlimit mkdir mkdirat mknodat mount
mount_setattr move_mount open open_tree prctl readahead sendfile setns setxattr statx symlink syscall
umount2 unlink unshare utimensat write
memcpy memmove memset strlen strncmp
__errno_location
__stack_chk_fail
berth::enter::LinuxMounts::attach_overlay(unsigned int, char const*)
berth::enter::LinuxMounts::attach_tree(unsigned int, char const*)
berth::enter::LinuxMounts::await_proof()
berth::enter::LinuxMounts::lay_files(char const*, berth::StartFile const*, unsigned int)
berth::enter::LinuxMounts::look_ahead(berth::LookAhead const&)
berth::serve::await_verdict(int)
berth::serve::hand_over(int, int)
berth::send_message(int, char, std::span<int const, 18446744073709551615ul>)
LIST
  # Named by every class with virtual functions and by every noexcept function, and run by none:
  # nothing here is created with new, deleted, or thrown.
  cat <<'LIST'
operator delete(void*, unsigned long)
__gxx_personality_v0
vtable for __cxxabiv1::__class_type_info
vtable for __cxxabiv1::__si_class_type_info
LIST
}

# One name on a line; the first lists are many on one.
names=$(allowed | awk '/^[a-z0-9_ ]+$/ && !/^vtable|^operator/ { gsub(/ /, "\n") } { print }')

failed=0
for name in "${watched[@]}"; do
  object=
  for candidate in "$@"; do
    [[ $candidate != */"$name".cc.o ]] || object=$candidate
  done
  if [[ -z $object ]]; then
    echo "no object file of $name.cc was given"
    failed=1
    continue
  fi
  undefined=$(nm --undefined-only --demangle --format=posix "$object" | sed 's/ [Uw] *$//')
  if [[ -z $undefined && $name != carry_out ]]; then
    echo "nm says nothing of $object, which surely makes system calls"
    failed=1
  fi
  while read -r symbol; do
    [[ -z $symbol ]] || grep -qxF -- "$symbol" <<<"$names" || {
      echo "launcher/enter/$name.cc needs '$symbol', which may not run after fork()"
      failed=1
    }
  done <<<"$undefined"
done
exit $failed
