// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/step_side.h"

#include "slurm-plugin/settings.h"
#include "slurm-plugin/task.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

using Clock = std::chrono::steady_clock;

// SLURM_BATCH_SCRIPT of slurm.h, since 20.11.
constexpr std::uint32_t kBatchStep = 0xfffffffb;
constexpr std::size_t kMostHelpers = 1024;
constexpr std::chrono::milliseconds kPatience(300);

// Return codes were renumbered in 21.08; only zero means the same everywhere.
bool succeeded(spank_err_t code) {
  return static_cast<int>(code) == 0;
}

/// The task's variable, or null.
const char* find_in(char* const* environment, std::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
      return *environment + name.size() + 1;
  }
  return nullptr;
}

/// The request on its way to `berth`, which has one name for steps and one for scripts; null in
/// what is not ours.
const char* find_request(spank_t spank, std::string_view name) {
  char** environment = nullptr;
  if (!succeeded(spank_get_item(spank, S_JOB_ENV, &environment))) return nullptr;
  return find_in(environment, name);
}

/// Only the batch step's command is a script; the variable could be in other steps' environment.
bool is_script(spank_t spank) {
  std::uint32_t step = 0;
  return succeeded(spank_get_item(spank, S_JOB_STEPID, &step)) && step == kBatchStep;
}

/// The number comes from a process of the user's: whatever it is, nothing is done but wait. A pidfd
/// becomes readable when the process has left its cgroup, where Slurm looks (pidfd_open(2)).
void wait_for_end(pid_t pid, Clock::time_point deadline) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  if (!process.is_open() || left.count() <= 0) return;
  pollfd end = {process.get(), POLLIN, 0};
  (void)::poll(&end, 1, static_cast<int>(left.count()));  // whatever came: the step goes on
}

Error cannot_hand_over() {
  return Error{Blame::host, "hand the container's description to the task", {}, ""};
}

Status rename_variable(spank_t spank, const std::string& text, const char* name) {
  // `text` is a copy: Slurm moves its array when it changes.
  if (!succeeded(spank_setenv(spank, kTaskVariable, text.c_str(), 1))) return cannot_hand_over();
  if (!succeeded(spank_unsetenv(spank, name))) return cannot_hand_over();
  return Done{};
}

/// Puts `berth` in the place of the script.
Status enter_script(spank_t spank, const std::vector<std::string>& plugin_words) {
  int argc = 0;
  char** argv = nullptr;
  if (!succeeded(spank_get_item(spank, S_JOB_ARGV, &argc, &argv)) || argc < 1 || argv == nullptr)
    return cannot_hand_over();
  if (!succeeded(spank_setenv(spank, kScriptPathVariable, argv[0], 1))) return cannot_hand_over();
  auto settings = parse_settings(plugin_words);
  if (!settings) return std::move(settings.error());
  argv[0] = ::strdup(settings->berth.c_str());
  return argv[0] != nullptr ? Status(Done{}) : cannot_hand_over();
}

}  // namespace

void StepSide::prepare(spank_t spank) {
  std::array<int, 2> ends = {};
  // Without a pipe the step may end a second later, and that is all. Neither side of it may block.
  const char* name = is_script(spank) ? kScriptVariable : kTravellingVariable;
  if (find_request(spank, name) == nullptr || ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return;
  helpers_ = {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status StepSide::hand_over_task(spank_t spank, const std::vector<std::string>& plugin_words) const {
  const bool is_batch = is_script(spank);
  const char* name = is_batch ? kScriptVariable : kTravellingVariable;
  const char* found = find_request(spank, name);
  if (found == nullptr) return Done{};
  BERTH_TRY(rename_variable(spank, found, name));
  if (is_batch) BERTH_TRY(enter_script(spank, plugin_words));
  return hand_over_pipe(spank);
}

Status StepSide::hand_over_pipe(spank_t spank) const {
  const int fd = helpers_.write.get();
  if (fd < 0 || ::fcntl(fd, F_SETFD, 0) != 0) return Done{};
  if (!succeeded(spank_setenv(spank, kHelpersVariable, std::to_string(fd).c_str(), 1)))
    return cannot_hand_over();
  return Done{};
}

void StepSide::end_task(spank_t spank) {
  std::uint32_t tasks = 0;
  if (!helpers_.read.is_open()) return;
  if (!succeeded(spank_get_item(spank, S_JOB_LOCAL_TASK_COUNT, &tasks)) || ++ended_ < tasks) return;
  std::array<std::int32_t, kMostHelpers> pids = {};
  const ssize_t bytes = ::read(helpers_.read.get(), pids.data(), sizeof pids);
  helpers_ = {};
  const auto deadline = Clock::now() + kPatience;
  for (ssize_t i = 0; i < bytes / static_cast<ssize_t>(sizeof pids[0]); ++i)
    wait_for_end(pids[static_cast<std::size_t>(i)], deadline);
}

}  // namespace berth::slurm_plugin
