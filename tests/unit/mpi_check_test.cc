// SPDX-License-Identifier: Apache-2.0
// What launchers offer, by their variables, and what follows for MPIs that are made up.
#include "launcher/cli/mpi_check.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using Texts = std::vector<std::string>;
using hooks::MpiFact;

const MpiFact kMpich = {true, "the MPICH family", "12.2.1", "/lib/libmpich.so.12", {"PMI"}};
const MpiFact kOpenMpi = {
    true, "Open MPI", "40.30.4", "/lib/libmpi.so.40", {"PMIx"}, "/lib/libpmix.so.2"};

TEST(MpiOffer, IsWhatLaunchersSay) {
  const Offer mpirun =
      offer_of("openmpi", {"OMPI_COMM_WORLD_SIZE=4", "PMIX_NAMESPACE=1", "PMIX_VERSION=4.2.2rc2"});
  EXPECT_EQ(mpirun.ways, Texts{"PMIx"});
  EXPECT_EQ(mpirun.size, 4U);
  EXPECT_EQ(mpirun.says, "PMIX_VERSION is '4.2.2rc2'");
  EXPECT_EQ(offer_of("mpich", {"PMI_SIZE=3", "PMI_FD=6"}).ways, Texts{"PMI"});
  EXPECT_EQ(offer_of("slurm", {"SLURM_NTASKS=2"}).ways, Texts{"Slurm's PMI library"});
  EXPECT_EQ(offer_of("slurm", {"SLURM_NTASKS=2", "PMI_FD=6"}).ways,
            (Texts{"PMI", "Slurm's PMI library"}));
  EXPECT_EQ(
      offer_of("slurm", {"SLURM_STEP_NUM_TASKS=2", "SLURM_NTASKS=8", "PMIX_NAMESPACE=s"}).size, 2U);
  EXPECT_EQ(offer_of("flux", {"FLUX_JOB_SIZE=x", "PMI_FD=6"}).size, 1U);
  EXPECT_EQ(offer_of("", {"PMI_FD=6"}).who, "");
}

TEST(MpiOffer, OfWhatTheImageDoesNotSpeakIsALine) {
  const Offer mpirun = offer_of("openmpi", {"OMPI_COMM_WORLD_SIZE=4", "PMIX_NAMESPACE=1"});
  const Offer none = offer_of("slurm", {"SLURM_NTASKS=8"});
  EXPECT_EQ(mpi_warning(mpirun, {kMpich}),
            "of the image's MPI the MPICH family 12.2.1 speaks PMI, and Open MPI's mpirun offers "
            "PMIx: each of 4 ranks that uses it is alone, or does not start");
  EXPECT_EQ(mpi_warning(none, {kMpich, kOpenMpi}), "");
  EXPECT_EQ(mismatch(none, {kMpich, kOpenMpi}),
            "of the image's MPI the MPICH family 12.2.1 speaks PMI and Open MPI 40.30.4 speaks "
            "PMIx, and srun offers nothing of the kind: each of 8 ranks that uses it is alone, or "
            "does not start");
  EXPECT_EQ(mpi_warning(mpirun, {kMpich, kOpenMpi}), "");
  EXPECT_EQ(mpi_warning(mpirun, {}), "");
  EXPECT_EQ(mpi_warning(offer_of("openmpi", {"OMPI_COMM_WORLD_SIZE=1"}), {kMpich}), "");
  MpiFact nodes = kMpich;
  nodes.is_image = false;
  EXPECT_EQ(mpi_warning(mpirun, {nodes}), "");
}

TEST(MpiOffer, IsExplainedWithWhatToDo) {
  const Offer hydra = offer_of("mpich", {"PMI_SIZE=2", "PMI_FD=6"});
  MpiFact nodes = kOpenMpi;
  nodes.is_image = false;
  nodes.ways = {"PMI"};
  EXPECT_EQ(explain_mpi(hydra, {kOpenMpi, nodes}),
            "job: MPICH's mpiexec has started 2 ranks and offers PMI (PMI_FD is set)\n"
            "node: Open MPI 40.30.4 ('/lib/libmpi.so.40') speaks PMI, PMIx by '/lib/libpmix.so.2'\n"
            "image: Open MPI 40.30.4 ('/lib/libmpi.so.40') speaks PMIx, PMIx by "
            "'/lib/libpmix.so.2'\n"
            "so: of the image's MPI Open MPI 40.30.4 speaks PMIx, and MPICH's mpiexec offers PMI: "
            "each of 2 ranks that uses it is alone, or does not start; start it by Open MPI's "
            "mpirun or srun --mpi=pmix, or put this node's MPI in its place: --mpi-hook=auto\n");
  EXPECT_EQ(explain_mpi(hydra, {kMpich}),
            "job: MPICH's mpiexec has started 2 ranks and offers PMI (PMI_FD is set)\n"
            "node: no MPI that is known\n"
            "image: the MPICH family 12.2.1 ('/lib/libmpich.so.12') speaks PMI\n"
            "so: the MPICH family 12.2.1 fits, as far as can be seen from here\n");
}

TEST(MpiFact, IsItsOwnText) {
  for (const MpiFact& fact : {kMpich, kOpenMpi, MpiFact{}})
    EXPECT_EQ(hooks::parse_mpi_fact(hooks::to_text(fact)), fact);
  for (const char* wrong : {"", "image", "x\ta\tb\tc\td\te"})
    EXPECT_EQ(hooks::parse_mpi_fact(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace berth::cli
