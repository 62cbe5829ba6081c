// SPDX-License-Identifier: Apache-2.0
// berth-hooks: what hooks want changed in a container that is about to be built. `berth run` starts
// it where there is anything to ask, so that no other launch carries a parser of YAML.
//
//   berth-hooks [--gpus=WHICH] [--hook=NAME|PROGRAM] [--hooks-dir=DIRECTORY] [--no-hook=NAME]
//               [--mpi=RULE [--mpi-library=PATH]...] [--mpi-facts [--node-facts]]
//               [--images=COUNT [--changes=DIRECTORY]] [NAME]...
//
// What these GPUs (hooks/gpu) and devices (hooks/cdi) need, what berth's own hooks of these names
// (hooks/fabric, hooks/pmi, hooks/ldcache) find, whether the node's MPI fits in the images that are
// open from descriptor 3 on (hooks/mpi) and what MPI there is, what these programs answer, and
// which hooks of these directories (hooks/oci) are for the container, as a line of JSON
// (hooks/edits_text.h). Standard input says what the container is, where there are hooks. Which
// specifications there are is looked up with $XDG_CONFIG_HOME and $HOME. Exits with 0 if it could
// say something, be it an error.
//
//   berth-hooks --stand-by
//
// Runs hooks at the stages of a container's life: hooks/cli/stand_by.h.
#include "base/file.h"
#include "hooks/cdi/nodes.h"
#include "hooks/cdi/registry.h"
#include "hooks/cli/edit_hook.h"
#include "hooks/cli/fabric_hook.h"
#include "hooks/cli/ldcache_hook.h"
#include "hooks/cli/mpi_hook.h"
#include "hooks/cli/pmi_hook.h"
#include "hooks/cli/stand_by.h"
#include "hooks/edits_text.h"
#include "hooks/gpu/gpus.h"
#include "hooks/gpu/job.h"
#include "hooks/oci/directories.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

/// What is asked, in words.
struct Question {
  std::vector<std::string> devices;      ///< and --gpus=
  std::vector<std::string> own;          ///< names of berth's own hooks
  std::vector<std::string> programs;     ///< edit hooks
  std::vector<std::string> directories;  ///< of hook files
  std::vector<std::string> without;      ///< hooks that are switched off
  bool without_hooks = false;            ///< all of them
  bool wants_mpi_facts = false;          ///< of the image
  bool wants_node_facts = false;         ///< and of this node
  std::string mpi_rule;                  ///< empty: the image's MPI stays
  std::vector<std::string> mpi_libraries;
  std::string changes;     ///< the directory of an overlay that is kept
  std::size_t images = 0;  ///< what the container is made of is open from descriptor 3 on
};

struct Wanted {
  std::vector<DeviceName> devices;
  std::vector<Edits> edits = {};  ///< of what no specification knows
};

constexpr std::string_view kGpus = "--gpus=";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

/// Of berth's own hooks there are names instead.
bool is_program(const std::string& word) {
  return word.starts_with("--hook=/");
}

Question parse_question(const std::vector<std::string>& words) {
  Question question;
  for (const std::string& word : words) {
    const auto take = [&](std::string_view name, std::vector<std::string>& values) {
      if (!word.starts_with(name)) return false;
      values.push_back(word.substr(name.size()));
      return true;
    };
    if (word == "--no-hooks")
      question.without_hooks = true;
    else if (word == "--mpi-facts")
      question.wants_mpi_facts = true;
    else if (word == "--node-facts")
      question.wants_node_facts = true;
    else if (word.starts_with("--mpi="))
      question.mpi_rule = word.substr(word.find('=') + 1);
    else if (word.starts_with("--changes="))
      question.changes = word.substr(word.find('=') + 1);
    else if (word.starts_with("--images="))
      question.images = std::strtoul(word.substr(word.find('=') + 1).c_str(), nullptr, 10);
    else if (!take("--hook=", is_program(word) ? question.programs : question.own) &&
             !take("--hooks-dir=", question.directories) && !take("--no-hook=", question.without) &&
             !take("--mpi-library=", question.mpi_libraries))
      question.devices.push_back(word);
  }
  return question;
}

/// A specification has the numbers and names that the job's variables have.
std::vector<std::string> names_of_job(const WantedGpus& gpus, const JobGpus& job) {
  if (!gpus.all) return gpus.names;
  return job.variable.empty() ? std::vector<std::string>{"all"} : job.names;
}

