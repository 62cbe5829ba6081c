// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/pyxis.h"

#include "base/text.h"
#include "launcher/request/env_changes.h"
#include "launcher/request/mounts.h"

#include <algorithm>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

Error cannot(const std::string& goal, const std::string& hint) {
  return Error{Blame::usage, goal, {}, hint};
}

Status set_image(Wish& wish, const std::string& value) {
  if (value.empty()) return cannot("use '' as an image", "write --container-image=IMAGE");
  wish.image = value;
  return Done{};
}

/// One of --container-mounts: SRC[:DST[:FLAGS]], the FLAGS with '+' between them.
Status add_mount(Request& request, const std::string& text) {
  const std::string goal = "mount " + quote(text);
  auto parts = split(text, ':');
  const bool has_empty =
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); });
  if (parts.size() > 3 || has_empty)
    return cannot(goal, "write --container-mounts=SRC:DST or SRC:DST:FLAG+FLAG");
  if (parts[0] == "umount")
    return cannot(goal, "leave it out, or hide the place with --container-mask=PATH");
  const bool is_tmpfs = parts[0] == "tmpfs";
  if (is_tmpfs && parts.size() == 1)
    return cannot(goal, "say where: --container-mounts=tmpfs:/PLACE");
  if (parts.size() == 3) std::replace(parts[2].begin(), parts[2].end(), '+', ',');
  std::string words = parts[is_tmpfs ? 1 : 0];
  for (std::size_t i = is_tmpfs ? 2 : 1; i < parts.size(); ++i)
    words += ":" + parts[i];
  auto bind = is_tmpfs ? request::parse_tmpfs(words) : request::parse_bind(words);
  if (!bind) return std::move(bind.error());
  request.binds.push_back(std::move(*bind));
  return Done{};
}

Status add_mounts(Wish& wish, const std::string& value) {
  for (const std::string& one : split(value, ','))
    BERTH_TRY(add_mount(wish.request, one));
  return Done{};
}

/// NAME[,NAME...], each the caller's value; or, as in `berth run`, NAME=VALUE.
Status add_variables(Wish& wish, const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals != std::string::npos && value.find(',') < equals)
    return cannot("set a variable " + quote(value.substr(0, equals)),
                  "give the option twice: --container-env=NAME --container-env=NAME=VALUE");
  if (equals != std::string::npos) return request::set_variable(wish.request, value);
  for (const std::string& name : split(value, ','))
    BERTH_TRY(request::set_variable(wish.request, name));
  return Done{};
}

Status unshare(Wish& wish, const std::string& value) {
  for (const std::string& kind : split(value, ',')) {
    if (kind == "net")
      wish.request.net = Net::none;
    else if (kind == "ipc")
      wish.request.own_ipc = true;
    else if (kind == "uts")
      wish.request.own_hostname = true;
    else
      return cannot("keep " + quote(kind) + " apart from the node", "write net, ipc or uts");
  }
  return Done{};
}

/// Without a value the image's own is run, with one that program.
Status run_entrypoint(Wish& wish, const std::string& value) {
  wish.says_entrypoint = true;
  wish.request.entrypoint = value.empty() ? std::nullopt : std::optional(value);
  return Done{};
}

Status run_no_entrypoint(Wish& wish, const std::string& /*value*/) {
  wish.says_entrypoint = true;
  wish.request.entrypoint = "";
  return Done{};
}

template <bool Request::*field, bool value>
Status set(Wish& wish, const std::string& /*value*/) {
  wish.request.*field = value;
  return Done{};
}

template <Home home>
Status set_home(Wish& wish, const std::string& /*value*/) {
  wish.request.home = home;
  return Done{};
}

Status do_nothing(Wish& /*wish*/, const std::string& /*value*/) {
  return Done{};
}

/// NAME[:auto|create|exec|no_exec]. "auto" would join a container that runs, which none of ours
/// lets another step do; it is in use then.
Status keep_container(Wish& wish, const std::string& value) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const std::size_t colon = std::min(value.find(':'), value.size());
  const std::string name = value.substr(0, colon);
  const std::string how = colon < value.size() ? value.substr(colon + 1) : "auto";
  const std::string goal = "keep a container as " + quote(value) + " on its nodes";
  const std::size_t other = name.find_first_not_of(std::string(kLetters) + "_.-");
  if (name.empty() || name.size() > 100 || other != std::string::npos ||
      kLetters.find(name[0]) == std::string_view::npos)
    return cannot(goal, "a name has letters, digits, '_', '.' and '-': --container-name=mine");
  if (how == "exec") return cannot(goal, "start what is to run beside it in the same step");
  if (how != "auto" && how != "no_exec" && how != "create")
    return cannot(goal, "write --container-name=NAME or NAME:create");
  wish.kept = how == "create" ? value : name;
  return Done{};
}

