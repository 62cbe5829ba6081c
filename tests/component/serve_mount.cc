// SPDX-License-Identifier: Apache-2.0
// serve_mount [--hand-over-first | --no-mount | --preview] IMAGE DIR COMMAND [ARGUMENT...]: does
// what the launcher does with an image server, in its order, and runs a command while DIR shows the
// image. The command finds the server's pid in SERVE_PID.
#include "base/file.h"
#include "image/serve/serve.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace berth {
namespace {

constexpr int kOwnFailure = 125;

Status check(std::string_view call, bool is_good) {
  if (is_good) return Done{};
  return refused(call, "show the image", errno);
}

Status write_text(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  BERTH_TRY(check("open", file.is_open()));
  return check("write", write_fully(file.get(), text.data(), text.size()) == 0);
}

Status enter_namespaces() {
  const std::string uid = std::to_string(::getuid());
  const std::string gid = std::to_string(::getgid());
  BERTH_TRY(check("unshare", ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0));
  BERTH_TRY(write_text("/proc/self/setgroups", "deny"));
  BERTH_TRY(write_text("/proc/self/uid_map", uid + " " + uid + " 1"));
  return write_text("/proc/self/gid_map", gid + " " + gid + " 1");
}

Status mount_fuse(int fuse_fd, const char* directory) {
  const std::string options =
      "fd=" + std::to_string(fuse_fd) + ",rootmode=40000,user_id=" + std::to_string(::getuid()) +
      ",group_id=" + std::to_string(::getgid()) + ",allow_other,default_permissions";
  const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV;
  return check("mount", ::mount("berth", directory, "fuse", flags, options.c_str()) == 0);
}

Status show(const serve::ImageServer& server, const char* directory, std::string_view how) {
  BERTH_TRY(enter_namespaces());
  const UniqueFd fuse(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  BERTH_TRY(check("open", fuse.is_open()));
  const auto give = [&] {
    const serve::Owner owner{::getuid(), ::getgid()};
    return check("sendmsg", serve::hand_over(server.control_fd(), fuse.get(), owner) == 0);
  };
  if (how == "--no-mount") return give();
  if (how != "--hand-over-first") {
    BERTH_TRY(mount_fuse(fuse.get(), directory));
    return give();
  }
  BERTH_TRY(give());
  return mount_fuse(fuse.get(), directory);
}

/// SERVE_LOG is where damaged blocks are told; SERVE_VERIFY=off leaves a hash tree alone.
serve::Settings settings_from_environment() {
  serve::Settings settings;
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
  const char* verify = std::getenv("SERVE_VERIFY");
  settings.verify = verify == nullptr || std::string_view(verify) != "off";
  if (const char* log = std::getenv("SERVE_LOG"); log != nullptr) settings.log = log;
  // NOLINTEND(concurrency-mt-unsafe)
  return settings;
}

Result<pid_t> serve_and_show(const char* image, const char* directory, std::string_view how) {
  const UniqueFd file(::open(image, O_RDONLY | O_CLOEXEC));
  BERTH_TRY(check("open", file.is_open()));
  auto server = serve::ImageServer::start(file.get(), image, settings_from_environment());
  if (!server) return server.error();
  auto preview = server->preview();
  if (!preview) return preview.error();
  if (how == "--preview") {
    (void)std::printf("pid %d\nconfig %zu\npasswd %zu\ngroup %zu\n%s",
                      server->pid(),
                      preview->config.size(),
                      preview->passwd.size(),
                      preview->group.size(),
                      preview->passwd.c_str());
    (void)std::fflush(stdout);
    std::exit(0);  // NOLINT(concurrency-mt-unsafe): there is one thread
  }
  BERTH_TRY(show(*server, directory, how));
  return server->pid();
}

int run(int count, char** words) {
  std::string_view how;
  if (count > 1 && std::string_view(words[1]).starts_with("--")) {
    how = words[1];
    ++words;
    --count;
  }
  if (count < 4) return 2;
  const auto pid = serve_and_show(words[1], words[2], how);
  if (!pid) {
    (void)std::fprintf(stderr, "%s\n", to_text(pid.error()).c_str());
    return kOwnFailure;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  if (::setenv("SERVE_PID", std::to_string(*pid).c_str(), 1) != 0) return kOwnFailure;
  ::execvp(words[3], words + 3);
  return kOwnFailure;
}

}  // namespace
}  // namespace berth

int main(int count, char** words) {
  return berth::run(count, words);
}
