// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/carry_out.h"

namespace berth::enter {

namespace {

/// The steps that build a root directory.
std::optional<Answer> apply_to_mounts(const Step& step, Mounts& mounts) noexcept {
  if (const auto* file = std::get_if<WriteFile>(&step))
    return mounts.write_file(file->path.c_str(), file->text.c_str());
  if (std::get_if<KeepMountsInside>(&step)) return mounts.keep_inside();
  if (const auto* tree = std::get_if<TakeTree>(&step))
    return mounts.take_tree(tree->from.c_str(), tree->slot, tree->read_only);
  if (const auto* scratch = std::get_if<MountScratch>(&step))
    return mounts.mount_scratch(scratch->at.c_str(), scratch->bytes);
  if (const auto* directory = std::get_if<MakeDirectory>(&step))
    return mounts.make_directory(directory->path.c_str(), directory->is_covered);
  if (const auto* image = std::get_if<MountImage>(&step)) {
    const unsigned ids[2] = {image->uid, image->gid};
    return mounts.mount_image(image->at.c_str(), ids);
  }
  if (const auto* start = std::get_if<LayStartFiles>(&step))
    return mounts.lay_files(
        start->at.c_str(), start->files.data(), static_cast<unsigned>(start->files.size()));
  if (const auto* overlay = std::get_if<AttachOverlay>(&step))
    return mounts.attach_overlay(overlay->slot, overlay->at.c_str());
  if (const auto* overlay = std::get_if<MountOverlay>(&step)) return mounts.mount_overlay(*overlay);
  if (const auto* tree = std::get_if<AttachTree>(&step))
    return mounts.attach_tree(tree->slot, tree->to.c_str());
  if (const auto* wanted = std::get_if<LookAhead>(&step)) return mounts.look_ahead(*wanted);
  if (std::get_if<AwaitProof>(&step)) return mounts.await_proof();
  if (const auto* change = std::get_if<ChangeRoot>(&step))
    return mounts.change_root(change->root.c_str(), change->read_only);
  return std::nullopt;
}

/// The steps that change this process.
Answer apply_to_process(const Step& step, const Prepared& prepared, Process& process) noexcept {
  if (const auto* enter = std::get_if<EnterNamespaces>(&step))
    return process.enter_namespaces(enter->flags);
  if (std::get_if<ShareContainer>(&step)) return process.share_container();
  if (std::get_if<JoinContainer>(&step)) return process.join_container();
  if (const auto* directory = std::get_if<EnterDirectory>(&step))
    return process.enter_directory(directory->path.c_str());
  if (std::get_if<DropPrivileges>(&step)) return process.drop_privileges();
  if (std::get_if<CloseOthers>(&step))
    return process.close_others(prepared.kept.data(), static_cast<unsigned>(prepared.kept.size()));
  return process.execute(
      prepared.candidates.data(), prepared.arguments.data(), prepared.environment.data());
}

}  // namespace

std::optional<Stumble> carry_out(const std::vector<Step>& steps,
                                 const Prepared& prepared,
                                 Kernel& kernel) noexcept {
  for (unsigned i = 0; i < steps.size(); ++i) {
    auto answer = apply_to_mounts(steps[i], kernel.mounts);
    if (!answer) answer = apply_to_process(steps[i], prepared, kernel.process);
    if (answer->number != 0) return Stumble{i, answer->call, answer->number};
  }
  return std::nullopt;
}

}  // namespace berth::enter
