// SPDX-License-Identifier: Apache-2.0
// What programs do with files, and nothing else: reader JOB DIRECTORY [LIST]. LIST has a path below
// DIRECTORY in each line, and "-" is standard input. Jobs:
//   stat        walks DIRECTORY and looks at everything, as find does
//   grep        walks it, and reads each file of Python's whole, as grep -r does
//   open        opens and closes each file of the list
//   small       reads each whole, as an interpreter does
//   map         maps each and touches every page, as a loader does
//   sequential  reads each from front to end in pieces of 128 KiB
//   random N    reads N times 4 KiB somewhere in one of them, always the same places
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kPage = 4096, kPiece = 128 << 10, kMostFiles = 100000 };

static char* paths[kMostFiles];
static int count;
static volatile unsigned char sink;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void read_list(const char* name) {
  FILE* file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
  if (file == NULL) die(name);
  char* line = NULL;
  size_t room = 0;
  ssize_t length = 0;
  while (count < kMostFiles && (length = getline(&line, &room, file)) > 0) {
    line[length - 1] = '\0';
    paths[count++] = strdup(line);
  }
  free(line);
}

static int open_file(const char* path, struct stat* info) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || (info != NULL && fstat(fd, info) != 0)) die(path);
  return fd;
}

static void read_whole(const char* path) {
  static unsigned char piece[kPiece];
  const int fd = open_file(path, NULL);
  ssize_t got = 0;
  while ((got = read(fd, piece, sizeof piece)) > 0)
    sink = piece[0];
  if (got < 0) die(path);
  close(fd);
}

static void map_whole(const char* path) {
  struct stat info;
  const int fd = open_file(path, &info);
  const size_t size = (size_t)info.st_size;
  const unsigned char* at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) die(path);
  for (size_t i = 0; i < size; i += kPage)
    sink = at[i];
  munmap((void*)at, size);
  close(fd);
}

static void walk(int reads) {
  char here[] = ".";
  char* roots[] = {here, NULL};
  FTS* tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (tree == NULL) die("fts_open");
  const FTSENT* entry = NULL;
  while ((entry = fts_read(tree)) != NULL) {
    if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR)
      die(entry->fts_path);
    const int is_python =
        entry->fts_namelen > 3 && strcmp(entry->fts_name + entry->fts_namelen - 3, ".py") == 0;
    if (reads && is_python && entry->fts_info == FTS_F) read_whole(entry->fts_accpath);
  }
  fts_close(tree);
}

/// Knuth's MMIX generator; its low bits are poor.
static uint64_t next_number(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005U + 1442695040888963407U;
  return state >> 33;
}

static void read_anywhere(int times) {
  int* fds = calloc((size_t)count, sizeof *fds);
  struct stat* infos = calloc((size_t)count, sizeof *infos);
  for (int i = 0; i < count; ++i)
    fds[i] = open_file(paths[i], &infos[i]);
  unsigned char page[kPage];
  for (int i = 0; i < times; ++i) {
    const int file = (int)(next_number() % (uint64_t)count);
    const uint64_t pages = ((uint64_t)infos[file].st_size + kPage - 1) / kPage;
    if (pread(fds[file], page, kPage, (off_t)(next_number() % pages * kPage)) <= 0) die("pread");
    sink = page[0];
  }
  free(fds);
  free(infos);
}

int main(int words, char** word) {
  if (words < 3) return 2;
  const char* job = word[1];
  if (chdir(word[2]) != 0) die(word[2]);
  if (strcmp(job, "stat") == 0 || strcmp(job, "grep") == 0) {
    walk(*job == 'g');
    return 0;
  }
  if (words < 4) return 2;
  read_list(word[3]);
  if (strcmp(job, "random") == 0) {
    read_anywhere(words > 4 ? atoi(word[4]) : 4096);
    return 0;
  }
  for (int i = 0; i < count; ++i) {
    if (strcmp(job, "open") == 0)
      close(open_file(paths[i], NULL));
    else if (strcmp(job, "map") == 0)
      map_whole(paths[i]);
    else
      read_whole(paths[i]);
  }
  return 0;
}
