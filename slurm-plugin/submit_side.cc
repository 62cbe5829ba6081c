// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/submit_side.h"

#include "base/file.h"
#include "base/text.h"
#include "slurm-plugin/container_value.h"
#include "slurm-plugin/parsed_options.h"
#include "slurm-plugin/pyxis.h"
#include "slurm-plugin/task.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

constexpr const char* kSlurmsVariable = "SLURM_CONTAINER";
constexpr const char* kPyxisImage = "PYXIS_CONTAINER_IMAGE";
constexpr const char* kOnTheSrunLine =
    "put it on the srun line, inside the script or the allocation";

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

/// sbatch hands its plugins' options on to every srun of the script, as if they had been typed
/// there. Those of a script are the script's alone, as Slurm's own --container is.
void forget_options_of_script() {
  constexpr std::string_view kMark = "_SLURM_SPANK_OPTION_berth_";
  std::vector<std::string> names;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (name.find(kMark) != std::string_view::npos) names.emplace_back(name);
  }
  for (const std::string& name : names)
    write_variable(name.c_str(), std::nullopt);
}

store::Environment store_places() {
  return {read_variable("HOME").value_or(""),
          read_variable("XDG_DATA_HOME").value_or(""),
          read_variable("BERTH_STORE").value_or("")};
}

Error cannot_use(const std::string& value, const std::string& reason, const std::string& hint) {
  return Error{Blame::usage, "use image " + quote(value) + " " + reason, {}, hint};
}

/// What the user asked for is compared here, before a job waits for it. An image that only a node
/// knows is compared there.
Status check_root_hashes(const std::vector<std::string>& wanted,
                         const std::vector<std::string>& found,
                         const std::string& image) {
  if (found.empty()) return Done{};
  bool is_it = wanted.size() == found.size();
  for (std::size_t i = 0; is_it && i < wanted.size(); ++i)
    is_it = wanted[i] == "-" || wanted[i] == found[i];
  if (is_it) return Done{};
  return Error{Blame::image,
               "use " + quote(image) + " as an image: it is not the one that was asked for",
               {},
               "look at its root hash with 'berth image verify', and write one for each image"};
}

}  // namespace

void SubmitSide::begin() {
  inherited_ = read_variable(kSlurmsVariable);
  for (const char* name : {kSlurmsVariable,
                           kTaskVariable,
                           kScriptPathVariable,
                           kTravellingVariable,
                           kScriptVariable,
                           kHelpersVariable})
    write_variable(name, std::nullopt);
  forget_options_of_script();
}

void SubmitSide::keep_own_value(const char* value) {
  own_value_ = value == nullptr ? "" : value;
}

Status SubmitSide::keep_option(std::size_t place, const char* value) {
  return take(wish_, place, value == nullptr ? "" : value);
}

/// Slurm has written its option into the variable that begin() cleared.
std::optional<std::string> SubmitSide::given_value() {
  return own_value_ ? own_value_ : read_variable(kSlurmsVariable);
}

/// An empty value is a shell variable that is not set; its program must not run on the host.
Status SubmitSide::check_value(Command command, const std::optional<std::string>& value) const {
  if (value ? value->empty() : command != Command::salloc && ParsedOptions().has("container"))
    return Error{Blame::usage, "use '' as an image", {}, "write --container=IMAGE.sqsh"};
  if (!value || !wish_.image) return Done{};
  for (const char* name : {"SRUN_CONTAINER", "SBATCH_CONTAINER"})
    if (read_variable(name) == value)
      return cannot_use(*wish_.image,
                        std::string("together with the variable ") + name,
                        std::string("unset ") + name + ", or leave --container-image out");
  return cannot_use(*wish_.image, "together with --container", "leave one of them out");
}

