// SPDX-License-Identifier: Apache-2.0
// berth-image: what works on images and is not needed for a launch. `berth import …` runs
// `berth-image import …`, and `berth image …` runs `berth-image image …`.
#include "base/text.h"
#include "image/cli/image.h"
#include "image/cli/import.h"

#include <malloc.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>

namespace {

std::atomic<int> g_stop{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores to it");

constexpr const char* kUsage =
    "Usage: berth-image import [OPTIONS] SOURCE [OUT.sqsh]\n"
    "       berth-image image VERB ...\n"
    "       berth-image --version\n";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no threads yet
  return value == nullptr ? "" : value;
}

unsigned count_cpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;  // more than 1024 CPUs
  return static_cast<unsigned>(CPU_COUNT(&set));
}

/// Of the terminal that standard error is.
unsigned count_columns() {
  struct winsize size {};

  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void watch_signals() {
  struct sigaction action {};

  action.sa_handler = [](int number) { g_stop.store(number, std::memory_order_relaxed); };
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    (void)::sigaction(number, &action, nullptr);
  // Who has started us may ignore it, and then no helper could be waited for.
  (void)::signal(SIGCHLD, SIG_DFL);
  // A file-size limit then is an errno, EFBIG, which can be explained.
  (void)::signal(SIGXFSZ, SIG_IGN);
}

/// All threads of a verb work on one thing, and gain nothing from interrupting each other as soon
/// as one has something to do: an import takes 3 % less.
void work_in_batches() {
  const sched_param parameters{};
  // A wish. Whoever has settled something else, say SCHED_IDLE, keeps it.
  if (::sched_getscheduler(0) == SCHED_OTHER)
    (void)::sched_setscheduler(0, SCHED_BATCH, &parameters);
}

/// Whoever needs more memory than there is cannot go on, in whichever thread. What is being written
/// has no name yet.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kText =
      "berth: cannot get more memory: Cannot allocate memory (ENOMEM)\n"
      "berth: hint: raise the bound on your memory (ulimit -v, or the job's), or free some\n";
  (void)!::write(STDERR_FILENO, kText.data(), kText.size());  // there is nothing else to do
  ::_exit(1);
}

/// What a verb has printed may still be here, and the device may be full.
int flush_output(int status) {
  errno = 0;
  std::cout.flush();
  if (std::cout || status != 0) return status;
  berth::Error error{berth::Blame::host, "write to standard output"};
  if (errno != 0) error.refusal = berth::Refusal{"write", errno};
  std::cerr << to_text(error) << "\n";
  return 1;
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr << kUsage;
    return 2;
  }
  if (words[0] == "--version") {
    std::cout << "berth-image " << BERTH_VERSION << "\n";
    return 0;
  }
  if (words[0] == "--help" || words[0] == "-h") {
    std::cout << kUsage;
    return 0;
  }
  const berth::cli::RunVerb verb = words[0] == "import"  ? berth::cli::run_import
                                   : words[0] == "image" ? berth::cli::run_image
                                                         : nullptr;
  if (verb == nullptr) {
    std::cerr << "berth: cannot understand the verb " << berth::quote(words[0]) << "\n" << kUsage;
    return 2;
  }
  watch_signals();
  work_in_batches();
  // What is large goes back when it is freed; by itself the bound would grow to 32 MiB.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  (void)::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  const berth::cli::Machine machine{
      {variable("HOME"), variable("XDG_DATA_HOME"), variable("BERTH_STORE")},
      count_cpus(),
      g_stop,
      berth::settings::find_files(berth::settings::environment_of_process())};
  const berth::cli::Streams streams{
      std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1, count_columns};
  return verb({words.begin() + 1, words.end()}, streams, machine);
}

}  // namespace

int main(int count, char** arguments) {
  (void)std::set_new_handler(end_without_memory);
  return flush_output(run({arguments + 1, arguments + count}));
}
