// SPDX-License-Identifier: Apache-2.0
// The MPI program of the demo image. Every rank prints one line when a sum over all ranks was right
// and 1 MiB went round the ring unchanged; messages that large travel through the kernel
// (process_vm_readv) and hang or fail where ranks may not read each other.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { kBytes = 1 << 20, kRounds = 4 };

// The byte that rank `from` puts at `place` in round `round`.
static unsigned char byte_of(int from, int round, size_t place) {
  return (unsigned char)((size_t)(from * 31 + round * 7) + place * 13);
}

static int sum_is_right(int rank, int ranks) {
  int sum = -1;
  const int mine = rank + 1;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return sum == ranks * (ranks + 1) / 2;
}

// Sends to the next rank and receives from the one before, both 1 MiB at once.
static int ring_is_right(int rank, int ranks, unsigned char* out, unsigned char* in) {
  const int next = (rank + 1) % ranks;
  const int before = (rank + ranks - 1) % ranks;
  int right = 1;
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < kBytes; ++i)
      out[i] = byte_of(rank, round, i);
    MPI_Sendrecv(out,
                 kBytes,
                 MPI_BYTE,
                 next,
                 round,
                 in,
                 kBytes,
                 MPI_BYTE,
                 before,
                 round,
                 MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    for (size_t i = 0; i < kBytes; ++i)
      right &= in[i] == byte_of(before, round, i);
  }
  return right;
}

// mpi-hello [SECONDS]: how long to stay before the end, for those who want to look at the ranks.
int main(int argc, char** argv) {
  int rank = 0;
  int ranks = 1;
  char host[256] = "";
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (gethostname(host, sizeof host - 1) != 0) return 1;
  unsigned char* buffers = malloc((size_t)2 * kBytes);
  if (buffers == NULL) return 1;
  const int sum = sum_is_right(rank, ranks);
  const int ring = ring_is_right(rank, ranks, buffers, buffers + kBytes);
  printf("rank %d of %d on %s: sum %s, 1 MiB %s\n",
         rank,
         ranks,
         host,
         sum ? "ok" : "WRONG",
         ring ? "ok" : "WRONG");
  fflush(stdout);
  if (argc > 1) sleep((unsigned)atoi(argv[1]));
  free(buffers);
  MPI_Finalize();
  return sum && ring ? 0 : 1;
}
