// SPDX-License-Identifier: Apache-2.0
// Steps in words: the goal that an error names, and the text of --plan.
#include "base/signals.h"
#include "base/text.h"
#include "launcher/plan/plan.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace berth::plan {

namespace {

std::string goal(const EnterNamespaces& step) {
  std::string kinds;
  std::string last;
  for (const auto& [flag, kind] : {std::pair(CLONE_NEWUSER, "user"),
                                   std::pair(CLONE_NEWNS, "mount"),
                                   std::pair(CLONE_NEWPID, "pid"),
                                   std::pair(CLONE_NEWUTS, "uts"),
                                   std::pair(CLONE_NEWIPC, "ipc"),
                                   std::pair(CLONE_NEWNET, "network"),
                                   std::pair(CLONE_NEWCGROUP, "cgroup"),
                                   std::pair(CLONE_NEWTIME, "time")})
    if ((step.flags & flag) != 0) {
      if (!last.empty()) kinds += (kinds.empty() ? "" : ", ") + last;
      last = kind;
    }
  return "create a " + (kinds.empty() ? "" : kinds + " and ") + last + " namespace";
}

std::string goal(const WriteFile& step) {
  return "write " + quote(step.path);
}

std::string goal(const MapIds&) {
  return "map your own and your subordinate users and groups into the container";
}

std::string goal(const SetHostName& step) {
  return "name the container " + quote(step.name);
}

std::string goal(const RaiseLoopback&) {
  return "bring up the loopback device";
}

std::string goal(const ConnectNetwork& step) {
  return "connect the container to the network through " + quote(step.program);
}

std::string goal(const ShiftClocks&) {
  return "shift the clocks of this container";
}

std::string goal(const KeepMountsInside&) {
  return "keep mounts inside this container";
}

std::string_view name_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::as_is:
      break;
    case Propagation::none:
      return "private";
    case Propagation::slave:
      return "slave";
    case Propagation::shared:
      return "shared";
  }
  return "";
}

/// How a tree is shown, as " read-only with noexec, private"; empty where nothing is said.
std::string manner_of(const MountFlags& flags) {
  std::string words;
  const auto add = [&](std::string_view word) {
    if (!word.empty()) words.append(words.empty() ? " with " : ", ").append(word);
  };
  for (const MountAttribute& attribute : kMountAttributes) {
    if ((flags.set & attribute.bit) != 0 && attribute.bit != MOUNT_ATTR_RDONLY) add(attribute.set);
    if ((flags.clear & attribute.bit) != 0) add(attribute.clear);
  }
  add(name_of(flags.propagation));
  if (!flags.is_recursive) add("nothing mounted below");
  return ((flags.set & MOUNT_ATTR_RDONLY) != 0 ? " read-only" : "") + words;
}

std::string goal(const TakeTree& step) {
  if (step.is_image) return "use the directory " + quote(step.from) + " as an image";
  return "show " + quote(step.from) + " of this node" + manner_of(step.flags);
}

/// What goes without saying for the others is something that is asked of a tmpfs.
std::string goal(const MakeTree& step) {
  return "make a file system " + quote(step.type) + " for this container" +
         (step.flags == kNoRights && step.type != "tmpfs" ? "" : manner_of(step.flags));
}

/// That an image is read-only goes without saying, and so does what comes with it.
std::string goal(const TakeImage& step) {
  MountFlags said = step.flags;
  said.set &= static_cast<std::uint64_t>(MOUNT_ATTR_NOEXEC);
  return "mount the image " + quote(step.image) + " for this container" + manner_of(said);
}

std::string goal(const MountScratch& step) {
  return "mount a scratch file system on " + quote(step.at);
}

std::string goal(const MakeDirectory& step) {
  return "make the directory " + quote(step.path);
}

std::string goal(const MountImage& step) {
  return "mount the image " + quote(step.image) + " on " + quote(step.at);
}

std::string goal(const AttachImage& step) {
  return "show the directory " + quote(step.from) + " on " + quote(step.at) +
         (step.is_root ? ", where changes stay" : "");
}

std::string goal(const CoverFile& step) {
  return "cover " + quote(step.to) + " with " + quote(step.from);
}

std::string goal(const LayStartFiles& step) {
  return "copy what programs start with to " + quote(step.at);
}

std::string goal(const AttachOverlay& step) {
  return "show the changes in " + quote(step.from) + " on " + quote(step.at);
}

