// SPDX-License-Identifier: Apache-2.0
// Slurm's releases as numbers. Pure.
#pragma once

namespace berth::slurm_plugin {

/// The library interface of Slurm 21.08, the first release with a --container of its own.
constexpr unsigned kApiOf2108 = 37;

/// What `plugin_version` must be under the release whose slurm_api_version(3) has this major
/// number: its year and month, as SLURM_VERSION_NUM makes them, so that one plugin suits them all.
unsigned plugin_version_for(unsigned api);

}  // namespace berth::slurm_plugin
