// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/devices.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/loader.h"
#include "base/text.h"
#include "hooks/edits_text.h"
#include "hooks/name.h"
#include "hooks/own/own.h"
#include "hooks/stage.h"
#include "launcher/cli/hook_memory.h"
#include "launcher/cli/hook_state.h"
#include "launcher/plan/parts.h"
#include "launcher/request/devices.h"
#include "launcher/request/hooks.h"
#include "launcher/request/mounts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

namespace berth::cli {

namespace {

constexpr std::size_t kLongestAnswer = 4UL << 20;
constexpr const char* kMpi = "mpi";

/// What the container shows of /dev anyway.
bool is_shown(const Request& request, const Bind& bind) {
  return request.dev == Dev::host && bind.from == bind.to && bind.to.starts_with("/dev/");
}

/// What mount(8) has, and changes nothing of what a program may do or sees of a device's files.
bool is_only_of_pace(const std::string& option) {
  constexpr std::array<std::string_view, 10> kWords = {"defaults",
                                                       "async",
                                                       "atime",
                                                       "noatime",
                                                       "diratime",
                                                       "nodiratime",
                                                       "relatime",
                                                       "norelatime",
                                                       "strictatime",
                                                       "nostrictatime"};
  return std::find(kWords.begin(), kWords.end(), option) != kWords.end();
}

Result<Bind> bind_of(const hooks::Mount& mount, const std::string& who) {
  Bind bind{mount.from, mount.to};
  if (!mount.type.empty()) bind = {mount.type, mount.to, {}, Origin::own};
  std::string text = request::to_mount_text(bind);
  for (const std::string& option : mount.options)
    if (!is_only_of_pace(option)) text += "," + option;
  auto parsed = request::parse_mount(text);
  if (parsed) return parsed;
  Error error = std::move(parsed.error());
  error.blame = Blame::config;
  error.goal = "give the container what " + who + " needs: cannot " + error.goal;
  return error;
}

/// What edits come to.
struct Changes {
  std::vector<Bind> binds;
  std::vector<EnvChange> variables;  ///< that the user may have other values for
  std::vector<EnvChange> in_front;   ///< of whatever they come to: no libraries are found without
};

Status add_edits(const hooks::Edits& edits, const Request& request, Changes& changes) {
  std::vector<Bind>& binds = changes.binds;
  for (const std::string& variable : edits.variables)
    changes.variables.push_back({EnvChange::Kind::set, variable, edits.who});
  for (const std::string& variable : edits.prepended)
    changes.in_front.push_back({EnvChange::Kind::prepend, variable, edits.who});
  for (const hooks::DeviceNode& node : edits.devices)
    if (const Bind bind{node.from, node.path}; !is_shown(request, bind)) binds.push_back(bind);
  for (const hooks::Mount& mount : edits.mounts) {
    auto bind = bind_of(mount, edits.who);
    if (!bind) return std::move(bind.error());
    binds.push_back(std::move(*bind));
  }
  return Done{};
}

/// The user's directory that is shown deepest above `to`; nullptr: the place is the container's.
const Bind* bind_above(const Request& request, const std::string& to) {
  const Bind* deepest = nullptr;
  for (const Bind& bind : request.binds) {
    std::string tree = bind.to;
    while (tree.ends_with('/'))
      tree.pop_back();
    if (to.starts_with(tree + "/") && (deepest == nullptr || bind.to.size() >= deepest->to.size()))
      deepest = &bind;
  }
  return deepest;
}

/// Whether the place would have to be made in what the user shows of the node, which stays as it
/// is.
bool has_no_place(const Request& request, const std::string& to) {
  const Bind* above = bind_above(request, to);
  if (above == nullptr || above->origin != Origin::host || above->image != 0) return false;
  const std::string place = above->from + "/" + to.substr(std::min(above->to.size(), to.size()));
  return ::access(place.c_str(), F_OK) != 0;
}

bool is_own(const hooks::Edits& edits) {
  return std::find(hooks::kOwnHooks.begin(), hooks::kOwnHooks.end(), edits.who) !=
         hooks::kOwnHooks.end();
}

/// Of devices and of a site's hooks: all that they name is needed.
Status check_place(const std::string& to, const std::string& who, const Request& request) {
  if (!has_no_place(request, to)) return Done{};
  const Bind& above = *bind_above(request, to);
  const std::string rest = to.substr(std::min(above.to.size(), to.size()));
  const std::string place = above.from + (rest.starts_with('/') ? "" : "/") + rest;
  return Error{
      Blame::config,
      "give the container what " + who + " needs: " + quote(to) + " would have to be made in " +
          quote(above.from) + ", which is bound to " + quote(above.to),
      {},
      "make " + quote(place) + " first, or bind " + quote(above.from) + " to another place"};
}

Status check_places(const hooks::Edits& edits, const Request& request) {
  if (is_own(edits)) return Done{};
  for (const hooks::DeviceNode& node : edits.devices)
    BERTH_TRY(check_place(node.path, edits.who, request));
  for (const hooks::Mount& mount : edits.mounts)
    BERTH_TRY(check_place(mount.to, edits.who, request));
  return Done{};
}

/// Of berth's own hooks, each of whose mounts the container can do without.
hooks::Edits without_places(hooks::Edits edits, const Request& request) {
  if (!is_own(edits)) return edits;
  std::erase_if(edits.mounts, [&](const hooks::Mount& mount) {
    if (!has_no_place(request, mount.to)) return false;
    edits.left_out.push_back(quote(mount.to) + ": the launch shows a directory of yours at " +
                             quote(bind_above(request, mount.to)->to) +
                             ", which has no such place");
    std::erase_if(edits.variables,
                  [&](const std::string& variable) { return variable.ends_with("=" + mount.to); });
    return true;
  });
  return edits;
}

/// It says what it looks at before it does.
Error late(const std::string& text) {
  return Error{Blame::host,
               "find out what devices and hooks need: " + quote(hooks::last_look(text)) +
                   " was not to be had in " + std::to_string(AskedProgram::kPatience) + " seconds",
               {},
               "see whether the file system that it is on answers"};
}

std::string count(std::size_t number, const std::string& word) {
  return std::to_string(number) + " " + word + (number == 1 ? "" : "s");
}

void add_hooks(const Request& request, std::vector<std::string>& words) {
  for (const std::string& program : request.edit_hooks)
    words.push_back("--hook=" + program);
  for (const std::string& directory : request.hook_directories)
    words.push_back("--hooks-dir=" + directory);
}

/// Of berth's own, those of these names, with what stands behind them.
void add_own_hooks(const Request& request,
                   const std::vector<std::string>& asked,
                   std::vector<std::string>& words) {
  const auto is_asked = [&](const std::string& name) {
    return std::find(asked.begin(), asked.end(), name) != asked.end();
  };
  for (const std::string& word : request.own_hooks)
    if (is_asked(hooks::own_name(word)) &&
        std::find(words.begin(), words.end(), "--hook=" + word) == words.end())
      words.push_back("--hook=" + word);
  if (is_asked(kMpi)) words.push_back("--mpi=" + request.mpi_hook);
}

/// What those that look into the image want to know.
void add_images(const Request& request, std::size_t images, std::vector<std::string>& words) {
  if (images == 0) return;
  words.push_back("--images=" + std::to_string(images));
  if (!request.overlay.empty()) words.push_back("--changes=" + request.overlay);
  for (const std::string& library : request.mpi_libraries)
    words.push_back("--mpi-library=" + library);
}

Result<UniqueFd> input_with(const std::string& text) {
  const std::string goal = "ask hooks about the container";
  UniqueFd file(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                             : ::memfd_create("berth-state", MFD_CLOEXEC));
  if (!file.is_open()) return refused("memfd_create", goal, errno);
  if (const int number = write_fully(file.get(), text.data(), text.size()); number != 0)
    return refused("write", goal, number);
  if (!text.empty() && ::lseek(file.get(), 0, SEEK_SET) != 0) return refused("lseek", goal, errno);
  return file;
}

std::string counts_of(const hooks::Edits& edits) {
  std::string text = count(edits.variables.size() + edits.prepended.size(), "variable") + ", " +
                     count(edits.devices.size(), "device") + ", " +
                     count(edits.mounts.size(), "mount");
  if (!edits.files.empty()) text += ", " + count(edits.files.size(), "file");
  if (!edits.hooks.empty()) text += ", " + count(edits.hooks.size(), "hook");
  return text;
}

/// Lines about names of hooks that nobody has.
std::vector<std::string> unknown_hooks(const Request& request) {
  std::vector<std::string> unknown;
  for (const std::string& name : request.left_out_hooks)
    if (std::find(hooks::kOwnHooks.begin(), hooks::kOwnHooks.end(), name) == hooks::kOwnHooks.end())
      unknown.push_back(hooks::unknown_hook(name));
  return unknown;
}

/// What one hook has found in two places is one answer.
void add_known(hooks::Edits edits, std::vector<hooks::Edits>& all) {
  const auto other = std::find_if(
      all.begin(), all.end(), [&](const hooks::Edits& one) { return one.who == edits.who; });
  if (other == all.end()) return all.push_back(std::move(edits));
  std::move(edits.mounts.begin(), edits.mounts.end(), std::back_inserter(other->mounts));
  std::move(edits.left_out.begin(), edits.left_out.end(), std::back_inserter(other->left_out));
  if (!edits.says.empty()) other->says += (other->says.empty() ? "" : ", ") + edits.says;
}

/// The same order, whoever was asked and whoever was known: devices, berth's own, what a site's
/// programs and files want, whose word is the last, and the loader's cache, made of all.
std::size_t place_of(const hooks::Edits& edits) {
  constexpr std::array<std::string_view, 5> kOwn = {"localtime", "ssh", "fabric", "pmi", "mpi"};
  if (edits.who == "ldcache") return kOwn.size() + 2;
  if (edits.who.starts_with('/')) return kOwn.size() + 1;
  const auto own = std::find(kOwn.begin(), kOwn.end(), edits.who);
  return own == kOwn.end() ? 0 : 1 + static_cast<std::size_t>(own - kOwn.begin());
}

/// Files of this node that were named as devices.
Status add_files(const Request& request, Changes& changes) {
  for (const std::string& device : request.devices) {
    if (hooks::looks_like_device_name(device)) continue;
    const Bind bind = request::bind_of_device(device);
    if (::access(bind.from.c_str(), F_OK) != 0)
      return refused("access", "give the container " + quote(bind.from), errno);
    if (!is_shown(request, bind)) changes.binds.push_back(bind);
  }
  return Done{};
}

}  // namespace

bool DeviceLook::recall(const Request& request,
                        const Session& session,
                        const std::vector<std::string>& contents) {
  hooks::Memory memory = memory_of_hooks(request, session, contents);
  auto found = memory.read();
  if (!found) {
    memory_ = std::move(memory);
    return false;
  }
  // What is found now is not for others, either.
  for (const hooks::Edits& edits : *found)
    if (is_in_the_way(request, edits)) return false;
  std::move(found->begin(), found->end(), std::back_inserter(known_));
  is_image_known_ = true;
  return true;
}

Status DeviceLook::look_at_node(const Launch& launch, const Session& session) {
  if (request::wants_own(launch.request, "localtime")) {
    auto zone = hooks::find_localtime("");
    if (!zone) return std::move(zone.error());
    known_.push_back(std::move(*zone));
  }
  if (request::wants_own(launch.request, "ssh")) {
    const std::string home = plan::home_of(launch);
    const bool is_shown = launch.request.home == Home::host && home == launch.facts.home;
    known_.push_back(hooks::find_ssh(
        "", {home, is_shown, variable(session, "HOME"), variable(session, "SSH_AUTH_SOCK")}));
  }
  if (request::wants_own(launch.request, "pmi"))
    known_.push_back(hooks::find_for_ranks(
        "", {session.environment, launch.request.net != Net::host, shown_of(launch)}));
  return Done{};
}

Status DeviceLook::start(const Launch& launch,
                         const Session& session,
                         const std::string& state,
                         std::vector<int> images) {
  is_started_ = true;
  const Request& request = launch.request;
  may_write_ = !only_looks(request) && !is_led_to_people(launch.config.env);
  std::vector<std::string> names;
  if (!request.gpus.empty()) names.push_back("--gpus=" + request.gpus);
  std::copy_if(request.devices.begin(),
               request.devices.end(),
               std::back_inserter(names),
               hooks::looks_like_device_name);
  if (!is_image_known_) asked_ = hooks_of_image(request);
  if (names.empty() && state.empty()) return Done{};
  if (request.without_hooks) names.emplace_back("--no-hooks");
  for (const std::string& name : request.left_out_hooks)
    names.push_back("--no-hook=" + name);
  if (!state.empty()) add_hooks(request, names);
  add_own_hooks(request, asked_, names);
  if (asked_.empty()) images.clear();
  add_images(request, images.size(), names);
  auto input = input_with(state);
  if (!input) return std::move(input.error());
  return program_.start("berth-hooks",
                        "../hooks/",
                        std::move(names),
                        for_host_program(session.environment),
                        {input->get(), -1, std::move(images)});
}

/// What was found for the next launch, and what was known for this.
void DeviceLook::remember() {
  std::vector<hooks::Edits> found;
  for (const hooks::Edits& edits : answer_->edits)
    if (std::find(asked_.begin(), asked_.end(), edits.who) != asked_.end()) found.push_back(edits);
  if (memory_ && may_write_ && found.size() == asked_.size()) memory_->write(found);
  for (hooks::Edits& edits : known_)
    add_known(std::move(edits), answer_->edits);
  known_.clear();
  for (hooks::Edits& edits : answer_->edits)
    edits.seen.reset();  // nobody else wants to know
  std::stable_sort(
      answer_->edits.begin(), answer_->edits.end(), [](const auto& one, const auto& other) {
        return place_of(one) < place_of(other);
      });
}

Status DeviceLook::finish() {
  if (!program_.is_started()) {
    if (known_.empty()) return Done{};
    answer_.emplace();
    remember();
    return Done{};
  }
  auto answer = program_.read(kLongestAnswer);
  if (!answer) return std::move(answer.error());
  if (answer->end == AskedProgram::Answer::End::late) return late(answer->text);
  if (answer->end != AskedProgram::Answer::End::good)
    return Error{Blame::internal, "ask 'berth-hooks' what devices and hooks need"};
  BERTH_TRY(take(answer->text));
  remember();
  return Done{};
}

std::string DeviceLook::answer() const {
  return answer_ ? hooks::to_text(*answer_) : "";
}

Status DeviceLook::take(const std::string& text) {
  if (text.empty()) return Done{};
  auto answer = hooks::parse_answer(text);
  if (!answer) return std::move(answer.error());
  answer_ = std::move(*answer);
  was_asked_ = true;
  return Done{};
}

Result<std::vector<std::string>> DeviceLook::add_to(Request& request) const {
  Changes changes;
  BERTH_TRY(add_files(request, changes));
  std::vector<std::string> lines;  // berth-hooks tells by itself which names it does not know
  if (!was_asked_) lines = unknown_hooks(request);
  if (answer_) {
    lines.insert(lines.end(), answer_->warnings.begin(), answer_->warnings.end());
    for (const hooks::Edits& all : answer_->edits) {
      const hooks::Edits edits = without_places(all, request);
      if (!edits.warning.empty()) lines.push_back(edits.warning);
      BERTH_TRY(check_places(edits, request));
      BERTH_TRY(add_edits(edits, request, changes));
      for (const hooks::OwnFile& file : edits.files)
        request.files.push_back({file.to, file.bytes});
      for (const std::string& what : edits.left_out)
        lines.push_back("continuing without what " + edits.who + " asks for: " + what);
    }
  }
  const auto behind_files = request.env.begin() + static_cast<std::ptrdiff_t>(request.preset_env);
  request.env.insert(behind_files, changes.variables.begin(), changes.variables.end());
  request.env.insert(request.env.end(), changes.in_front.begin(), changes.in_front.end());
  request.binds.insert(request.binds.begin(), changes.binds.begin(), changes.binds.end());
  return lines;
}

bool DeviceLook::replaces_mpi() const {
  return answer_ && std::any_of(answer_->edits.begin(), answer_->edits.end(), [](const auto& one) {
           return one.who == kMpi && !one.mounts.empty();
         });
}

std::vector<hooks::Hook> DeviceLook::hooks() const {
  std::vector<hooks::Hook> wanted;
  if (!answer_) return wanted;
  for (const hooks::Edits& edits : answer_->edits)
    wanted.insert(wanted.end(), edits.hooks.begin(), edits.hooks.end());
  return wanted;
}

std::string DeviceLook::description() const {
  std::string text;
  if (!answer_) return text;
  for (const hooks::Edits& edits : answer_->edits) {
    text += "# " + edits.who + ": ";
    if (!edits.says.empty()) text += edits.says + ": ";
    text += counts_of(edits) + "\n";
    for (const hooks::Hook& hook : edits.hooks)
      text += "#   " + std::string(hooks::name_of(hook.stage)) + " " + quote(hook.path) + "\n";
  }
  return text;
}

}  // namespace berth::cli