std::string goal(const MountOverlay& step) {
  if (!step.kept_in.empty())
    return "make the image writable on " + quote(step.at) + ", keeping changes in " +
           quote(step.kept_in);
  return "make the image writable for this run on " + quote(step.at);
}

std::string goal(const UseImage& step) {
  return "make the image itself the root on " + quote(step.at) + ", which cannot be written";
}

std::string goal(const AttachTree& step) {
  if (step.origin == Origin::own) return "mount a " + step.from + " on " + quote(step.to);
  if (step.origin == Origin::image)
    return "mount the image " + quote(step.from) + " on " + quote(step.to);
  return "bind " + quote(step.from) + " to " + quote(step.to);
}

std::string goal(const MakeLink& step) {
  return "make a link " + quote(step.name) + " to " + quote(step.target) + " in it";
}

std::string goal(const MaskPlace& step) {
  return "mask " + quote(step.path);
}

std::string goal(const LockPlace& step) {
  return "make " + quote(step.path) + " read-only";
}

std::string goal(const LookAhead&) {
  return "look ahead for what the program starts with";
}

std::string goal(const AwaitProof&) {
  return "check what programs start with against the image's hash tree";
}

std::string goal(const ChangeRoot& step) {
  return "make " + quote(step.root) + (step.read_only ? " the read-only" : " the") +
         " root directory";
}

std::string goal(const ShareContainer&) {
  return "hand the container to its keeper";
}

std::string goal(const JoinContainer& step) {
  return step.name.empty() ? "join the container of this step"
                           : "join the container " + quote(step.name);
}

std::string goal(const MountPrivateRoot&) {
  return "lay changes of this rank's own over the root that it shares";
}

std::string goal(const CarryTree& step) {
  return "show there what is mounted at " + quote(step.path);
}

std::string goal(const EnterDirectory& step) {
  return "work in " + quote(step.path);
}

std::string goal(const BecomeUser& step) {
  return "become user " + std::to_string(step.ids.uid) + " and group " +
         std::to_string(step.ids.gid) + " of the container";
}

std::string goal(const DropPrivileges& step) {
  if (step.kept == 0) return "give up capabilities";
  if (step.kept == kEveryCapability) return "keep every capability in this container";
  std::string names;
  for (std::size_t number = 0; number < kCapabilityNames.size(); ++number)
    if ((step.kept >> number & 1) != 0)
      names.append(names.empty() ? "" : ", ").append(kCapabilityNames[number]);
  return "give up capabilities but " + names + " in this container";
}

std::string goal(const CloseOthers&) {
  return "close other files";
}

std::string goal(const StartInit& step) {
  return std::string(step.stays ? "start an init that stays for all ranks"
                                : "start an init that stands by the program") +
         (step.time.seconds != 0 ? " for " + std::to_string(step.time.seconds) + " s" : "");
}

std::string bound_text(std::uint64_t bound) {
  return bound == RLIM_INFINITY ? "unlimited" : std::to_string(bound);
}

std::string goal(const AnnounceProgram&) {
  return "tell who stands by the container which process is the program";
}

std::string goal(const EnterGroup&) {
  return "put the program into a control group of its own";
}

std::string goal(const RunHooks& step) {
  return step.time == RunHooks::Time::root_is_there ? "run hooks on the finished container"
                                                    : "run hooks before the program begins";
}

std::string goal(const SetLimit& step) {
  const auto* const name =
      std::find_if(kResources.begin(), kResources.end(), [&](const ResourceName& one) {
        return one.resource == step.limit.resource;
      });
  return "limit " + (name == kResources.end() ? "" : std::string(name->name)) + " to " +
         bound_text(step.limit.soft) + ", at most " + bound_text(step.limit.hard);
}

std::string goal(const PinToCpus& step) {
  return "bind rank " + std::to_string(step.rank) + " to the CPUs " + to_text(step.cpus);
}

std::string goal(const BindMemory& step) {
  return "take memory from the nodes " + to_text(step.nodes) +
         (step.in_turn ? " in turn" : " only");
}

std::string goal(const SetUmask& step) {
  char digits[16];
  (void)std::snprintf(digits, sizeof digits, "%03o", step.mask);  // fits for any unsigned
  return std::string("set the umask ") + digits;
}

std::string goal(const FilterCalls& step) {
  return "refuse system calls as the profile " + quote(step.profile) + " says";
}