/// Of what names images the command line wins over variables.
void SubmitSide::choose_image(Command command, const std::optional<std::string>& value) {
  // A directory below 21.08 is refused as an image: that Slurm has no bundles.
  const bool is_bundle = value && !own_value_ && find_meaning(*value) == Meaning::bundle;
  is_image_of_kept_ = false;
  if (value) {
    is_slurms_option_ = !is_bundle;
    image_ = is_bundle ? "" : *value;
    return;
  }
  if (wish_.image) image_ = *wish_.image;
  if (image_.empty() && command == Command::srun) image_ = read_variable(kPyxisImage).value_or("");
  // A name alone is that of a container, whose image its nodes know.
  is_image_of_kept_ = image_.empty() && wish_.kept.has_value();
  if (is_image_of_kept_) image_ = image_of_kept(wish_);
}

/// Variables are for steps: those of a job and of its steps are two things.
Status SubmitSide::take_variables(Command command) {
  if (image_.empty()) return Done{};
  if (is_slurms_option_) wish_.twins.emplace_back(kPyxisImage);
  return take_twins(wish_, [command](const std::string& name) {
    return command == Command::srun ? read_variable(name.c_str()) : std::nullopt;
  });
}

/// A file that says which image, and more. Here it is read as the user, and not again on a node.
Status SubmitSide::take_environment_file() {
  if (!request::names_environment_file(image_)) return Done{};
  auto file = request::read_environment_file(image_);
  if (!file) return std::move(file.error());
  image_ = file->image;
  wish_.environment = std::move(*file);
  return Done{};
}

/// Without an image nobody would do what they say.
Status SubmitSide::check_unused(Command command) const {
  if (wish_.given.empty()) return Done{};
  const bool is_for_job = command != Command::srun;
  return Error{Blame::usage,
               "use " + wish_.given[0] + (is_for_job ? " for a whole job" : " without an image"),
               {},
               is_for_job ? kOnTheSrunLine : "name one: --container=IMAGE.sqsh"};
}

Status SubmitSide::take_options(Command command, const std::vector<std::string>& plugin_words) {
  ++components_;
  const std::string earlier = image_;
  image_.clear();
  auto settings = parse_settings(plugin_words);
  if (settings && settings->keeps_for_node) wish_.default_scope = Scope::node;
  const auto value = given_value();
  BERTH_TRY(check_value(command, value));
  choose_image(command, value);
  BERTH_TRY(take_environment_file());
  BERTH_TRY(take_variables(command));
  // Slurm calls enter_step() for the first component only; the others would run on the host.
  if (components_ > 1 && !(earlier + image_).empty())
    return cannot_use(earlier.empty() ? image_ : earlier,
                      "in a heterogeneous step",
                      "start one srun for each component, or write srun berth run IMAGE PROGRAM");
  if (image_.empty()) return check_unused(command);
  if (!settings) return settings.error();
  settings_ = std::move(*settings);
  BERTH_TRY(check_companions(command));
  return take_image(command);
}

Status SubmitSide::check_companions(Command command) const {
  if (command == Command::salloc) return cannot_use(image_, "for a whole job", kOnTheSrunLine);
  if (command == Command::sbatch && !settings_.scripts_inside)
    return cannot_use(image_,
                      "for a whole job",
                      std::string(kOnTheSrunLine) +
                          ", or ask the administrator for scripts=inside in plugstack.conf");
  const ParsedOptions options;
  if (!options.are_reachable())
    return cannot_use(image_,
                      "with this Slurm: it does not let a plugin read its options",
                      "write srun berth run IMAGE PROGRAM");
  // The file would take the place of all variables, and the request travels in one.
  if (command == Command::sbatch && options.has("export-file"))
    return cannot_use(image_, "with --export-file", "export the variables inside the script");
  if (options.has("bcast"))
    return cannot_use(image_, "with --bcast", "leave --bcast out: the program is in the image");
  return Done{};
}

Status SubmitSide::give_slurms_option_back() {
  if (!is_slurms_option_) return Done{};
  if (!own_value_ && !ParsedOptions().reset("container"))
    return cannot_use(image_,
                      "with this Slurm: it does not give --container back",
                      "write --container-image=IMAGE");
  write_variable(kSlurmsVariable, std::nullopt);
  return Done{};
}

