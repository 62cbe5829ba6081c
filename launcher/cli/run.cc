// SPDX-License-Identifier: Apache-2.0
// `berth run`: look, decide, do.
#include "base/children.h"
#include "base/text.h"
#include "image/overlay/overlay.h"
#include "image/store/store.h"
#include "launcher/cli/record.h"
#include "launcher/cli/verbs.h"
#include "launcher/enter/image.h"
#include "launcher/enter/start.h"
#include "launcher/node/announce.h"
#include "launcher/node/keeper.h"
#include "launcher/node/meet.h"
#include "launcher/plan/plan.h"
#include "launcher/request/env_file.h"
#include "launcher/request/image_config.h"
#include "launcher/request/options.h"
#include "launcher/request/request_text.h"
#include "launcher/survey/survey.h"

#include <unistd.h>

#include <optional>

namespace berth::cli {

namespace {

constexpr int kBeforeTheProgram = 125;

/// What must stay open until the program begins.
struct Held {
  UniqueFd image;
  timespec image_written = {};
  std::optional<serve::ImageServer> server;
  overlay::Place overlay;
  UniqueFd keeper;
  UniqueFd user_namespace;
  UniqueFd mount_namespace;
  Record record;
};

/// Variables of files come before those of --env, which therefore win.
Status read_env_files(Request& request) {
  std::vector<std::string> variables;
  for (const std::string& path : request.env_files) {
    auto more = request::read_env_file(path);
    if (!more) return std::move(more.error());
    variables.insert(variables.end(), more->begin(), more->end());
  }
  request.env.insert(request.env.begin(), variables.begin(), variables.end());
  return Done{};
}

bool should_share(const Request& request, const Facts& facts) {
  if (request.share != Share::automatic) return request.share == Share::node;
  return facts.rank.local_size > 1;
}

/// All that decides what the shared part of the container looks like.
std::string shape_of(const Request& request, const Facts& facts) {
  Request shared = request;
  shared.command.clear();
  shared.env.clear();
  shared.env_files.clear();
  shared.workdir.reset();
  shared.entrypoint.reset();
  shared.verbose = shared.quiet = false;
  return request::to_text(shared) + "\n" + facts.home + "\n" + facts.cwd;
}

/// Where the ranks of this step meet for this container.
std::string meeting_name(const Launch& launch, const enter::OpenedImage& image) {
  node::MeetingPlace place;
  place.uid = launch.facts.uid;
  place.step = launch.facts.rank.step + launch.request.step_key;
  place.image = image.identity;
  place.shape = shape_of(launch.request, launch.facts);
  place.outlook = node::read_outlook();
  return node::name_of(place);
}

std::vector<StartFile> start_files_of(const std::vector<serve::StartFile>& found) {
  std::vector<StartFile> files;
  files.reserve(found.size());
  for (const serve::StartFile& file : found)
    files.push_back({file.path,
                     static_cast<StartFile::Kind>(file.kind),
                     file.mode,
                     file.mtime,
                     file.target,
                     file.offset,
                     file.size});
  return files;
}

/// One `berth run`, from the request to the program: look, decide, do.
class Run {
 public:
  Run(Request request, Session& session) : session_(session) {
    launch_.request = std::move(request);
    launch_.facts.rank = survey::rank_of(session_.environment, ::getppid());
  }

  /// The exit code of a run that came to nothing, or of a plan that was printed.
  int go();

 private:
  Result<enter::OpenedImage> open_image();
  Status look();
  Status share(const enter::OpenedImage& image);
  Status start_server(const enter::OpenedImage& image);
  Status start_keeper(node::Door door);
  Status read_image();
  Status read_config();
  int print_plan();
  Error reason_of(const enter::Failure& failure, const Step& step);
  void take(enter::Launching& launching, Result<std::vector<Step>> steps);
  void give_up(Error error);

