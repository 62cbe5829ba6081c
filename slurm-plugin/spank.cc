// SPDX-License-Identifier: Apache-2.0
// The entry points that Slurm calls (spank(7)), and nothing else: each asks where it is and calls
// submit_side or step_side. No exception leaves them.
#include "base/text.h"
#include "slurm-plugin/slurm.h"
#include "slurm-plugin/step_side.h"
#include "slurm-plugin/submit_side.h"
#include "slurm-plugin/version.h"

#include <cerrno>
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
  // Of an exit code, the kernel keeps eight bits.
  std::exit((code & 0xff) == 0 ? EXIT_FAILURE : code);  // NOLINT(concurrency-mt-unsafe): as above
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

int keep_option(int place, const char* value, int remote) {
  return remote != 0 ? 0 : succeed_or_end([&] {
    return submit_side().keep_option(static_cast<std::size_t>(place), value);
  });
}

/// Slurm copies the texts.
Status register_option(spank_t spank,
                       slurm_plugin::ContainerOption option,
                       int place,
                       spank_opt_cb_f callback) {
  spank_option described = {option.name.data(),
                            option.shown.empty() ? nullptr : option.shown.data(),
                            option.help.data(),
                            static_cast<int>(option.argument),
                            place,
                            callback};
  if (static_cast<int>(spank_option_register(spank, &described)) == 0) return Done{};
  return Error{Blame::host, "register --" + option.name + " with Slurm", {}, ""};
}

/// Every context has to register what one of them takes (spank(7)).
Status register_options(spank_t spank) {
  int place = 0;
  for (const slurm_plugin::ContainerOption& option : slurm_plugin::container_options())
    BERTH_TRY(register_option(spank, option, place++, keep_option));
  if (api_version() >= slurm_plugin::kApiOf2108) return Done{};  // --container is Slurm's own there
  slurm_plugin::ContainerOption own;
  own.name = "container";
  own.argument = slurm_plugin::Argument::needed;
  own.shown = "IMAGE";
  own.help = "run inside a container image, a .sqsh file";
  return register_option(spank, std::move(own), 0, keep_value);
}

/// Slurm has one context for both.
slurm_plugin::Command find_command(spank_context_t context) {
  using slurm_plugin::Command;
  if (context == S_CTX_LOCAL) return Command::srun;
  return std::string(program_invocation_short_name) == "sbatch" ? Command::sbatch : Command::salloc;
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
    return submit_side().take_options(find_command(context), {words, words + count});
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

int slurm_spank_task_init(spank_t spank, int count, char** words) {
  return succeed([&] { return step_side().hand_over_task(spank, {words, words + count}); });
}

int slurm_spank_task_exit(spank_t spank, int /*count*/, char** /*words*/) {
  return succeed([&]() -> Status {
    step_side().end_task(spank);
    return Done{};
  });
}
