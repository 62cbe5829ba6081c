// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/kept.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "image/overlay/mark.h"
#include "launcher/cli/verbs.h"
#include "launcher/state/directory.h"
#include "launcher/state/name.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace berth::cli {

namespace {

// No image is called so: the name before the '+' would be empty.
constexpr std::string_view kOfJob = "+job:";
constexpr std::string_view kOfNode = "+node:";
constexpr std::size_t kLongestKey = 4096;
constexpr int kTries = 5;

bool is_marked(std::string_view text) {
  return text.starts_with(kOfJob) || text.starts_with(kOfNode);
}

/// One job's container, or the node's, as it is asked for.
struct Kept {
  std::string name;
  std::string whose;   ///< "this job" or "this node"
  std::string folder;  ///< in the user's
  std::string job;     ///< whose step asks
  bool must_be_new = false;
  std::string goal;
};

Result<Kept> find_wish(const Session& session, const std::string& text) {
  const auto parts = split(text, ':');
  Kept kept;
  kept.name = parts.size() > 1 ? parts[1] : "";
  kept.must_be_new = parts.size() > 2;
  const bool is_of_job = text.starts_with(kOfJob);
  kept.whose = is_of_job ? "this job" : "this node";
  kept.goal = "keep the container " + quote(kept.name) + " for " + kept.whose;
  BERTH_TRY(state::check_name(kept.name));
  kept.job = "job-" + variable(session, "SLURM_JOB_ID");
  if (kept.job.size() < 5 || kept.job.find_first_not_of("0123456789", 4) != std::string::npos)
    return Error{Blame::usage,
                 kept.goal + ": SLURM_JOB_ID is " + quote(variable(session, "SLURM_JOB_ID")),
                 {},
                 ""};
  kept.folder = is_of_job ? kept.job : "node";
  return kept;
}

enum class Missing : unsigned char { made, refused };

/// A directory below `parent`, for the user alone.
Result<UniqueFd> open_below(int parent,
                            const std::string& name,
                            const std::string& goal,
                            Missing missing) {
  const bool is_made = missing == Missing::made;
  if (is_made && ::mkdirat(parent, name.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return refused("mkdir", goal, errno);
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open()) return refused("open", goal, errno);
  return fd;
}

/// Says since when nobody has used it, and that this job has: an epilog looks at both.
Status note_use(const Kept& kept, int container) {
  if (kept.folder == kept.job) return Done{};
  constexpr int kNew = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const UniqueFd note(::openat(container, kept.job.c_str(), kNew, S_IRUSR | S_IWUSR));
  if (!note.is_open()) return refused("open", kept.goal, errno);
  for (const int fd : {note.get(), container})
    if (::futimens(fd, nullptr) != 0) return refused("futimens", kept.goal, errno);
  return Done{};
}

/// Whether `fd` is still what has that name.
Status check_there(int parent, const std::string& name, int fd, const std::string& goal) {
  struct stat named {};

  struct stat opened {};

  if (::fstatat(parent, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0)
    return refused("fstatat", goal, errno);
  if (::fstat(fd, &opened) != 0) return refused("fstat", goal, errno);
  if (named.st_dev == opened.st_dev && named.st_ino == opened.st_ino) return Done{};
  return refused("fstatat", goal, ENOENT);
}

struct Place {
  std::string path;
  UniqueFd container;
  UniqueFd changes;
};

Result<Place> try_place(const Kept& kept, Missing missing) {
  constexpr const char* kNowhere = "/nonexistent";
  auto directory = state::Directory::open_or_make({"", kNowhere});
  if (!directory) return std::move(directory.error());
  auto folder = open_below(directory->fd(), kept.folder, kept.goal, missing);
  if (!folder) return std::move(folder.error());
  auto container = open_below(folder->get(), kept.name, kept.goal, missing);
  if (!container) return std::move(container.error());
  auto changes = open_below(container->get(), "changes", kept.goal, missing);
  if (!changes) return std::move(changes.error());
  BERTH_TRY(note_use(kept, container->get()));
  BERTH_TRY(check_there(directory->fd(), kept.folder, folder->get(), kept.goal));
  BERTH_TRY(check_there(folder->get(), kept.name, container->get(), kept.goal));
  return Place{directory->path() + "/" + kept.folder + "/" + kept.name,
               std::move(*container),
               std::move(*changes)};
}

bool is_missing(const Error& error) {
  return error.refusal && error.refusal->number == ENOENT;
}

/// /tmp/berth-UID/job-ID or /tmp/berth-UID/node: node-local, and where an epilog looks, whatever
/// the caller's variables say. Another job's epilog may take away what has just been opened, once:
/// what is made then is new.
Result<Place> find_place(const Kept& kept, Missing missing) {
  auto place = try_place(kept, missing);
  for (int i = 1; i < kTries && missing == Missing::made && !place && is_missing(place.error());
       ++i)
    place = try_place(kept, missing);
  return place;
}

/// The ranks of a step come at the same time, and write the same.
Status write_maker(const std::string& file, const Request& request) {
  auto writing = FileBeingWritten::create(file);
  if (!writing) return std::move(writing.error());
  const std::string& key = request.step_key;
  const int number = write_fully(writing->fd(), key.data(), key.size());
  if (number != 0) return refused("write", "write " + quote(file), number);
  return writing->commit();
}

/// Of a container that has been used: only then another step can have made it.
Status check_new(const Kept& kept, const std::string& file, const Request& request) {
  const auto key = read_text_file(file, kLongestKey);
  if (key && *key == request.step_key) return Done{};
  return Error{Blame::usage,
               "make the container " + quote(kept.name) + ": " + kept.whose + " has one" +
                   (kept.folder == "node" ? "" : " on this node"),
               {},
               "leave :create out, or choose another name"};
}

Error not_found(const Kept& kept) {
  return Error{Blame::usage,
               "find the container " + quote(kept.name) +
                   (kept.folder == "node" ? "" : " of this job") + " on this node",
               {},
               "name its image in the step that makes it: --container-image=IMAGE"};
}

}  // namespace

Status take_kept(const Session& session, Request& request) {
  if (!is_marked(request.overlay)) return Done{};
  const auto kept = find_wish(session, request.overlay);
  if (!kept) return kept.error();
  const bool names_image = !is_marked(request.image);
  // A name that is looked for in vain leaves nothing behind.
  const auto place = find_place(*kept, names_image ? Missing::made : Missing::refused);
  if (!place && is_missing(place.error()) && !names_image) return not_found(*kept);
  if (!place) return place.error();
  const auto mark = overlay::read_mark(place->changes.get(), kept->goal);
  if (!mark) return mark.error();
  // Without a mark no container has begun in it: whoever came before has failed.
  if (!*mark && !names_image) return not_found(*kept);
  const std::string file = place->path + "/made-by";
  if (!*mark) BERTH_TRY(write_maker(file, request));
  if (*mark && kept->must_be_new) BERTH_TRY(check_new(*kept, file, request));
  if (!names_image) request.image = (*mark)->name;
  request.overlay = place->path + "/changes";
  return Done{};
}

}  // namespace berth::cli
