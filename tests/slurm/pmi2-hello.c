// SPDX-License-Identifier: Apache-2.0
// A rank that knows PMI2 and no MPI: it says what another one has put into the launcher's table.
#include <pmi2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int result, const char* what) {
  if (result == PMI2_SUCCESS) return;
  fprintf(stderr, "%s: %d\n", what, result);
  exit(1);
}

int main(void) {
  int spawned, size, rank, number, length;
  char job[256], key[32], value[64];
  check(PMI2_Init(&spawned, &size, &rank, &number), "PMI2_Init");
  check(PMI2_Job_GetId(job, sizeof job), "PMI2_Job_GetId");
  snprintf(key, sizeof key, "word-%d", rank);
  snprintf(value, sizeof value, "rank %d", rank);
  check(PMI2_KVS_Put(key, value), "PMI2_KVS_Put");
  check(PMI2_KVS_Fence(), "PMI2_KVS_Fence");
  snprintf(key, sizeof key, "word-%d", (rank + 1) % size);
  check(PMI2_KVS_Get(job, PMI2_ID_NULL, key, value, sizeof value, &length), "PMI2_KVS_Get");
  printf("rank %d of %d has heard from %s\n", rank, size, value);
  fflush(stdout);
  check(PMI2_Finalize(), "PMI2_Finalize");
  return 0;
}