std::string goal(const Execute& step) {
  return "start " + quote(step.arguments.empty() ? "" : step.arguments[0]);
}

/// One line, indented. It may come from the image, and must not move the reader's cursor.
std::string indented_line(const std::string& line) {
  const std::string quoted = quote(line);
  return "      " + quoted.substr(1, quoted.size() - 2) + "\n";
}

/// Text on lines of its own.
std::string indented(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty()) out += indented_line(line);
  return out;
}

std::string lines_of(const LookAhead& wanted) {
  std::string lines;
  for (const auto* paths : {&wanted.candidates, &wanted.others})
    for (const std::string& path : *paths)
      lines += indented_line(path);
  return lines;
}

std::string lines_of(const RunHooks& hooks) {
  std::string lines;
  for (const std::string& line : hooks.lines)
    lines += indented_line(line);
  return lines;
}

std::string lines_of(const TimeLimit& time) {
  if (time.seconds == 0) return {};
  return indented(signal_name(time.stop_signal) + " then, SIGKILL " + std::to_string(time.grace) +
                  " s later");
}

std::string lines_of(const Execute& program) {
  std::string words;
  for (const std::string& argument : program.arguments)
    words += quote(argument) + " ";
  std::string text = indented(words.substr(0, words.size() - 1));
  for (const std::string& variable : program.environment)
    text += indented_line(variable);
  return text;
}

std::string lines_of(const MapIds& step) {
  std::string lines;
  for (const auto& [kind, map] :
       {std::pair("users ", &step.maps.users), std::pair("groups ", &step.maps.groups)})
    for (const IdExtent& extent : *map)
      lines += indented_line(kind + std::to_string(extent.inside) + " " +
                             std::to_string(extent.outside) + " " + std::to_string(extent.count));
  return lines;
}

std::string lines_of(const EnterGroup& step) {
  std::string lines;
  for (const GroupPart& part : step.group.parts) {
    lines += indented_line("in " + part.parent);
    for (const GroupSetting& setting : part.settings)
      lines += indented_line(setting.file + " = " + setting.text);
  }
  return lines;
}

/// Of what may be written.
std::string bound_line(std::uint64_t bytes) {
  return indented(bytes == 0 ? "half of the memory" : size_text(bytes));
}

std::string details_of(const Step& step) {
  if (const auto* file = std::get_if<WriteFile>(&step)) return indented(file->text);
  if (const auto* ids = std::get_if<MapIds>(&step)) return lines_of(*ids);
  if (const auto* clocks = std::get_if<ShiftClocks>(&step)) return indented(clocks->offsets);
  if (const auto* scratch = std::get_if<MountScratch>(&step)) return bound_line(scratch->bytes);
  if (const auto* root = std::get_if<MountPrivateRoot>(&step)) return bound_line(root->bytes);
  if (const auto* start = std::get_if<LayStartFiles>(&step)) {
    std::string lines;
    for (const StartFile& file : start->files)
      if (file.kind == StartFile::Kind::file) lines += indented_line(file.path);
    return lines;
  }
  if (const auto* own = std::get_if<MakeTree>(&step)) {
    std::string lines;
    for (const MountSetting& setting : own->settings)
      lines += indented_line(setting.key + "=" + setting.value);
    return lines;
  }
  if (const auto* wanted = std::get_if<LookAhead>(&step)) return lines_of(*wanted);
  if (const auto* init = std::get_if<StartInit>(&step)) return lines_of(init->time);
  if (const auto* group = std::get_if<EnterGroup>(&step)) return lines_of(*group);
  if (const auto* told = std::get_if<AnnounceProgram>(&step))
    return lines_of({.seconds = 1, .grace = told->grace, .stop_signal = told->stop_signal});
  if (const auto* hooks = std::get_if<RunHooks>(&step)) return lines_of(*hooks);
  const auto* program = std::get_if<Execute>(&step);
  return program == nullptr ? "" : lines_of(*program);
}

}  // namespace

std::string goal_of(const Step& step) {
  return std::visit([](const auto& one) { return goal(one); }, step);
}

std::string to_text(const std::vector<Step>& steps, unsigned first) {
  std::string text;
  unsigned number = first;
  for (const Step& step : steps) {
    char prefix[16];
    (void)std::snprintf(prefix, sizeof prefix, "%3u  ", number++);  // fits for any unsigned
    text += prefix + goal_of(step) + "\n" + details_of(step);
  }
  return text;
}

}  // namespace berth::plan
