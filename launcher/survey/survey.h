// SPDX-License-Identifier: Apache-2.0
// Looks at the host, the caller and the job, and changes nothing.
#pragma once

#include "base/result.h"
#include "launcher/model/facts.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::survey {

/// `environment`: NAME=value texts, as main got them. `places`: directories to look for besides
/// the usual ones. `parent`: who has started this; 0 stands for the parent process.
Result<Facts> look_around(std::vector<std::string> environment,
                          const std::vector<std::string>& places = {},
                          int parent = 0);

/// The program that connects a container's own network to this node's. An error where there is
/// none, or where it could do nothing.
Result<std::string> find_network_program();

/// The users and groups that the node gives the caller besides his own. An error where it gives
/// none, or where nobody could map them.
Result<SubordinateIds> find_subordinate_ids();

/// Those of `user` in a text as subuid(5) has it, in its order; what is no range is passed over,
/// and what has a number again, or `own`, which is the caller's anyway.
/// Pure.
std::vector<IdRange> ranges_of(const std::string& text,
                               const std::string& user,
                               unsigned uid,
                               unsigned own);

/// What this host calls itself.
std::string node_name();

/// This process's place in its job, from the variables of Open MPI's mpirun, MPICH's hydra, Flux,
/// Slurm and PMIx, the innermost launcher first. `parent` stands for the step where a launcher
/// names none. Pure.
Rank rank_of(const std::vector<std::string>& environment, int parent);

/// "NAME=VALUE" of the variables that tell this process its place among the ranks of its node: no
/// other rank has the same. None for one that was started alone. Pure.
std::vector<std::string> rank_variables(const std::vector<std::string>& environment);

/// Whether somebody ends this process with all others of its job: a batch system, or who launches
/// ranks. Pure.
bool is_in_job(const std::vector<std::string>& environment);

/// On which CPUs and memory nodes this process may run, and on which its launcher; without the
/// machine that they are part of.
CpuFacts look_at_cpus(const std::vector<std::string>& environment, int parent);

/// Where Slurm's plugin wants to read the pids of berth's own processes; -1 where it does not.
int helpers_of(const std::vector<std::string>& environment);

/// The count for node `index` in Slurm's "2(x3),1" notation (sbatch(1), SLURM_TASKS_PER_NODE);
/// nothing when the text or the index makes no sense. Pure.
std::optional<unsigned> find_tasks(std::string_view text, unsigned index);

/// The value of `name`, or empty.
std::string value_of(const std::vector<std::string>& environment, std::string_view name);

/// What the user database says of a number; found in the file, or asked of getent(1), which knows
/// LDAP and its like (a static program can not load those modules itself).
struct Account {
  std::string name;  ///< the number in digits when nobody knows it
  std::string home;
};

Account find_user(unsigned uid);
std::string find_group(unsigned gid);

}  // namespace berth::survey