Status set_scope(Wish& wish, const std::string& value) {
  if (value != "job" && value != "node")
    return cannot("keep a container for a " + quote(value), "write job or node");
  wish.scope = value == "job" ? Scope::job : Scope::node;
  return Done{};
}

Status save_container(Wish& /*wish*/, const std::string& value) {
  return cannot("save a container in " + quote(value) + " when its step ends",
                "use --container-overlay=DIR, and then berth image save --upper DIR");
}

std::string twin(std::string_view name) {
  return "PYXIS_CONTAINER_" + std::string(name);
}

using enum Argument;

/// Its files.
std::vector<ContainerOption> file_options() {
  return {
      {"container-image",
       needed,
       "IMAGE",
       "run in this image: a .sqsh file, a directory, or the name of a stored one",
       twin("IMAGE"),
       false,
       "",
       set_image},
      {"container-mounts",
       needed,
       "SRC[:DST[:FLAGS]],...",
       "show SRC of the node at DST; FLAGS have '+' between them",
       twin("MOUNTS"),
       false,
       "",
       add_mounts},
      {"container-name",
       needed,
       "NAME[:create]",
       "keep the container on its nodes for later steps of the job, under this name",
       twin("NAME"),
       false,
       "",
       keep_container},
      {"container-scope",
       needed,
       "job|node",
       "keep it for the job's steps, or for later jobs too",
       "",
       false,
       "",
       set_scope},
      {"container-save",
       needed,
       "PATH",
       "refused: see --container-overlay",
       twin("SAVE"),
       false,
       "",
       save_container},
      {"container-mount-home",
       none,
       "",
       "show the home directory",
       twin("MOUNT_HOME"),
       false,
       "",
       set_home<Home::host>},
      {"no-container-mount-home",
       none,
       "",
       "do not show the home directory",
       twin("MOUNT_HOME"),
       true,
       "",
       set_home<Home::none>},
  };
}

/// Who the program is, and what is run before it.
std::vector<ContainerOption> process_options() {
  return {
      {"container-remap-root",
       none,
       "",
       "be uid 0 inside, with no right more than before",
       twin("REMAP_ROOT"),
       false,
       "",
       set<&Request::as_root, true>},
      {"no-container-remap-root",
       none,
       "",
       "keep one's uid inside",
       twin("REMAP_ROOT"),
       true,
       "",
       set<&Request::as_root, false>},
      {"container-entrypoint",
       possible,
       "PROGRAM",
       "run the image's entrypoint before the program, or this one",
       twin("ENTRYPOINT"),
       false,
       "",
       run_entrypoint},
      {"no-container-entrypoint",
       none,
       "",
       "run no entrypoint",
       twin("ENTRYPOINT"),
       true,
       "",
       run_no_entrypoint},
      {"container-entrypoint-log",
       none,
       "",
       "nothing: an entrypoint writes where its task does",
       twin("ENTRYPOINT_LOG"),
       false,
       "",
       do_nothing},
  };
}

/// What it may.
std::vector<ContainerOption> rights_options() {
  return {
      {"container-writable",
       none,
       "",
       "the root can be written; what is written is gone with the step",
       twin("WRITABLE"),
       false,
       "",
       set<&Request::read_only, false>},
      {"container-readonly",
       none,
       "",
       "nothing can be written outside mounts",
       twin("READONLY"),
       false,
       twin("WRITABLE"),
       set<&Request::read_only, true>},
      {"container-env",
       needed,
       "NAME,...|NAME=VALUE",
       "take the caller's variables rather than the image's, or set one",
       twin("ENV"),
       false,
       "",
       add_variables},
      {"container-unshare",
       needed,
       "net,ipc,uts",
       "have a network, shared memory or host name of its own",
       twin("UNSHARE"),
       false,
       "",
       unshare},
  };
}

}  // namespace

std::vector<ContainerOption> pyxis_options() {
  std::vector<ContainerOption> options = file_options();
  for (auto* more : {process_options, rights_options})
    for (ContainerOption& option : more())
      options.push_back(std::move(option));
  return options;
}

std::string pyxis_image(const std::string& value) {
  const std::size_t hash = value.find('#');
  if (value.starts_with('/') || value.starts_with('.') || hash == std::string::npos) return value;
  const std::string registry = value.substr(0, hash);
  const std::size_t user = registry.rfind('@');
  const std::size_t begin = user == std::string::npos ? 0 : user + 1;
  return registry.substr(begin) + "/" + value.substr(hash + 1);
}

}  // namespace berth::slurm_plugin
