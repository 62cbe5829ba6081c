// SPDX-License-Identifier: Apache-2.0
// Times commands side by side: race ROUNDS COMMAND [+ COMMAND]... runs them in turn, A B C A B C,
// so that a machine that slows down slows all of them down, and prints each one's median and spread
// in milliseconds and the median of its ratios to the first. `+` alone separates commands.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Between two runs: what the one before leaves to be torn down behind its back (a server, mounts,
// namespaces) is not to be paid by the next.
enum { kMost = 16, kPauseMicroseconds = 20000 };

extern char** environ;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static double run(char** words) {
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  usleep(kPauseMicroseconds);
  const double begin = now();
  if (posix_spawnp(&pid, words[0], &quiet, NULL, words, environ) != 0) {
    fprintf(stderr, "race: cannot start %s\n", words[0]);
    exit(1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  const double took = now() - begin;
  posix_spawn_file_actions_destroy(&quiet);
  if (status != 0) {
    fprintf(stderr, "race: %s ended with status %d\n", words[0], status);
    exit(1);
  }
  return took;
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

static double at_share(double* sorted, int count, double share) {
  return sorted[(int)(share * (count - 1) + 0.5)];
}

int main(int count, char** words) {
  if (count < 3) return 2;
  const int rounds = atoi(words[1]);
  char** commands[kMost];
  int number = 0;
  commands[number++] = words + 2;
  for (int i = 2; i < count; ++i) {
    if (strcmp(words[i], "+") != 0 || number == kMost) continue;
    words[i] = NULL;
    commands[number++] = words + i + 1;
  }
  double* times = calloc((size_t)(rounds * number * 2), sizeof *times);
  double* ratios = times + rounds * number;
  for (int warm = 0; warm < 3; ++warm)
    for (int c = 0; c < number; ++c)
      run(commands[c]);
  for (int r = 0; r < rounds; ++r)
    for (int c = 0; c < number; ++c) {
      times[c * rounds + r] = run(commands[c]);
      ratios[c * rounds + r] = times[c * rounds + r] / times[r];
    }
  printf("%10s %8s %8s %8s %8s\n", "median ms", "min", "p10", "p90", "ratio");
  for (int c = 0; c < number; ++c) {
    qsort(times + c * rounds, (size_t)rounds, sizeof *times, by_value);
    qsort(ratios + c * rounds, (size_t)rounds, sizeof *ratios, by_value);
    double* sorted = times + c * rounds;
    printf("%10.2f %8.2f %8.2f %8.2f %8.2f  %s\n",
           at_share(sorted, rounds, 0.5),
           sorted[0],
           at_share(sorted, rounds, 0.1),
           at_share(sorted, rounds, 0.9),
           at_share(ratios + c * rounds, rounds, 0.5),
           commands[c][0]);
  }
  free(times);
  return 0;
}
