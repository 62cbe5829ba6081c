// SPDX-License-Identifier: Apache-2.0
// berth-pin: prints what this machine's CPUs are like, as machine_text.h has it; with --topology,
// what those of the XML on standard input are; with --devices, its devices too. A program of its
// own, because hwloc takes longer to be loaded than most launches take, and because that XML may
// come from anybody: it is read by a process that holds nothing but the two ends of its work.
#include "base/file.h"
#include "base/sanitized.h"
#include "launcher/pin/gpu_names.h"
#include "launcher/pin/machine_text.h"
#include "launcher/pin/topology.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace berth::pin {

namespace {

constexpr std::size_t kMostXml = 16U << 20U;
constexpr rlim_t kMostMemory = 512U << 20U;
constexpr rlim_t kMostSeconds = 10;

Error cannot_be_locked_in(int number) {
  return refused("seccomp_load", "read a topology in a process that can do nothing else", number);
}

/// From here on there is memory to work on, what is open to write to, and an end.
Status lock_in() {
  if (kSanitized) return Done{};
  for (const auto& [resource, most] : {std::pair(RLIMIT_AS, kMostMemory),
                                       std::pair(RLIMIT_CPU, kMostSeconds),
                                       std::pair(RLIMIT_CORE, rlim_t{0})}) {
    const rlimit bounds{most, most};
    if (::setrlimit(resource, &bounds) != 0) return cannot_be_locked_in(errno);
  }
  if (::close_range(3, ~0U, 0) != 0) return cannot_be_locked_in(errno);
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return cannot_be_locked_in(ENOMEM);
  int number = 0;
  for (const int call : {SCMP_SYS(write),
                         SCMP_SYS(brk),
                         SCMP_SYS(mmap),
                         SCMP_SYS(munmap),
                         SCMP_SYS(mremap),
                         SCMP_SYS(madvise),
                         SCMP_SYS(futex),
                         SCMP_SYS(getrandom),
                         SCMP_SYS(exit_group)})
    if (number == 0) number = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  // What hwloc looks for beside its XML, it does not find.
  for (const int call : {SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(readlinkat)})
    if (number == 0) number = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), call, 0);
  if (number == 0) number = seccomp_load(filter);
  seccomp_release(filter);
  return number == 0 ? Status(Done{}) : cannot_be_locked_in(-number);
}

struct Question {
  bool is_of_xml = false;
  bool is_of_devices = false;
};

Result<Machine> read(const Question& question) {
  auto topology =
      Topology::create(question.is_of_devices ? Topology::Devices::all : Topology::Devices::none);
  if (!topology) return std::move(topology.error());
  if (!question.is_of_xml) {
    auto machine = topology->read_machine();
    if (machine) add_names_of_gpus(machine->devices, "/proc/driver/nvidia/gpus");
    return machine;
  }
  auto xml = read_text(STDIN_FILENO, kMostXml, "read the topology");
  if (!xml) return std::move(xml.error());
  BERTH_TRY(lock_in());
  return topology->parse_xml(*xml);
}

int print(const std::string& text, int code) {
  return write_fully(STDOUT_FILENO, text.data(), text.size()) == 0 ? code : 1;
}

int run(const Question& question) {
  // hwloc reads a dozen variables, and looks into folders for plugins, which take 30 ms to load.
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
  const bool is_set = ::clearenv() == 0 && ::setenv("HWLOC_PLUGINS_PATH", "/dev/null", 1) == 0 &&
                      ::setenv("HWLOC_HIDE_ERRORS", "2", 1) == 0;
  // NOLINTEND(concurrency-mt-unsafe)
  if (!is_set) return print("cannot start: no memory\n", 1);
  const auto machine = read(question);
  if (!machine) return print(sentence_of(machine.error()) + "\n", 1);
  if (const Status fits = check_size(*machine); !fits)
    return print(sentence_of(fits.error()) + "\n", 1);
  return print(to_text(*machine), 0);
}

}  // namespace

}  // namespace berth::pin

int main(int count, char** words) {
  berth::pin::Question question;
  bool is_good = true;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(words[i], "--topology") == 0)
      question.is_of_xml = true;
    else if (std::strcmp(words[i], "--devices") == 0)
      question.is_of_devices = true;
    else
      is_good = false;
  }
  if (!is_good) {
    constexpr char kUsage[] = "berth-pin is started by 'berth run --pin'\n";
    (void)::write(STDERR_FILENO, kUsage, sizeof kUsage - 1);
    return 2;
  }
  return berth::pin::run(question);
}