/// A vendor's specification knows more than we do.
Status add_gpus(const WantedGpus& gpus, const Registry& registry, Wanted& wanted) {
  const JobGpus job = find_job_gpus(variable);
  for (const char* kind : {"nvidia.com/gpu", "amd.com/gpu"}) {
    if (!registry.has_kind(kind)) continue;
    for (const std::string& name : names_of_job(gpus, job))
      wanted.devices.push_back({kind, name});
    return Done{};
  }
  for (const auto find : {find_nvidia, find_amd}) {
    auto found = find(gpus, "", job);
    if (!found) return std::move(found.error());
    if (!*found) continue;
    wanted.edits.push_back(std::move(**found));
    return Done{};
  }
  return Error{Blame::config,
               "find a GPU on this node",
               {},
               "neither the specifications in /etc/cdi nor the drivers of NVIDIA and AMD know one"};
}

Result<Wanted> parse_words(const std::vector<std::string>& words, const Registry& registry) {
  Wanted wanted;
  for (const std::string& word : words) {
    if (word.starts_with(kGpus)) {
      const auto gpus = parse_gpus(word.substr(kGpus.size()));
      if (!gpus) return gpus.error();
      BERTH_TRY(add_gpus(*gpus, registry, wanted));
      continue;
    }
    auto device = parse_device_name(word);
    if (!device) return std::move(device.error());
    wanted.devices.push_back(std::move(*device));
  }
  return wanted;
}

/// For who waits for us, and may wait in vain.
void say_what_is_looked_at(const std::string& path) {
  const std::string line = kLooksAt + path + "\n";
  (void)write_fully(STDOUT_FILENO, line.data(), line.size());  // who has gone misses the answer too
}

Status add_devices(const Question& question, Answer& answer) {
  if (question.devices.empty()) return Done{};
  const auto places = spec_directories(variable("XDG_CONFIG_HOME"), variable("HOME"), ::getuid());
  const Registry registry = Registry::read(places, say_what_is_looked_at);
  auto wanted = parse_words(question.devices, registry);
  if (!wanted) return std::move(wanted.error());
  auto edits = registry.find(wanted->devices);
  if (!edits) return std::move(edits.error());
  answer.edits = std::move(*edits);
  std::move(wanted->edits.begin(), wanted->edits.end(), std::back_inserter(answer.edits));
  if (const std::string warning = registry.warning(); !warning.empty())
    answer.warnings.push_back(warning);
  return Done{};
}

bool has_own(const Question& question, std::string_view name) {
  return std::any_of(question.own.begin(), question.own.end(), [&](const auto& one) {
    return own_name(one) == name;
  });
}

/// What hook files ask, in the launcher's words.
Result<About> parse_about(const std::string& state) {
  try {
    const auto json = nlohmann::json::parse(state);
    About about;
    for (const auto& [key, value] : json.at("annotations").items())
      about.annotations.emplace_back(key, value.get<std::string>());
    const auto& words = json.at("process").at("args");
    if (!words.empty()) about.command = words.at(0).get<std::string>();
    about.has_bind_mounts = !json.at("mounts").empty();
    return about;
  } catch (const nlohmann::json::exception&) {
    return Error{Blame::internal, "understand what the container is"};
  }
}

Status add_own_hooks(const Question& question, const ImageLook& look, Answer& answer) {
  if (has_own(question, "fabric")) {
    say_what_is_looked_at("this node's fabric");
    auto edits = ask_fabric_hook({question.own, look});
    if (!edits) return std::move(edits.error());
    answer.edits.push_back(std::move(*edits));
  }
  if (has_own(question, "pmi")) {
    say_what_is_looked_at("this node's PMI");
    auto edits = ask_pmi_hook(look);
    if (!edits) return std::move(edits.error());
    answer.edits.push_back(std::move(*edits));
  }
  return Done{};
}

/// Behind all others, whose libraries it looks at.
Status add_ldcache(const Question& question, const ImageLook& look, Answer& answer) {
  if (!has_own(question, "ldcache")) return Done{};
  say_what_is_looked_at("libraries of this node");
  auto edits = ask_ldcache_hook(look, answer);
  if (!edits) return std::move(edits.error());
  answer.edits.push_back(std::move(*edits));
  return Done{};
}

