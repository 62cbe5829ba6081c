#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# child_symbols.sh OBJECT...: the object files that may run after fork() ask others for system calls
# and for functions that touch memory only. Whatever allocates, throws or prints would be seen here.
set -euo pipefail

watched=(carry_out linux_mounts linux_attach linux_files linux_isolation linux_trees linux_places linux_private linux_process linux_children linux_user stand_by time_limit
  trace_end)

allowed() {
  cat <<'LIST'
_exit chdir chmod clock_gettime close close_range dup3 execve fchdir fchmod fcntl fstat ftruncate fsconfig fsmount fsopen fstatfs futimens getpid getppid getrlimit ioctl
kill mkdir mkdirat mknodat mount mount_setattr move_mount open open_tree pipe2 poll prctl pthread_sigmask read readahead send
sethostname setns setrlimit setxattr signal signalfd socket splice statx symlink symlinkat syscall umask umount2 unlink unshare utimensat waitid write
sigaddset sigemptyset sigfillset sigismember sigpending setsid
memcmp memcpy memmove memset strcmp strlen strncmp
__errno_location
__stack_chk_fail
berth::enter::LinuxMounts::attach_image(berth::AttachImage const&)
berth::enter::LinuxMounts::attach_overlay(unsigned int, char const*)
berth::enter::LinuxMounts::attach_tree(berth::AttachTree const&)
berth::enter::LinuxMounts::await_proof()
berth::enter::LinuxMounts::cover_file(berth::CoverFile const&)
berth::enter::LinuxMounts::carry_tree(char const*)
berth::enter::LinuxMounts::mount_private_root(berth::MountPrivateRoot const&)
berth::enter::LinuxMounts::hold_own(unsigned int, int)
berth::enter::LinuxMounts::lay_files(char const*, berth::StartFile const*, unsigned int)
berth::enter::LinuxMounts::lock_place(char const*)
berth::enter::LinuxMounts::look_ahead(berth::LookAhead const&)
berth::enter::LinuxMounts::make_tree(berth::MakeTree const&)
berth::enter::LinuxMounts::make_link(berth::MakeLink const&)
berth::enter::LinuxMounts::mask_place(char const*)
berth::enter::LinuxMounts::open_root(char const*)
berth::enter::LinuxMounts::source(unsigned int) const
berth::enter::LinuxMounts::take_image(berth::TakeImage const&)
berth::enter::LinuxMounts::use_image(char const*)
berth::enter::LinuxProcess::ask_keeper(char, int)
berth::enter::LinuxProcess::become_first(int)
berth::enter::LinuxProcess::become_user(berth::Ids const&)
berth::enter::LinuxProcess::connect_network()
berth::enter::LinuxProcess::drop_privileges(unsigned long)
berth::enter::LinuxProcess::follow_into_pids()
berth::enter::LinuxProcess::map_ids()
berth::enter::LinuxProcess::raise_loopback()
berth::enter::LinuxProcess::set_host_name(char const*)
berth::enter::LinuxProcess::shift_clocks(char const*)
berth::enter::LinuxProcess::start_init(berth::StartInit const&)
berth::enter::Trace::step_ends()
berth::enter::Trace::tell()
berth::enter::finish_tree(int, int, unsigned long, int&)
berth::init::Alarm::is_due() const
berth::init::Alarm::milliseconds_left() const
berth::init::Alarm::set(unsigned long)
berth::init::has_children()
berth::init::hold_signals()
berth::init::let_signals_go(berth::init::Held const&)
berth::init::say(int, char const*)
berth::init::signal_children(int)
berth::init::stand_by(berth::init::Charge const&)
berth::serve::await_verdict(int)
berth::serve::hand_over(int, int, berth::serve::Owner const&)
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
      echo "$name.cc needs '$symbol', which may not run after fork()"
      failed=1
    }
  done <<<"$undefined"
done
exit $failed
