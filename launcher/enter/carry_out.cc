// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/carry_out.h"

namespace berth::enter {

namespace {

/// The steps that build a root directory.
std::optional<Answer> apply_to_mounts(const Step& step, Mounts& mounts) noexcept {
  if (const auto* file = std::get_if<WriteFile>(&step))
    return mounts.write_file(file->path.c_str(), file->text);
  if (std::get_if<KeepMountsInside>(&step)) return mounts.keep_inside();
  if (const auto* tree = std::get_if<TakeTree>(&step))
    return mounts.take_tree(tree->from.c_str(), tree->slot, tree->flags);
  if (const auto* tree = std::get_if<MakeTree>(&step)) return mounts.make_tree(*tree);
  if (const auto* image = std::get_if<TakeImage>(&step)) return mounts.take_image(*image);
  if (const auto* scratch = std::get_if<MountScratch>(&step))
    return mounts.mount_scratch(scratch->at.c_str(), scratch->bytes);
  if (const auto* directory = std::get_if<MakeDirectory>(&step))
    return mounts.make_directory(directory->path.c_str(), directory->is_covered);
  if (const auto* image = std::get_if<MountImage>(&step)) return mounts.mount_image(*image);
  if (const auto* image = std::get_if<AttachImage>(&step)) return mounts.attach_image(*image);
  if (const auto* start = std::get_if<LayStartFiles>(&step))
    return mounts.lay_files(
        start->at.c_str(), start->files.data(), static_cast<unsigned>(start->files.size()));
  if (const auto* overlay = std::get_if<AttachOverlay>(&step))
    return mounts.attach_overlay(overlay->slot, overlay->at.c_str());
  if (const auto* overlay = std::get_if<MountOverlay>(&step)) return mounts.mount_overlay(*overlay);
  if (const auto* image = std::get_if<UseImage>(&step)) return mounts.use_image(image->at.c_str());
  if (const auto* wanted = std::get_if<LookAhead>(&step)) return mounts.look_ahead(*wanted);
  if (std::get_if<AwaitProof>(&step)) return mounts.await_proof();
  if (const auto* change = std::get_if<ChangeRoot>(&step))
    return mounts.change_root(change->root.c_str(), change->read_only);
  return std::nullopt;
}

/// Those that make its places what was asked for.
std::optional<Answer> apply_to_places(const Step& step, Mounts& mounts) noexcept {
  if (const auto* file = std::get_if<CoverFile>(&step)) return mounts.cover_file(*file);
  if (const auto* tree = std::get_if<AttachTree>(&step)) return mounts.attach_tree(*tree);
  if (const auto* root = std::get_if<MountPrivateRoot>(&step))
    return mounts.mount_private_root(*root);
  if (const auto* tree = std::get_if<CarryTree>(&step))
    return mounts.carry_tree(tree->path.c_str());
  if (const auto* link = std::get_if<MakeLink>(&step)) return mounts.make_link(*link);
  if (const auto* place = std::get_if<MaskPlace>(&step))
    return mounts.mask_place(place->path.c_str());
  if (const auto* place = std::get_if<LockPlace>(&step))
    return mounts.lock_place(place->path.c_str());
  return std::nullopt;
}

/// The steps that make a container's namespaces, or lead into them.
std::optional<Answer> apply_to_namespaces(const Step& step, Process& process) noexcept {
  if (const auto* enter = std::get_if<EnterNamespaces>(&step))
    return process.enter_namespaces(enter->flags);
  if (std::get_if<MapIds>(&step)) return process.map_ids();
  if (const auto* host = std::get_if<SetHostName>(&step))
    return process.set_host_name(host->name.c_str());
  if (std::get_if<RaiseLoopback>(&step)) return process.raise_loopback();
  if (std::get_if<ConnectNetwork>(&step)) return process.connect_network();
  if (const auto* clocks = std::get_if<ShiftClocks>(&step))
    return process.shift_clocks(clocks->offsets.c_str());
  if (const auto* share = std::get_if<ShareContainer>(&step))
    return process.share_container(share->flags);
  if (const auto* join = std::get_if<JoinContainer>(&step))
    return process.join_container(join->flags);
  return std::nullopt;
}

/// The other steps that change this process.
Answer apply_to_process(const Step& step, const Prepared& prepared, Process& process) noexcept {
  if (const auto* directory = std::get_if<EnterDirectory>(&step))
    return process.enter_directory(*directory);
  if (const auto* user = std::get_if<BecomeUser>(&step)) return process.become_user(user->ids);
  if (const auto* drop = std::get_if<DropPrivileges>(&step))
    return process.drop_privileges(drop->kept);
  if (std::get_if<CloseOthers>(&step))
    return process.close_others(prepared.kept.data(), static_cast<unsigned>(prepared.kept.size()));
  if (const auto* init = std::get_if<StartInit>(&step)) return process.start_init(*init);
  if (std::get_if<AnnounceProgram>(&step)) return process.announce_program();
  if (std::get_if<EnterGroup>(&step)) return process.enter_group();
  if (const auto* hooks = std::get_if<RunHooks>(&step)) return process.run_hooks(hooks->time);
  if (const auto* pin = std::get_if<PinToCpus>(&step)) return process.pin_to_cpus(pin->cpus);
  if (const auto* memory = std::get_if<BindMemory>(&step)) return process.bind_memory(*memory);
  if (const auto* limit = std::get_if<SetLimit>(&step)) return process.set_limit(limit->limit);
  if (const auto* umask = std::get_if<SetUmask>(&step)) return process.set_umask(umask->mask);
  if (const auto* calls = std::get_if<FilterCalls>(&step))
    return process.filter_calls(calls->filter.data(),
                                static_cast<unsigned short>(calls->filter.size()));
  return process.execute(
      prepared.candidates.data(), prepared.arguments.data(), prepared.environment.data());
}

}  // namespace

std::optional<Stumble> carry_out(const std::vector<Step>& steps,
                                 const Prepared& prepared,
                                 Kernel& kernel,
                                 Trace* trace) noexcept {
  for (unsigned i = 0; i < steps.size(); ++i) {
    if (trace != nullptr && std::get_if<Execute>(&steps[i])) trace->tell();
    auto answer = apply_to_mounts(steps[i], kernel.mounts);
    if (!answer) answer = apply_to_places(steps[i], kernel.mounts);
    if (!answer) answer = apply_to_namespaces(steps[i], kernel.process);
    if (!answer) answer = apply_to_process(steps[i], prepared, kernel.process);
    if (answer->number != 0) return Stumble{i, answer->call, answer->number};
    if (trace != nullptr) trace->step_ends();
  }
  return std::nullopt;
}

}  // namespace berth::enter