  Session& session_;
  Launch launch_;
  Held held_;
  bool is_shared_ = false;
  overlay::Clock::time_point begin_ = overlay::Clock::now();  ///< ranks wait at the same time
  int exit_code_ = 0;  ///< other than 0 once the run has come to nothing
};

Result<enter::OpenedImage> Run::open_image() {
  BERTH_TRY(read_env_files(launch_.request));
  const store::Environment places{variable(session_, "HOME"),
                                  variable(session_, "XDG_DATA_HOME"),
                                  variable(session_, "BERTH_STORE")};
  auto path = store::find(launch_.request.image, places);
  if (!path) return std::move(path.error());
  launch_.image.path = *path;
  auto image = enter::open_image(*path);
  if (image) launch_.image.source = image->source;
  return image;
}

/// Starts the locked-down process that will serve the image. Like the keeper, it holds the lock of
/// the directory that keeps changes, for as long as the container's mounts are there.
Status Run::start_server(const enter::OpenedImage& image) {
  if (!launch_.request.record.empty() && !launch_.request.plan_only) {
    auto record = Record::create(launch_.request.record);
    if (!record) return std::move(record.error());
    held_.record = std::move(*record);
  }
  serve::Settings settings;
  settings.record = held_.record.fd();
  settings.uid = launch_.request.as_root ? 0 : ::getuid();
  settings.gid = launch_.request.as_root ? 0 : ::getgid();
  if (!launch_.request.overlay.empty() && !launch_.request.plan_only) {
    auto place = overlay::open_place(launch_.request.overlay,
                                     {image.fd.get(), launch_.request.image},
                                     begin_ + overlay::kPatience);
    if (!place) return std::move(place.error());
    held_.overlay = std::move(*place);
  }
  settings.kept = held_.overlay.lock.get();
  settings.verify = !launch_.request.unverified;
  auto server = serve::ImageServer::start(image.fd.get(), launch_.request.image, settings);
  if (!server) return std::move(server.error());
  held_.server = std::move(*server);
  held_.record.hand_over();
  return Done{};
}

Status Run::start_keeper(node::Door door) {
  door.kept = held_.overlay.lock.get();
  auto keeper = node::start_keeper(std::move(door), launch_.facts.helpers);
  if (!keeper) return std::move(keeper.error());
  held_.keeper = std::move(*keeper);
  return Done{};
}

/// Learns from the server what the image says.
Status Run::read_image() {
  auto preview = held_.server->preview();
  if (!preview) return std::move(preview.error());
  node::announce_helper(launch_.facts.helpers, held_.server->pid());
  launch_.image.config = std::move(preview->config);
  launch_.image.passwd = std::move(preview->passwd);
  launch_.image.group = std::move(preview->group);
  launch_.image.start = start_files_of(preview->start);
  launch_.image.has_proof = preview->has_proof;
  return Done{};
}

/// Leads or joins the container of the step.
Status Run::share(const enter::OpenedImage& image) {
  auto met = node::meet(meeting_name(launch_, image));
  if (!met) return std::move(met.error());
  if (auto* joiner = std::get_if<node::Joiner>(&*met)) {
    launch_.role = Role::joiner;
    launch_.image.config = std::move(joiner->config);
    held_.user_namespace = std::move(joiner->user_namespace);
    held_.mount_namespace = std::move(joiner->mount_namespace);
    return Done{};
  }
  launch_.role = Role::leader;
  BERTH_TRY(start_server(image));
  BERTH_TRY(read_image());
  return start_keeper({std::move(std::get_if<node::Leader>(&*met)->listener),
                       launch_.image.config,
                       launch_.facts.rank.local_size});
}

/// Collects the facts. Who has a container of his own lets its server read meanwhile.
Status Run::look() {
  const AwaitedChildren awaited;
  auto image = open_image();
  if (!image) return std::move(image.error());
  is_shared_ = should_share(launch_.request, launch_.facts) && !launch_.request.plan_only;
  if (!is_shared_) BERTH_TRY(start_server(*image));
  auto facts = survey::look_around(session_.environment);
  if (!facts) return std::move(facts.error());
  launch_.facts = std::move(*facts);
  if (is_shared_) BERTH_TRY(share(*image));
  held_.image = std::move(image->fd);
  held_.image_written = image->written;
  return is_shared_ || launch_.request.plan_only ? Status(Done{}) : start_keeper({});
}

Status Run::read_config() {
  auto config = request::parse_image_config(launch_.image.config, launch_.request.image);
  if (!config) return std::move(config.error());
  launch_.config = std::move(*config);
  return Done{};
}

/// Inside a job the line says whose it is, and only a node's first rank adds the hint.
void Run::give_up(Error error) {
  exit_code_ = kBeforeTheProgram;
  held_.record.discard();
  const Rank& rank = launch_.facts.rank;
  if (rank.launcher.empty()) return print(session_, error);
  if (rank.local_rank != 0) error.hint.clear();
  const std::string who = "berth[" + survey::node_name() + ":" + std::to_string(rank.rank) + "]";
  session_.streams.err(to_text(error, who) + "\n");
}

/// A server that has found the image damaged is gone, and what it said before is the reason for a
/// mount that failed.
Error Run::reason_of(const enter::Failure& failure, const Step& step) {
  if (is_shared_ || !std::get_if<MountImage>(&step)) return failure.error;
  const Status said = read_image();
  return said ? failure.error : said.error();
}

/// Carries out a part of the plan. Returns when it is done or has failed.
void Run::take(enter::Launching& launching, Result<std::vector<Step>> steps) {
  if (!steps) return give_up(steps.error());
  const auto failure = launching.carry_out(*steps);
  if (!failure) return;
  give_up(reason_of(*failure, (*steps)[failure->step - launching.taken()]));
  exit_code_ = failure->exit_code;
  if (!launch_.request.verbose) return;
  session_.streams.err("berth: that was step " + std::to_string(failure->step + 1) + " of\n" +
                       plan::to_text(*steps, launching.taken() + 1));
}

int Run::print_plan() {
  Status ready = read_image();
  if (ready) ready = read_config();
  const auto steps = ready ? plan::make_plan(launch_) : Result<std::vector<Step>>(ready.error());
  if (!steps) give_up(steps.error());
  if (steps) session_.streams.out(plan::to_text(*steps));
  return exit_code_;
}

int Run::go() {
  if (const Status looked = look(); !looked) give_up(looked.error());
  if (exit_code_ != 0) return exit_code_;
  if (launch_.request.plan_only) return print_plan();
  enter::Launching launching({held_.server ? held_.server->control_fd() : -1,
                              held_.image.get(),
                              held_.image_written,
                              held_.overlay.directory.get(),
                              held_.keeper.get(),
                              {held_.user_namespace.get(), held_.mount_namespace.get()}});
  take(launching, plan::make_beginning(launch_));
  if (exit_code_ != 0) return exit_code_;
  // All the while the server has been reading.
  Status ready = is_shared_ ? Status(Done{}) : read_image();
  if (ready) ready = read_config();
  if (!ready) give_up(ready.error());
  if (exit_code_ != 0) return exit_code_;
  take(launching, plan::make_rest(launch_));
  return exit_code_;
}

}  // namespace

int run_request(Request request, Session& session) {
  return Run(std::move(request), session).go();
}

int run(const std::vector<std::string>& words, Session& session) {
  auto request = request::parse_command_line(words);
  if (!request) {
    print(session, request.error());
    return kBeforeTheProgram;
  }
  if (request->help_only) {
    session.streams.out(run_help_text());
    return 0;
  }
  return run_request(std::move(*request), session);
}

}  // namespace berth::cli
