// SPDX-License-Identifier: Apache-2.0
// The yardstick: the kernel calls that any unprivileged container launch over a directory needs,
// and nothing else. bare_launch ROOT PROGRAM [ARGUMENTS...]; link it statically.
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(int result, const char* what) {
  if (result >= 0) return;
  perror(what);
  exit(125);
}

static void write_to(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  must(fd, path);
  must((int)write(fd, text, strlen(text)), path);
  close(fd);
}

int main(int count, char** words) {
  if (count < 3) return 2;
  char text[4096];
  const unsigned uid = getuid();
  const unsigned gid = getgid();
  must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
  write_to("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "%u %u 1\n", uid, uid);
  write_to("/proc/self/uid_map", text);
  snprintf(text, sizeof text, "%u %u 1\n", gid, gid);
  write_to("/proc/self/gid_map", text);
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount private");
  must(mount("bench", "/mnt", "tmpfs", 0, "mode=0755"), "mount tmpfs");
  must(mkdir("/mnt/upper", 0755), "mkdir");
  must(mkdir("/mnt/work", 0755), "mkdir");
  must(mkdir("/mnt/root", 0755), "mkdir");
  snprintf(
      text, sizeof text, "lowerdir=%s,upperdir=/mnt/upper,workdir=/mnt/work,userxattr", words[1]);
  must(mount("bench", "/mnt/root", "overlay", 0, text), "mount overlay");
  must(chdir("/mnt/root"), "chdir");
  must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount2");
  must(chdir("/"), "chdir");
  execv(words[2], words + 2);
  perror(words[2]);
  return 127;
}
