// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/kept.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
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

constexpr std::string_view kOfJob = "job:";
constexpr std::string_view kOfNode = "node:";
constexpr std::size_t kLongestRecord = 64UL * 1024;

bool is_marked(std::string_view text) {
  return text.starts_with(kOfJob) || text.starts_with(kOfNode);
}

/// One job's container, or the node's, as it is asked for.
struct Kept {
  std::string name;
  std::string whose;   ///< "this job" or "this node"
  std::string folder;  ///< in the user's
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
  if (!is_of_job) {
    kept.folder = "node";
    return kept;
  }
  const std::string job = variable(session, "SLURM_JOB_ID");
  if (job.empty() || job.find_first_not_of("0123456789") != std::string::npos)
    return Error{Blame::usage, kept.goal + ": SLURM_JOB_ID is " + quote(job), {}, ""};
  kept.folder = "job-" + job;
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

/// /tmp/berth-UID/job-ID or /tmp/berth-UID/node: node-local, and where an epilog looks, whatever
/// the caller's variables say.
Result<std::string> find_place(const Kept& kept, Missing missing) {
  constexpr const char* kNowhere = "/nonexistent";
  auto directory = state::Directory::open_or_make({"", kNowhere});
  if (!directory) return std::move(directory.error());
  auto folder = open_below(directory->fd(), kept.folder, kept.goal, missing);
  if (!folder) return std::move(folder.error());
  auto of_container = open_below(folder->get(), kept.name, kept.goal, missing);
  if (!of_container) return std::move(of_container.error());
  auto changes = open_below(of_container->get(), "changes", kept.goal, missing);
  if (!changes) return std::move(changes.error());
  // An epilog looks since when nobody has used it.
  if (::futimens(of_container->get(), nullptr) != 0) return refused("futimens", kept.goal, errno);
  return directory->path() + "/" + kept.folder + "/" + kept.name;
}

/// Which step has made it, and of what: two lines.
Result<std::pair<std::string, std::string>> read_maker(const std::string& file) {
  const auto text = read_text_file(file, kLongestRecord);
  if (!text) return text.error();
  const std::size_t end = text->find('\n');
  if (end == std::string::npos)
    return Error{Blame::host, "understand " + quote(file), {}, "remove its directory"};
  return std::pair(text->substr(0, end), text->substr(end + 1));
}

/// The ranks of a step come at the same time: the first one's record counts.
Status write_maker(const std::string& file, const Request& request) {
  auto writing = FileBeingWritten::create(file);
  if (!writing) return std::move(writing.error());
  const std::string text = request.step_key + "\n" + request.image;
  const int number = write_fully(writing->fd(), text.data(), text.size());
  if (number != 0) return refused("write", "write " + quote(file), number);
  Status done = writing->commit(FileBeingWritten::Existing::kept);
  if (!done && done.error().refusal && done.error().refusal->number == EEXIST) return Done{};
  return done;
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
  auto place = find_place(*kept, names_image ? Missing::made : Missing::refused);
  const bool is_missing =
      !place && place.error().refusal && place.error().refusal->number == ENOENT;
  if (is_missing && !names_image) return not_found(*kept);
  if (!place) return std::move(place.error());
  const std::string file = *place + "/made-of";
  request.overlay = *place + "/changes";
  if (names_image) BERTH_TRY(write_maker(file, request));
  const auto maker = read_maker(file);
  if (!maker && !names_image) return not_found(*kept);
  if (!maker) return maker.error();
  if (kept->must_be_new && maker->first != request.step_key)
    return Error{Blame::usage,
                 "make the container " + quote(kept->name) + ": " + kept->whose + " has one" +
                     (kept->folder == "node" ? "" : " on this node"),
                 {},
                 "leave :create out, or choose another name"};
  if (!names_image) request.image = maker->second;
  return Done{};
}

}  // namespace berth::cli
