// SPDX-License-Identifier: Apache-2.0
// Starts many ranks at once, as a node's part of an MPI launcher would, and times until the last
// has gone: ranks ROUNDS RANKS PLAIN... + COMMAND... Each round runs RANKS x PLAIN by fork and
// exec, then RANKS x COMMAND, with the variables by which Open MPI's mpirun names ranks and step.
// Prints both medians with their spread, and the medians of differences, in milliseconds, and of
// ratios. With ROUNDS 0 the command runs once in every rank and nothing is printed.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void set_number(const char* name, long value) {
  char text[32];
  snprintf(text, sizeof text, "%ld", value);
  setenv(name, text, 1);
}

/// A step of its own for every round: its ranks must not find the container of the last one.
static void name_step(long step, int ranks) {
  char text[64];
  snprintf(text, sizeof text, "bench-%d-%ld", (int)getpid(), step);
  setenv("PMIX_NAMESPACE", text, 1);
  set_number("OMPI_COMM_WORLD_LOCAL_SIZE", ranks);
}

static void start(char** words, int rank) {
  const pid_t pid = fork();
  if (pid < 0) exit(1);
  if (pid > 0) return;
  set_number("OMPI_COMM_WORLD_RANK", rank);
  set_number("OMPI_COMM_WORLD_LOCAL_RANK", rank);
  execv(words[0], words);
  _exit(127);
}

static double run(char** words, int ranks) {
  const double begin = now();
  for (int rank = 0; rank < ranks; ++rank)
    start(words, rank);
  for (int rank = 0; rank < ranks; ++rank) {
    int status = 0;
    if (wait(&status) > 0 && status == 0) continue;
    fprintf(stderr, "ranks: a rank ended with status %d\n", status);
    exit(1);
  }
  return now() - begin;
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

static void print(const char* what, double* values, int rounds) {
  qsort(values, (size_t)rounds, sizeof *values, by_value);
  printf("%10.2f %8.2f %8.2f  %s\n", values[rounds / 2], values[0], values[rounds - 1], what);
}

int main(int count, char** words) {
  int plus = 4;
  while (plus < count && strcmp(words[plus], "+") != 0)
    ++plus;
  if (plus + 1 >= count) return 2;
  const int rounds = atoi(words[1]);
  const int ranks = atoi(words[2]);
  char** plain = words + 3;
  char** command = words + plus + 1;
  words[plus] = NULL;
  if (rounds == 0) {
    name_step(0, ranks);
    run(command, ranks);
    return 0;
  }
  double* times = calloc((size_t)rounds * 4, sizeof *times);
  for (int r = -1; r < rounds; ++r) {  // one to warm up
    const int at = r < 0 ? 0 : r;
    name_step(r, ranks);
    times[at] = run(plain, ranks);
    times[rounds + at] = run(command, ranks);
    times[2 * rounds + at] = times[rounds + at] - times[at];
    times[3 * rounds + at] = times[rounds + at] / times[at];
  }
  printf("%10s %8s %8s  of %d rounds, %d ranks\n", "median ms", "min", "max", rounds, ranks);
  print(plain[0], times, rounds);
  print(command[0], times + rounds, rounds);
  print("difference, round by round", times + 2 * rounds, rounds);
  print("ratio, round by round", times + 3 * rounds, rounds);
  free(times);
  return 0;
}