/// Looks at everything that the wish names, so that what is misspelt costs seconds.
Status SubmitSide::make_request(Found image) {
  std::error_code trouble;
  const std::string folder = std::filesystem::current_path(trouble).string();
  if (trouble) return refused("getcwd", "start a step", trouble.value());
  if (wish_.kept && !wish_.request.overlay.empty())
    return Error{Blame::usage,
                 "use --container-overlay together with --container-name",
                 {},
                 "leave one of them out: each keeps the changes"};
  if (wish_.scope && !wish_.kept)
    return Error{Blame::usage,
                 "use --container-scope without a name",
                 {},
                 "give the container one: --container-name=NAME"};
  request_ = finish(std::move(wish_), image.paths, folder);
  // Whoever replaces the file until a node opens it changes no job that was submitted before.
  if (!request_.root_hashes.empty())
    BERTH_TRY(check_root_hashes(request_.root_hashes, image.root_hashes, image_));
  const bool has_any =
      std::ranges::any_of(image.root_hashes, [](auto& hash) { return hash != "-"; });
  if (request_.root_hashes.empty() && has_any && !request_.unverified)
    request_.root_hashes = std::move(image.root_hashes);
  for (Bind& bind : request_.binds) {
    if (bind.origin != Origin::image) continue;
    auto found = find_image(bind.from, store_places(), Directories::no);
    if (!found) return std::move(found.error());
    bind.from = std::move(found->paths);
  }
  return Done{};
}

/// What the wish names, unless only a node knows it.
Result<Found> SubmitSide::find_wished_image() const {
  if (is_image_of_kept_) return Found{image_, {}};
  const bool is_pyxis = !is_slurms_option_ && !wish_.environment;
  return find_image(is_pyxis ? pyxis_image(image_) : image_,
                    store_places(),
                    is_slurms_option_ && !wish_.environment ? Directories::no : Directories::yes);
}

Status SubmitSide::take_image(Command command) {
  auto image = find_wished_image();
  if (!image) return std::move(image.error());
  BERTH_TRY(make_request(std::move(*image)));
  BERTH_TRY(give_slurms_option_back());
  auto key = make_step_key();
  if (!key) return std::move(key.error());
  request_.step_key = std::move(*key);
  if (command == Command::sbatch) {
    request_.share = Share::none;
    auto text = make_task_text(request_);
    if (!text) return std::move(text.error());
    write_variable(kScriptVariable, *text);
    return Done{};
  }
  has_programs_ = ParsedOptions().has("multi-prog");
  auto text = make_task_text(request_);
  return text ? Status(Done{}) : std::move(text.error());
}

/// With --multi-prog Slurm has read the file of programs into the second word.
Status SubmitSide::enter_programs(int argc, char** argv) {
  if (argc < 2 || argv[1] == nullptr)
    return cannot_use(image_,
                      "with this Slurm's --multi-prog",
                      "write berth run IMAGE before each program in the file");
  auto text = make_task_text(request_);
  if (!text) return std::move(text.error());
  write_variable(kTravellingVariable, *text);
  argv[1] = ::strdup(with_berth(argv[1], settings_.berth).c_str());
  return argv[1] != nullptr ? Status(Done{}) : refused("strdup", "start a step", ENOMEM);
}

Status SubmitSide::enter_program(const std::vector<std::string>& words, char** argv) {
  request_.command = {typed_program(read_own_command_line(), words)};
  auto text = make_task_text(request_);
  if (!text) return std::move(text.error());
  write_variable(kTravellingVariable, *text);
  // Changed here and not on the node, so that a node without berth fails at exec. Slurm keeps the
  // pointer until it exits: never freed.
  argv[0] = ::strdup(settings_.berth.c_str());
  return argv[0] != nullptr ? Status(Done{}) : refused("strdup", "start a step", ENOMEM);
}

Status SubmitSide::enter_step(int argc, char** argv) {
  if (image_.empty()) {
    if (inherited_) write_variable(kSlurmsVariable, inherited_);
    return Done{};
  }
  if (argc < 1 || argv == nullptr || argv[0] == nullptr || *argv[0] == '\0')
    return Error{Blame::usage, "start a step without a program", {}, "write it after the options"};
  if (has_programs_) return enter_programs(argc, argv);
  return enter_program({argv, argv + argc}, argv);
}

}  // namespace berth::slurm_plugin
