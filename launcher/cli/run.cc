// SPDX-License-Identifier: Apache-2.0
// `berth run`: look, decide, do.
#include "base/text.h"
#include "image/store/store.h"
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

#include <optional>

namespace berth::cli {

namespace {

constexpr int kBeforeTheProgram = 125;

/// What must stay open until the program begins.
struct Held {
  std::optional<serve::ImageServer> server;
  UniqueFd keeper;
  UniqueFd user_namespace;
  UniqueFd mount_namespace;
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

/// Starts the locked-down process that will serve the image.
Status start_server(const enter::OpenedImage& image, const Launch& launch, Held& held) {
  serve::Settings settings;
  settings.uid = launch.request.as_root ? 0 : launch.facts.uid;
  settings.gid = launch.request.as_root ? 0 : launch.facts.gid;
  auto server = serve::ImageServer::start(image.fd.get(), launch.request.image, settings);
  if (!server) return std::move(server.error());
  held.server = std::move(*server);
  return Done{};
}

Status start_keeper(node::Door door, const Launch& launch, Held& held) {
  auto keeper = node::start_keeper(std::move(door), launch.facts.helpers);
  if (!keeper) return std::move(keeper.error());
  held.keeper = std::move(*keeper);
  return Done{};
}

/// Learns from the server what the image says.
Status read_image(Launch& launch, Held& held) {
  auto preview = held.server->preview();
  if (!preview) return std::move(preview.error());
  node::announce_helper(launch.facts.helpers, held.server->pid());
  launch.image.config = std::move(preview->config);
  launch.image.passwd = std::move(preview->passwd);
  launch.image.group = std::move(preview->group);
  return Done{};
}

/// Leads or joins the container of the step.
Status share_image(const enter::OpenedImage& image, Launch& launch, Held& held) {
  auto met = node::meet(meeting_name(launch, image));
  if (!met) return std::move(met.error());
  if (auto* joiner = std::get_if<node::Joiner>(&*met)) {
    launch.role = Role::joiner;
    launch.image.config = std::move(joiner->config);
    held.user_namespace = std::move(joiner->user_namespace);
    held.mount_namespace = std::move(joiner->mount_namespace);
    return Done{};
  }
  launch.role = Role::leader;
  BERTH_TRY(start_server(image, launch, held));
  BERTH_TRY(read_image(launch, held));
  return start_keeper({std::move(std::get_if<node::Leader>(&*met)->listener),
                       launch.image.config,
                       launch.facts.rank.local_size},
                      launch,
                      held);
}

/// A container for this process alone. The keeper is made while the server reads.
Status have_own_image(const enter::OpenedImage& image, Launch& launch, Held& held) {
  BERTH_TRY(start_server(image, launch, held));
  if (!launch.request.plan_only) BERTH_TRY(start_keeper({}, launch, held));
  return read_image(launch, held);
}

Result<Launch> look(Request request, const Session& session, Held& held) {
  BERTH_TRY(read_env_files(request));
  const store::Environment places{variable(session, "HOME"),
                                  variable(session, "XDG_DATA_HOME"),
                                  variable(session, "BERTH_STORE")};
  auto path = store::find(request.image, places);
  if (!path) return std::move(path.error());
  auto image = enter::open_image(*path);
  if (!image) return std::move(image.error());
  auto facts = survey::look_around(session.environment);
  if (!facts) return std::move(facts.error());
  Launch launch{std::move(request), std::move(*facts), {}, {}, Role::alone};
  launch.image.path = *path;
  const bool shared = should_share(launch.request, launch.facts) && !launch.request.plan_only;
  BERTH_TRY(shared ? share_image(*image, launch, held) : have_own_image(*image, launch, held));
  auto config = request::parse_image_config(launch.image.config, launch.request.image);
  if (!config) return std::move(config.error());
  launch.config = std::move(*config);
  return launch;
}

/// Inside a job the line says whose it is, and only a node's first rank adds the hint.
void print_of_rank(Session& session, Error error, const Facts& facts) {
  const Rank& rank = facts.rank;
  if (rank.launcher.empty()) return print(session, error);
  if (rank.local_rank != 0) error.hint.clear();
  const std::string prefix = "berth[" + facts.node + ":" + std::to_string(rank.rank) + "]";
  session.streams.err(to_text(error, prefix) + "\n");
}

}  // namespace

int run_request(Request request, Session& session) {
  Held held;
  auto launch = look(std::move(request), session, held);
  if (!launch) {
    Facts facts;
    facts.node = survey::node_name();
    facts.rank = survey::rank_of(session.environment, 0);
    print_of_rank(session, launch.error(), facts);
    return kBeforeTheProgram;
  }
  auto steps = plan::make_plan(*launch);
  if (!steps) {
    print_of_rank(session, steps.error(), launch->facts);
    return kBeforeTheProgram;
  }
  if (launch->request.plan_only) {
    session.streams.out(plan::to_text(*steps));
    return 0;
  }
  const enter::Tools tools{held.server ? held.server->control_fd() : -1,
                           held.keeper.get(),
                           {held.user_namespace.get(), held.mount_namespace.get()}};
  const enter::Failure failure = enter::start(*steps, tools);
  print_of_rank(session, failure.error, launch->facts);
  if (launch->request.verbose)
    session.streams.err("berth: that was step " + std::to_string(failure.step + 1) + " of\n" +
                        plan::to_text(*steps));
  return failure.exit_code;
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
