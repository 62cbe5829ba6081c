// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/submit_side.h"

#include "base/file.h"
#include "base/text.h"
#include "slurm-plugin/container_value.h"
#include "slurm-plugin/parsed_options.h"
#include "slurm-plugin/settings.h"
#include "slurm-plugin/task.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace berth::slurm_plugin {

namespace {

constexpr const char* kSlurmsVariable = "SLURM_CONTAINER";

std::optional<std::string> read_variable(const char* name) {
  // Slurm starts no thread before it calls us here.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void write_variable(const char* name, const std::optional<std::string>& value) {
  if (value)
    ::setenv(name, value->c_str(), 1);  // NOLINT(concurrency-mt-unsafe): as above
  else
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): as above
}

/// Empty where it cannot be read: it is only a second opinion.
std::vector<std::string> read_own_command_line() {
  constexpr std::size_t kLimit = 8 << 20;
  auto text = read_text_file("/proc/self/cmdline", kLimit);
  if (!text || text->empty()) return {};
  text->pop_back();  // each word ends in a NUL (proc(5))
  return split(*text, '\0');
}

Error cannot_use(const std::string& value, const std::string& reason, const std::string& hint) {
  return Error{Blame::usage, "use image " + quote(value) + " " + reason, {}, hint};
}

}  // namespace

void SubmitSide::begin() {
  inherited_ = read_variable(kSlurmsVariable);
  for (const char* name : {kSlurmsVariable, kTaskVariable, kTravellingVariable, kHelpersVariable})
    write_variable(name, std::nullopt);
}

void SubmitSide::keep_own_value(const char* value) {
  own_value_ = value == nullptr ? "" : value;
}

Status SubmitSide::keep_pin(const char* value) {
  auto placing = parse_pin(value == nullptr ? "" : value);
  if (!placing) return std::move(placing.error());
  placing_ = std::move(*placing);
  return Done{};
}

/// Without an image nobody would do what it says.
Status SubmitSide::check_pin(Command command) const {
  if (!placing_) return Done{};
  return Error{Blame::usage,
               command == Command::allocator ? "use --container-pin for a whole job"
                                             : "use --container-pin without --container",
               {},
               command == Command::allocator
                   ? "put it on the srun line, inside the script or the allocation"
                   : "name an image, or bind tasks with srun's --cpu-bind"};
}

/// Slurm has written its option into the variable that begin() cleared.
std::optional<std::string> SubmitSide::given_value() {
  return own_value_ ? own_value_ : read_variable(kSlurmsVariable);
}

Status SubmitSide::take_option(Command command, const std::vector<std::string>& plugin_words) {
  ++components_;
  const auto value = given_value();
  // Slurm calls enter_step() for the first component only; the others would run on the host.
  if (components_ > 1 && (!image_.empty() || (value && find_meaning(*value) == Meaning::image)))
    return cannot_use(image_.empty() ? *value : image_,
                      "in a heterogeneous step",
                      "start one srun for each component, or write srun berth run IMAGE PROGRAM");
  // A directory below 21.08 is refused as an image: that Slurm has no bundles.
  if (!value || (!own_value_ && find_meaning(*value) == Meaning::bundle)) return check_pin(command);
  BERTH_TRY(check_companions(command, *value));
  return take_image(*value, plugin_words);
}

Status SubmitSide::check_companions(Command command, const std::string& value) const {
  if (command == Command::allocator)
    return cannot_use(value,
                      "for a whole job",
                      "put --container on the srun line, inside the script or the allocation");
  const ParsedOptions options;
  if (!options.are_reachable())
    return cannot_use(value,
                      "with this Slurm: it does not let a plugin have --container",
                      "write srun berth run IMAGE PROGRAM");
  if (options.has("multi-prog"))
    return cannot_use(
        value, "with --multi-prog", "write berth run IMAGE before each program in the file");
  if (options.has("bcast"))
    return cannot_use(value, "with --bcast", "leave --bcast out: the program is in the image");
  return Done{};
}

Status SubmitSide::take_image(const std::string& value,
                              const std::vector<std::string>& plugin_words) {
  auto settings = parse_settings(plugin_words);
  if (!settings) return settings.error();
  auto image = find_image(value);
  if (!image) return image.error();
  auto key = make_step_key();
  if (!key) return key.error();
  if (!own_value_ && !ParsedOptions().reset("container"))
    return cannot_use(value,
                      "with this Slurm: it does not give --container back",
                      "write srun berth run IMAGE PROGRAM");
  write_variable(kSlurmsVariable, std::nullopt);
  berth_ = std::move(settings->berth);
  image_ = std::move(*image);
  step_key_ = std::move(*key);
  return Done{};
}

Status SubmitSide::enter_step(int argc, char** argv) {
  if (image_.empty()) {
    if (inherited_) write_variable(kSlurmsVariable, inherited_);
    return Done{};
  }
  if (argc < 1 || argv == nullptr || argv[0] == nullptr)
    return Error{Blame::usage, "start a step without a program", {}, ""};
  const std::vector<std::string> words(argv, argv + argc);
  write_variable(kTravellingVariable,
                 make_task_text({image_,
                                 typed_program(read_own_command_line(), words),
                                 step_key_,
                                 placing_.value_or(Placing())}));
  // Changed here and not on the node, so that a node without berth fails at exec. Slurm keeps the
  // pointer until it exits: never freed.
  argv[0] = ::strdup(berth_.c_str());
  return argv[0] != nullptr ? Status(Done{}) : refused("strdup", "start a step", ENOMEM);
}

}  // namespace berth::slurm_plugin