Status add_hooks(const Question& question, Answer& answer) {
  const bool has_mpi = !question.mpi_rule.empty();
  const bool asks_nothing = question.programs.empty() && question.directories.empty() && !has_mpi &&
                            question.own.empty() && !question.wants_mpi_facts;
  if (asks_nothing) return Done{};
  constexpr std::size_t kMostState = 16UL << 20;
  const auto state = read_text(STDIN_FILENO, kMostState, "hear what the container is");
  if (!state) return state.error();
  const ImageLook look{question.images, question.changes, *state};
  BERTH_TRY(add_own_hooks(question, look, answer));
  if (has_mpi) {
    say_what_is_looked_at("this node's MPI");
    auto edits = ask_mpi_hook({question.mpi_rule, question.mpi_libraries, look});
    if (!edits) return std::move(edits.error());
    answer.edits.push_back(std::move(*edits));
  }
  if (question.wants_mpi_facts) {
    say_what_is_looked_at("the image's MPI");
    auto edits = find_mpi_facts({"", {}, look}, question.wants_node_facts);
    if (!edits) return std::move(edits.error());
    answer.edits.push_back(std::move(*edits));
  }
  for (const std::string& program : question.programs) {
    if (is_named(program, question.without)) continue;
    say_what_is_looked_at(program);
    auto edits = ask_edit_hook(program, *state, answer);
    if (!edits) return std::move(edits.error());
    answer.edits.push_back(std::move(*edits));
  }
  const auto about = parse_about(*state);
  if (!about) return about.error();
  auto files = find_hooks(
      {question.directories, ::getuid(), say_what_is_looked_at}, *about, question.without);
  if (!files) return std::move(files.error());
  std::move(files->begin(), files->end(), std::back_inserter(answer.edits));
  return add_ldcache(question, look, answer);
}

/// Whether there is a hook of that name, asked or not.
bool is_known_hook(const std::string& name, const Question& question, const Answer& answer) {
  const std::vector<std::string> names = {name};
  const auto is = [&](const std::string& path) { return is_named(path, names); };
  return std::find(kOwnHooks.begin(), kOwnHooks.end(), name) != kOwnHooks.end() ||
         std::any_of(question.programs.begin(), question.programs.end(), is) ||
         std::any_of(answer.edits.begin(), answer.edits.end(), [&](const Edits& edits) {
           return std::any_of(edits.hooks.begin(), edits.hooks.end(), [&](const Hook& hook) {
             return is(hook.path);
           });
         });
}

/// Who mistypes a name has the hook.
Status check_names(const Question& question, Answer& answer) {
  std::vector<std::string> files;
  for (const std::string& name : question.without) {
    if (is_known_hook(name, question, answer)) continue;
    if (files.empty()) {
      auto found = find_hook_files({question.directories, ::getuid(), say_what_is_looked_at});
      if (!found) return std::move(found.error());
      files = std::move(*found);
    }
    if (std::none_of(files.begin(), files.end(), [&](const std::string& path) {
          return is_named(path, {name});
        }))
      answer.warnings.push_back(unknown_hook(name));
  }
  return Done{};
}

Result<Answer> find_answer(const Question& question) {
  Answer answer;
  BERTH_TRY(add_devices(question, answer));
  BERTH_TRY(add_hooks(question, answer));
  BERTH_TRY(check_names(question, answer));
  for (Edits& one : answer.edits) {
    std::erase_if(one.hooks, [&](const Hook& hook) {
      return question.without_hooks || is_named(hook.path, question.without);
    });
    BERTH_TRY(check_nodes(one));
    check_groups(one);
    BERTH_TRY(check_programs(one));
  }
  return answer;
}

}  // namespace

}  // namespace berth::hooks

int main(int count, char** words) {
  using namespace berth::hooks;
  // What the launch was started with is not for hooks. Of ours none begins a program of its own.
  (void)::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // the range is valid
  const std::vector<std::string> all{words + 1, words + count};
  if (!all.empty() && all.front() == "--stand-by") return stand_by();
  const std::string text = to_text(find_answer(parse_question(all)));
  return berth::write_fully(STDOUT_FILENO, text.data(), text.size()) == 0 ? 0 : 1;
}
