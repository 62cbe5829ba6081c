// SPDX-License-Identifier: Apache-2.0
// The entry points that Slurm calls (spank(7)), and nothing else: each asks where it is and calls
// submit_side or step_side. No exception leaves them.
#include "base/text.h"
#include "slurm-plugin/slurm.h"
#include "slurm-plugin/step_side.h"
#include "slurm-plugin/submit_side.h"
#include "slurm-plugin/version.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

const char plugin_name[] = "berth";
const char plugin_type[] = "spank";
// Not constant: the constructor below makes it the running Slurm's, so that one file serves every
// release.
unsigned int plugin_version = SLURM_VERSION_NUMBER;
const unsigned int spank_plugin_version = 1;

namespace {

using namespace berth;

unsigned api_version() {
  if (slurm_api_version == nullptr) return slurm_plugin::kApiOf2108;
  return static_cast<unsigned>(slurm_api_version() >> 16);
}

__attribute__((constructor)) void take_version_of_running_slurm() {
  if (slurm_api_version != nullptr)
    plugin_version = slurm_plugin::plugin_version_for(api_version());
}

slurm_plugin::SubmitSide& submit_side() {
  static slurm_plugin::SubmitSide side;
  return side;
}

slurm_plugin::StepSide& step_side() {
  static slurm_plugin::StepSide side;
  return side;
}

void report(const Error& error) {
  for (const std::string& line : split(to_text(error), '\n'))
    slurm_error("%s", line.c_str());
}

/// Does `work`; 0, or -1 after telling the user. 22.05 takes no other number for a failure.
template <class Work>
int succeed(Work&& work) noexcept {
  try {
    const Status status = work();
    if (status) return 0;
    report(status.error());
  } catch (const std::exception& trouble) {
    slurm_error("berth: cannot go on: %s", trouble.what());
  }
  return -1;
}

/// Does `work` in srun, sbatch or salloc, and ends the command if it fails, as Slurm itself would:
/// where the site has written "optional", Slurm would go on and run the program on the host.
template <class Work>
int succeed_or_end(Work&& work) noexcept {
  if (succeed(work) == 0) return 0;
  int code = EXIT_FAILURE;
  // srun(1): the exit code that a site or user wants for Slurm's own errors. No threads yet.
  if (const char* wanted = std::getenv("SLURM_EXIT_ERROR"))  // NOLINT(concurrency-mt-unsafe)
    std::from_chars(wanted, wanted + std::strlen(wanted), code);
  std::exit(code == 0 ? EXIT_FAILURE : code);  // NOLINT(concurrency-mt-unsafe): as above
}

bool is_submit_side(spank_context_t context) {
  return context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR;
}

int keep_value(int /*val*/, const char* value, int remote) {
  return remote != 0 ? 0 : succeed_or_end([&]() -> Status {
    submit_side().keep_own_value(value);
    return Done{};
  });
}

int keep_pin(int /*val*/, const char* value, int remote) {
  return remote != 0 ? 0 : succeed_or_end([&] { return submit_side().keep_pin(value); });
}

Status register_option(spank_t spank, spank_option option) {
  if (static_cast<int>(spank_option_register(spank, &option)) == 0) return Done{};
  return Error{Blame::host, "register --" + std::string(option.name) + " with Slurm", {}, ""};
}

/// Every context has to register what one of them takes (spank(7)).
Status register_options(spank_t spank) {
  static char pin[] = "container-pin";
  static char part[] = "PART";
  static char pin_usage[] = "bind each task to CPUs of its own, as berth run --pin does";
  BERTH_TRY(register_option(spank, {pin, part, pin_usage, 1, 0, keep_pin}));
  if (api_version() >= slurm_plugin::kApiOf2108) return Done{};  // --container is Slurm's own there
  static char name[] = "container";
  static char argument[] = "IMAGE";
  static char usage[] = "run inside a container image, a .sqsh file";
  return register_option(spank, {name, argument, usage, 1, 0, keep_value});
}

}  // namespace

int slurm_spank_init(spank_t spank, int /*count*/, char** /*words*/) {
  const spank_context_t context = spank_context();
  if (context == S_CTX_SLURMD || context == S_CTX_JOB_SCRIPT) return 0;
  const auto begin = [&]() -> Status {
    if (is_submit_side(context)) submit_side().begin();
    return register_options(spank);
  };
  return is_submit_side(context) ? succeed_or_end(begin) : succeed(begin);
}

int slurm_spank_init_post_opt(spank_t /*spank*/, int count, char** words) {
  const spank_context_t context = spank_context();
  if (!is_submit_side(context)) return 0;
  return succeed_or_end([&] {
    using slurm_plugin::Command;
    const Command command = context == S_CTX_LOCAL ? Command::srun : Command::allocator;
    return submit_side().take_option(command, {words, words + count});
  });
}

int slurm_spank_local_user_init(spank_t spank, int /*count*/, char** /*words*/) {
  return succeed_or_end([&]() -> Status {
    int argc = 0;
    char** argv = nullptr;
    if (static_cast<int>(spank_get_item(spank, S_JOB_ARGV, &argc, &argv)) != 0)
      return Error{Blame::host, "read the step's program from Slurm", {}, ""};
    return submit_side().enter_step(argc, argv);
  });
}

int slurm_spank_user_init(spank_t spank, int /*count*/, char** /*words*/) {
  return succeed([&]() -> Status {
    step_side().prepare(spank);
    return Done{};
  });
}

int slurm_spank_task_init(spank_t spank, int /*count*/, char** /*words*/) {
  return succeed([&] { return step_side().hand_over_task(spank); });
}

int slurm_spank_task_exit(spank_t spank, int /*count*/, char** /*words*/) {
  return succeed([&]() -> Status {
    step_side().end_task(spank);
    return Done{};
  });
}
