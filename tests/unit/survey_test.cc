// SPDX-License-Identifier: Apache-2.0
// A process's place in its job, from what each launcher really sets; and who the user is.
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::survey {
namespace {

using Texts = std::vector<std::string>;

Texts operator+(Texts a, const Texts& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// "LAUNCHER rank R local L of N".
std::string place_of(const Texts& environment) {
  const Rank rank = rank_of(environment, 42);
  return rank.launcher + " rank " + std::to_string(rank.rank) + " local " +
         std::to_string(rank.local_rank) + " of " + std::to_string(rank.local_size);
}

const Texts kOpenMpi = {"OMPI_COMM_WORLD_RANK=5",
                        "OMPI_COMM_WORLD_LOCAL_RANK=1",
                        "OMPI_COMM_WORLD_LOCAL_SIZE=4",
                        "OMPI_MCA_ess_base_jobid=1234"};
const Texts kHydra = {"PMI_RANK=3", "PMI_FD=9", "MPI_LOCALRANKID=1", "MPI_LOCALNRANKS=2"};
const Texts kSlurmTask = {"SLURM_JOB_ID=77",
                          "SLURM_STEP_ID=2",
                          "SLURM_PROCID=6",
                          "SLURM_LOCALID=2",
                          "SLURM_NODEID=1",
                          "SLURMD_NODENAME=n2",
                          "SLURM_STEP_TASKS_PER_NODE=4,3"};
const Texts kBatchScript = {"SLURM_JOB_ID=77",
                            "SLURM_PROCID=0",
                            "SLURM_LOCALID=0",
                            "SLURM_NODEID=0",
                            "SLURMD_NODENAME=n1",
                            "SLURM_TASKS_PER_NODE=4,3"};

TEST(Rank, IsReadFromEachLauncher) {
  EXPECT_EQ(place_of(kOpenMpi), "openmpi rank 5 local 1 of 4");
  EXPECT_EQ(place_of(kHydra), "mpich rank 3 local 1 of 2");
  EXPECT_EQ(place_of(kSlurmTask), "slurm rank 6 local 2 of 3");
}

TEST(Rank, IsNobodysOutsideAJob) {
  EXPECT_EQ(place_of({}), " rank 0 local 0 of 1");
  EXPECT_EQ(place_of(kBatchScript), " rank 0 local 0 of 1");
  EXPECT_TRUE(rank_of(kBatchScript, 42).step.empty());
}

TEST(Rank, IsTheInnermostLaunchers) {
  EXPECT_EQ(place_of(kBatchScript + kOpenMpi), "openmpi rank 5 local 1 of 4");
  EXPECT_EQ(place_of(kSlurmTask + kOpenMpi), "openmpi rank 5 local 1 of 4");
  EXPECT_EQ(place_of(kSlurmTask + kHydra), "mpich rank 3 local 1 of 2");
}

TEST(Rank, SurvivesNonsense) {
  EXPECT_EQ(place_of({"OMPI_COMM_WORLD_LOCAL_SIZE=many", "OMPI_COMM_WORLD_RANK=-1"}),
            "openmpi rank 0 local 0 of 1");
  EXPECT_EQ(place_of({"SLURM_PROCID=x", "SLURM_STEP_TASKS_PER_NODE=(x", "SLURM_NODEID=9"}),
            "slurm rank 0 local 0 of 1");
  EXPECT_EQ(place_of({"SLURM_PROCID=1", "SLURM_STEP_TASKS_PER_NODE="}), " rank 0 local 0 of 1");
  EXPECT_EQ(place_of({"MPI_LOCALNRANKS=99999999999999999999"}), "mpich rank 0 local 0 of 1");
  EXPECT_EQ(place_of({"MPI_LOCALNRANKS", "PMI_RANK", "", "="}), " rank 0 local 0 of 1");
}

const Texts kFlux = {"FLUX_TASK_RANK=9",
                     "FLUX_TASK_LOCAL_ID=1",
                     "FLUX_JOB_SIZE=16",
                     "FLUX_JOB_NNODES=2",
                     "FLUX_JOB_ID=f5x",
                     "FLUX_URI=local:///tmp/flux-1/local-0"};

TEST(Rank, OfFluxIsOneOfAsManyOnEachNode) {
  EXPECT_EQ(place_of(kFlux), "flux rank 9 local 1 of 8");
  EXPECT_EQ(place_of(kSlurmTask + kFlux), "flux rank 9 local 1 of 8");
  EXPECT_EQ(rank_of(kFlux, 42).doubt, "");
  EXPECT_EQ(rank_of(Texts{"FLUX_JOB_NNODES=3"} + kFlux, 42).doubt,
            "Flux has 16 ranks on 3 nodes, and does not say how many here");
  EXPECT_NE(rank_of(kFlux, 42).step, rank_of(Texts{"FLUX_JOB_ID=f5y"} + kFlux, 42).step);
}

TEST(Rank, SaysWhyItIsInDoubt) {
  const auto doubt = [](const Texts& environment) { return rank_of(environment, 42).doubt; };
  for (const Texts& good : {Texts{}, kBatchScript, kOpenMpi, kHydra, kSlurmTask, kFlux})
    EXPECT_EQ(doubt(good), "");
  EXPECT_EQ(doubt(Texts{"OMPI_COMM_WORLD_LOCAL_RANK=x"} + kOpenMpi),
            "OMPI_COMM_WORLD_LOCAL_RANK is 'x'");
  EXPECT_EQ(doubt(Texts{"OMPI_COMM_WORLD_LOCAL_RANK="} + kOpenMpi),
            "OMPI_COMM_WORLD_LOCAL_RANK is not set");
  EXPECT_EQ(doubt(Texts{"OMPI_COMM_WORLD_LOCAL_SIZE=99999999999999"} + kOpenMpi),
            "OMPI_COMM_WORLD_LOCAL_SIZE is '99999999999999'");
  EXPECT_EQ(doubt(Texts{"MPI_LOCALNRANKS=1"} + kHydra),
            "it is number 1 of 1, counted from 0 (MPI_LOCALRANKID)");
  EXPECT_EQ(doubt(Texts{"MPI_LOCALNRANKS=0"} + kHydra),
            "it is number 1 of 0, counted from 0 (MPI_LOCALRANKID)");
  EXPECT_EQ(doubt(Texts{"SLURM_NODEID=2"} + kSlurmTask),
            "SLURM_STEP_TASKS_PER_NODE is '4,3' on node 2");
  EXPECT_EQ(doubt(Texts{"SLURM_LOCALID=-1"} + kSlurmTask), "SLURM_LOCALID is '-1'");
  EXPECT_EQ(
      doubt({"PMIX_RANK=3", "PMIX_NAMESPACE=prterun-n1-4711@1"}),
      "PMIX_RANK is its number among all ranks of the job, and no variable says which of this "
      "node's it is");
  EXPECT_EQ(doubt(Texts{"PMIX_RANK=3"} + kOpenMpi), "") << "who starts ranks by PMIx says more";
}

TEST(Job, IsWhatEndsAllOfItsProcesses) {
  for (const Texts& job : {kBatchScript, kOpenMpi, kHydra, kSlurmTask, kFlux})
    EXPECT_TRUE(is_in_job(job)) << job[0];
  EXPECT_TRUE(is_in_job({"PBS_JOBID=7.server"}));
  EXPECT_FALSE(is_in_job({"HOME=/home/ada", "SLURM_CONF=/etc/slurm.conf"}));
}

TEST(RankVariables, AreThoseThatNoOtherRankOfTheNodeHas) {
  EXPECT_EQ(rank_variables(kSlurmTask), (Texts{"SLURM_PROCID=6", "SLURM_LOCALID=2"}));
  EXPECT_EQ(rank_variables(kSlurmTask + kOpenMpi),
            (Texts{"OMPI_COMM_WORLD_RANK=5", "OMPI_COMM_WORLD_LOCAL_RANK=1"}));
  EXPECT_EQ(rank_variables(kBatchScript), Texts{});
}

TEST(Step, IsEqualInAllItsRanksAndInNoOtherStep) {
  const std::string step = rank_of(kSlurmTask, 42).step;
  Texts other_rank = {"SLURM_PROCID=4", "SLURM_LOCALID=0"};
  EXPECT_EQ(rank_of(other_rank + kSlurmTask, 43).step, step);
  for (const char* other : {"SLURM_STEP_ID=3", "SLURM_JOB_ID=78", "PMIX_NAMESPACE=slurm.pmix.77.3"})
    EXPECT_NE(rank_of(Texts{other} + kSlurmTask, 42).step, step) << other;
  EXPECT_NE(rank_of(kBatchScript + kOpenMpi, 42).step,
            rank_of(Texts{"OMPI_MCA_ess_base_jobid=1235"} + kBatchScript + kOpenMpi, 42).step);
}

TEST(Step, OfMpichIsItsProxys) {
  EXPECT_EQ(rank_of(kHydra, 42).step, rank_of(kHydra, 42).step);
  EXPECT_NE(rank_of(kHydra, 42).step, rank_of(kHydra, 43).step);
}

TEST(Step, IsNotEmptyForAnyLauncher) {
  for (const Texts& launcher : {kOpenMpi, kHydra, kSlurmTask})
    EXPECT_FALSE(rank_of(launcher, 42).step.empty()) << launcher[0];
}

TEST(RankDirectories, AreWhatPmixAndTheJobName) {
  const Texts pmix = {"PMIX_SERVER_TMPDIR=/var/spool/slurmd/pmix.77.2", "TMPDIR=/local/77"};
  EXPECT_EQ(rank_of(kSlurmTask + pmix, 42).directories,
            (Texts{"/var/spool/slurmd/pmix.77.2", "/local/77"}));
  EXPECT_EQ(rank_of(kSlurmTask + Texts{"TMPDIR=relative"}, 42).directories, Texts{});
  EXPECT_EQ(rank_of(pmix, 42).directories, Texts{}) << "not in a job";
}

TEST(TasksOnNode, ReadsSlurmsNotation) {
  struct Row {
    const char* text;
    unsigned index;
    unsigned tasks;
  };

  for (const Row& row : {Row{"4", 0, 4},
                         Row{"2(x3),1", 0, 2},
                         Row{"2(x3),1", 2, 2},
                         Row{"2(x3),1", 3, 1},
                         Row{"8(x2),4(x2)", 3, 4},
                         Row{"1,2,3", 1, 2},
                         // What makes no sense is one task.
                         Row{"4", 1, 1},
                         Row{"", 0, 1},
                         Row{",", 0, 1},
                         Row{"x", 0, 1},
                         Row{"2(x", 0, 1},
                         Row{"2(x)", 0, 1},
                         Row{"2(x3", 1, 1},
                         Row{"-2", 0, 1},
                         Row{"99999999999", 0, 1}})
    EXPECT_EQ(find_tasks(row.text, row.index).value_or(1), row.tasks)
        << row.text << " at " << row.index;
}

TEST(ValueOf, IsTheFirstOfThatVeryName) {
  const Texts environment = {"AB=1", "A", "A=2=3", "A=4", "EMPTY="};
  EXPECT_EQ(value_of(environment, "A"), "2=3");
  EXPECT_EQ(value_of(environment, "EMPTY"), "");
  EXPECT_EQ(value_of(environment, "B"), "");
}

TEST(Account, OfRootIsRoot) {
  const Account root = find_user(0);
  EXPECT_EQ(root.name, "root");
  EXPECT_EQ(root.home, "/root");
  EXPECT_EQ(find_group(0), "root");
}

TEST(Account, NobodyKnowsIsItsNumber) {
  const Account stranger = find_user(3999999999U);
  EXPECT_EQ(stranger.name, "3999999999");
  EXPECT_EQ(stranger.home, "");
  EXPECT_EQ(find_group(3999999999U), "3999999999");
}

TEST(LookAround, SeesThisProcess) {
  const std::string here = std::filesystem::current_path();
  auto facts = look_around({"HOME=/proc", "A=1"});
  ASSERT_TRUE(facts) << to_text(facts.error());
  EXPECT_EQ(facts->uid, ::getuid());
  EXPECT_EQ(facts->gid, ::getgid());
  EXPECT_EQ(facts->home, "/proc");
  EXPECT_EQ(facts->cwd, here);
  EXPECT_EQ(facts->node, node_name());
  EXPECT_FALSE(facts->node.empty());
  EXPECT_TRUE(std::filesystem::is_directory(facts->base));
  EXPECT_EQ(facts->environment, (Texts{"HOME=/proc", "A=1"}));
  EXPECT_EQ(facts->directories, (Texts{"/proc", "/sys", "/dev", "/tmp", "/proc", here}));
  EXPECT_TRUE(facts->rank.launcher.empty());
}

TEST(LookAround, TakesTheHomeOfTheUserDatabaseWhereTheEnvironmentHasNone) {
  auto facts = look_around({});
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->home, find_user(::getuid()).home);
}

TEST(LookAround, KeepsADescriptorOnlyIfItIsOpen) {
  const int fd = ::fcntl(0, F_DUPFD_CLOEXEC, 50);
  ASSERT_GE(fd, 50);
  const std::string number = std::to_string(fd);
  EXPECT_EQ(look_around({"PMI_FD=" + number})->kept_descriptors, std::vector<int>{fd});
  EXPECT_EQ(look_around({"BERTH_HELPERS=" + number})->helpers, fd);
  EXPECT_EQ(look_around({"BERTH_HELPERS=" + number})->kept_descriptors, std::vector<int>{});
  for (const std::string& wrong :
       {number + "x", std::string("2"), std::string("-1"), std::string()})
    EXPECT_EQ(look_around({"PMI_FD=" + wrong})->kept_descriptors, std::vector<int>{}) << wrong;
  ::close(fd);
  EXPECT_EQ(look_around({"BERTH_HELPERS=" + number})->helpers, -1);
  EXPECT_EQ(look_around({"PMI_FD=" + number})->kept_descriptors, std::vector<int>{});
}

/// What look_around could disturb: descriptors, the current directory, the mask, the environment.
std::string state_of_process() {
  std::string state = std::filesystem::current_path();
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own descriptor
    state += "\n" + std::filesystem::read_symlink(entry, gone).string();
  }
  for (char** variable = environ; *variable != nullptr; ++variable)
    state += std::string("\n") + *variable;
  return state;
}

TEST(LookAround, ChangesNothing) {
  const std::string before = state_of_process();
  ASSERT_TRUE(look_around(kSlurmTask + Texts{"TMPDIR=/tmp/berth-no-such", "HOME=/no/such"}));
  EXPECT_EQ(state_of_process(), before);
  EXPECT_FALSE(std::filesystem::exists("/tmp/berth-no-such"));
}

}  // namespace
}  // namespace berth::survey
