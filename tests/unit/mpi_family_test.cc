// SPDX-License-Identifier: Apache-2.0
// What members of the MPICH family promise each other beside their main library.
#include "hooks/mpi/family.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

/// Sorted, as they are read.
Symbols having(Texts defined, Texts wanted = {}) {
  return {std::move(defined), std::move(wanted)};
}

TEST(Bindings, HaveToBeThereWhereTheFunctionIs) {
  const Symbols mpi = having({"MPI_Init", "MPI_Send", "PMPI_Init"});
  const Symbols images = having({"MPIR_F_NeedInit", "mpi_init_", "mpi_send_", "pmpi_init_"});
  EXPECT_EQ(missing_binding(images, images, mpi), "");
  EXPECT_EQ(missing_binding(images, having({"mpi_init_", "pmpi_init_"}), mpi), "mpi_send_");
  EXPECT_EQ(missing_binding(images, having({"mpi_init_", "mpi_send_"}), mpi), "pmpi_init_");
  // Other compilers' names of the same.
  EXPECT_EQ(missing_binding(having({"MPI_SEND", "mpi_send", "mpi_send__"}), having({}), mpi), "");
}

TEST(Bindings, NeedNotBeThereWhereTheFunctionIsNewer) {
  const Symbols mpi = having({"MPI_Init"});
  EXPECT_EQ(missing_binding(having({"mpi_init_", "mpi_session_init_"}), having({"mpi_init_"}), mpi),
            "");
}

TEST(Bindings, OfFortran2008AreEachCompilersOwn) {
  const Symbols mpi = having({"MPI_Init"});
  EXPECT_EQ(
      missing_binding(having({"__mpi_f08_MOD_mpi_init_f08", "mpi_init_f08_"}), having({}), mpi),
      "");
}

TEST(Bindings, HaveTheirConstantsInPlacesWithNames) {
  EXPECT_EQ(missing_binding(having({"mpifcmb5_"}), having({}), having({})), "mpifcmb5_");
  EXPECT_EQ(missing_binding(having({"_ZN3MPI10COMM_WORLDE"}), having({}), having({})),
            "_ZN3MPI10COMM_WORLDE");
}

TEST(ThatStays, FindsInTheNodesMpiWhatItHadInTheImages) {
  const Symbols images = having({"MPII_Attr", "MPI_Init"});
  const Symbols stays = having({}, {"MPII_Attr", "MPI_Init", "malloc"});
  EXPECT_EQ(missing_for(stays, images, images), "");
  EXPECT_EQ(missing_for(stays, images, having({"MPI_Init"})), "MPII_Attr");
  EXPECT_EQ(missing_for(having({}, {"malloc"}), images, having({})), "");
}

}  // namespace
}  // namespace berth::hooks
