// SPDX-License-Identifier: Apache-2.0
// What two ranks need for a message there and back (half of it, in microseconds, 8 bytes), and what
// goes between them when many are under way (MB/s, 64 KiB and 4 MiB). ping ROUNDS: one line of
// three figures.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { kSmall = 8, kMiddle = 64 << 10, kLarge = 4 << 20, kWindow = 16 };

static char* buffer;

static double latency(int rank, int rounds) {
  double begin = 0;
  for (int i = -rounds / 10; i < rounds; ++i) {
    if (i == 0) begin = MPI_Wtime();
    if (rank == 0) MPI_Send(buffer, kSmall, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    MPI_Recv(buffer, kSmall, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(buffer, kSmall, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
  }
  return (MPI_Wtime() - begin) / rounds / 2 * 1e6;
}

static double bandwidth(int rank, int size, int rounds) {
  MPI_Request requests[kWindow];
  double begin = 0;
  for (int i = -1; i < rounds; ++i) {
    if (i == 0) begin = MPI_Wtime();
    for (int w = 0; w < kWindow; ++w)
      if (rank == 0)
        MPI_Isend(buffer, size, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &requests[w]);
      else
        MPI_Irecv(buffer, size, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &requests[w]);
    MPI_Waitall(kWindow, requests, MPI_STATUSES_IGNORE);
    // The receiver says that it has all of them.
    if (rank == 1) MPI_Send(buffer, 1, MPI_BYTE, 0, 2, MPI_COMM_WORLD);
    if (rank == 0) MPI_Recv(buffer, 1, MPI_BYTE, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  return (double)size * kWindow * rounds / (MPI_Wtime() - begin) / 1e6;
}

int main(int count, char** words) {
  MPI_Init(&count, &words);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const int rounds = count > 1 ? atoi(words[1]) : 100;
  buffer = calloc(1, kLarge);
  if (buffer == NULL) return 1;
  const double half = latency(rank, rounds * 1000);
  const double middle = bandwidth(rank, kMiddle, rounds * 4);
  const double large = bandwidth(rank, kLarge, rounds / 4 + 1);
  if (rank == 0) printf("%.4f %.1f %.1f\n", half, middle, large);
  free(buffer);
  MPI_Finalize();
  return 0;
}
