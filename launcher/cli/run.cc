// SPDX-License-Identifier: Apache-2.0
// `berth run`: look, decide, do.
#include "base/children.h"
#include "base/text.h"
#include "image/overlay/overlay.h"
#include "launcher/cli/cpus.h"
#include "launcher/cli/devices.h"
#include "launcher/cli/hook_stand.h"
#include "launcher/cli/hook_state.h"
#include "launcher/cli/identity.h"
#include "launcher/cli/limited.h"
#include "launcher/cli/mpi_check.h"
#include "launcher/cli/named.h"
#include "launcher/cli/record.h"
#include "launcher/cli/root_images.h"
#include "launcher/cli/settle.h"
#include "launcher/cli/sharing.h"
#include "launcher/cli/shown_images.h"
#include "launcher/cli/verbs.h"
#include "launcher/enter/image.h"
#include "launcher/enter/start.h"
#include "launcher/node/keeper.h"
#include "launcher/node/meet.h"
#include "launcher/plan/plan.h"
#include "launcher/request/env_file.h"
#include "launcher/request/hooks.h"
#include "launcher/request/image_config.h"
#include "launcher/request/options.h"
#include "launcher/seccomp/filter.h"
#include "launcher/survey/survey.h"
#include "launcher/terminal/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>

namespace berth::cli {

namespace {

constexpr int kBeforeTheProgram = 125;
constexpr const char* kMpiHint =
    "berth run --explain-mpi says what was found; --quiet leaves this out";
constexpr char kBetween = '\0';  ///< of the texts that a leader has for joiners

/// What must stay open until the program begins.
struct Held {
  RootImages root;
  ShownImages shown;
  overlay::Place overlay;
  UniqueFd keeper;
  std::vector<UniqueFd> namespaces;
  Record record;
};

/// Which of the node's directories decide what isolation takes.
std::vector<std::string> places_for(const Request& request) {
  std::vector<std::string> places;
  if (request.own_ipc) places.emplace_back("/dev/mqueue");
  if (request.net != Net::host) places.emplace_back("/sys/fs/cgroup");
  if (request.dev == Dev::minimal) {
    places.emplace_back("/dev/shm");
    if (!request.own_ipc) places.emplace_back("/dev/mqueue");
  }
  return places;
}

/// One `berth run`, from the request to the program: look, decide, do.
class Run {
 public:
  Run(Request request, Session& session, const Stage& stage) : session_(session), stage_(stage) {
    launch_.request = std::move(request);
    launch_.facts.rank = survey::rank_of(session_.environment, session_.parent);
    launch_.facts.helpers = survey::helpers_of(session_.environment);
    launch_.facts.control_group = stage_.group;
  }

  /// The exit code of a run that came to nothing, or of a plan that was printed.
  int go();

 private:
  Status begin_trace();
  Status read_filter();
  Status find_network();
  Status open_images();
  Status find_cpus();
  Status look();
  Status share();
  Status read_letter(const std::string& letter);
  Status prepare_overlay();
  Status start_servers();
  Status ask_devices();
  Status recall_hooks();
  Status ask_hooks();
  Status hear_hooks();
  Status take_devices();
  Status read_image();
  Status read_config();
  Result<std::vector<Step>> make_rest();
  Status print_plan();
  Status print_variable();
  Status print_mpi();
  Status check_mpi();
  int print_what_is_asked();
  Error reason_of(const enter::Failure& failure, const Step& step);
  void take_without_overlay(enter::Launching& launching, const Error& why);
  void take(enter::Launching& launching, Result<std::vector<Step>> steps);
  void give_up(Error error);

  Session& session_;
  const Stage& stage_;
  Launch launch_;
  CpuLook cpus_{launch_};
  Held held_;
  enter::Trace trace_;
  DeviceLook devices_;
  MpiCheck mpi_check_;
  HookStand stand_;
  bool is_shared_ = false;
  bool is_read_ = false;
  overlay::Clock::time_point begin_ = overlay::Clock::now();  ///< ranks wait at the same time
  int exit_code_ = 0;  ///< other than 0 once the run has come to nothing
};

Status Run::open_images() {
  BERTH_TRY(request::read_env_files(launch_.request.env, launch_.request.preset_env));
  const store::Environment places{variable(session_, "HOME"),
                                  variable(session_, "XDG_DATA_HOME"),
                                  variable(session_, "BERTH_STORE")};
  BERTH_TRY(held_.root.open(launch_.request, places, launch_.image));
  BERTH_TRY(plan::check_layers(launch_));
  return held_.shown.open(launch_.request, places);
}

/// Takes the directory that keeps changes, which belongs to one image.
Status Run::prepare_overlay() {
  if (launch_.request.overlay.empty() || only_looks(launch_.request)) return Done{};
  auto place = overlay::open_place(launch_.request.overlay,
                                   {held_.root.lowest().fd.get(), launch_.request.image},
                                   begin_ + overlay::kPatience);
  if (!place) return std::move(place.error());
  held_.overlay = std::move(*place);
  return Done{};
}

/// Starts the locked-down process that will serve the image, and with it the keeper of a container
/// that nobody joins. Both hold the lock of the directory that keeps changes, for as long as the
/// container's mounts are there.
Status Run::start_servers() {
  if (!launch_.request.record.empty() && !only_looks(launch_.request)) {
    auto record = Record::create(launch_.request.record);
    if (!record) return std::move(record.error());
    held_.record = std::move(*record);
  }
  serve::Settings settings;
  settings.record = held_.record.fd();
  BERTH_TRY(prepare_overlay());
  settings.kept = held_.overlay.lock.get();
  settings.verify = !launch_.request.unverified;
  std::unique_ptr<node::Keeper> keeper;
  if (!is_shared_ && !only_looks(launch_.request)) {
    auto prepared = node::Keeper::prepare({.network = launch_.facts.network,
                                           .ids = maps_for(launch_),
                                           .kept = settings.kept,
                                           .life = stand_.life()},
                                          launch_.facts.helpers);
    if (!prepared) return std::move(prepared.error());
    keeper = std::move(*prepared);
  }
  BERTH_TRY(held_.root.start(settings, launch_.request.root_hashes, keeper.get()));
  BERTH_TRY(held_.shown.start(settings));
  held_.record.hand_over();
  if (keeper) held_.keeper = keeper->take_socket();
  return Done{};
}

/// Once: by a leader before there is a keeper, by others as late as can be.
Status Run::read_image() {
  if (is_read_) return Done{};
  is_read_ = true;
  BERTH_TRY(held_.root.read(launch_.image, launch_.facts.helpers));
  BERTH_TRY(held_.shown.check(launch_.facts.helpers));
  return find_identity(launch_);
}

/// What a leader has found: the machine and what devices need, if it has looked at them, and what
/// the image says, which may have anything in it.
Status Run::read_letter(const std::string& letter) {
  const std::size_t first = letter.find(kBetween);
  const std::size_t second = first == letter.npos ? first : letter.find(kBetween, first + 1);
  if (second == letter.npos)
    return Error{Blame::internal, "join the container of this step: half of its letter is missing"};
  BERTH_TRY(devices_.take(letter.substr(first + 1, second - first - 1)));
  BERTH_TRY(take_from_leader(launch_, letter.substr(second + 1)));
  return cpus_.take(letter.substr(0, first));
}

/// Leads or joins the container of the step.
Status Run::share() {
  auto met = node::meet(meeting_name(launch_, held_.root.identities() + held_.shown.identities()));
  if (!met) return std::move(met.error());
  if (auto* joiner = std::get_if<node::Joiner>(&*met)) {
    launch_.role = Role::joiner;
    held_.namespaces = std::move(joiner->namespaces);
    is_read_ = true;
    return read_letter(joiner->config);
  }
  launch_.role = Role::leader;
  BERTH_TRY(cpus_.start());
  BERTH_TRY(ask_devices());
  BERTH_TRY(start_servers());
  BERTH_TRY(recall_hooks());
  BERTH_TRY(read_image());
  BERTH_TRY(ask_hooks());
  BERTH_TRY(hear_hooks());
  BERTH_TRY(cpus_.finish());
  auto keeper = node::start_keeper(
      {std::move(std::get_if<node::Leader>(&*met)->listener),
       cpus_.machine_text() + kBetween + devices_.answer() + kBetween + text_for_joiners(launch_),
       launch_.facts.rank.local_size,
       launch_.facts.network,
       maps_for(launch_),
       held_.overlay.lock.get(),
       session_.parent,
       stand_.life()},
      launch_.facts.helpers);
  if (!keeper) return std::move(keeper.error());
  held_.keeper = std::move(*keeper);
  return Done{};
}

/// As early as can be, where no hook wants to know what the image is.
Status Run::ask_devices() {
  return asks_hooks(launch_.request) ? Status(Done{}) : devices_.start(launch_, session_, "");
}

/// What is known of the image from earlier launches saves the process and the wait for the
/// image, if no other hook wants to know what that is. The image's server reads meanwhile.
Status Run::recall_hooks() {
  mpi_check_.begin(launch_, session_, held_.root);
  if (!request::looks_into_image(launch_.request)) return Done{};
  const bool is_known = devices_.recall(launch_.request, session_, held_.root.contents());
  if (!is_known || asks_programs(launch_.request)) return Done{};
  return devices_.start(launch_, session_, "");
}

/// The others.
Status Run::ask_hooks() {
  if (!asks_hooks(launch_.request) || devices_.is_started()) return Done{};
  BERTH_TRY(read_image());
  BERTH_TRY(read_config());
  const auto state = hook_state(launch_);
  return state ? devices_.start(launch_, session_, *state, held_.root.files()) : state.error();
}

/// Of a container that ranks share, who builds it hears them, and tells the others.
Status Run::hear_hooks() {
  if (launch_.role == Role::joiner || devices_.is_asked()) return Done{};
  // Whose home directory it is.
  if (!launch_.request.user.empty() && request::wants_own(launch_.request, "ssh"))
    BERTH_TRY(read_image());
  BERTH_TRY(devices_.look_at_node(launch_, session_));
  return devices_.finish();
}

/// Before anything hangs. A launch does not end for what it cannot find out here, and a program
/// need not be one of MPI: a line is all that comes of it.
Status Run::check_mpi() {
  if (launch_.role == Role::joiner || devices_.replaces_mpi()) return Done{};
  if (mpi_check_.has_to_ask()) {
    BERTH_TRY(read_image());
    BERTH_TRY(read_config());
    const auto state = hook_state(launch_);
    if (!state) return state.error();
    Status found = mpi_check_.ask(launch_, session_, *state, held_.root.files(), /*node=*/false);
    if (found) found = mpi_check_.finish();
    trace_.add("look at the image's MPI");
  }
  const std::string warning = mpi_check_.warning();
  if (warning.empty()) return Done{};
  session_.streams.err("berth: " + warning + "\n");
  session_.streams.err("berth: hint: " + std::string(kMpiHint) + "\n");
  return Done{};
}

/// From here on they are binds and variables like any others.
Status Run::take_devices() {
  BERTH_TRY(hear_hooks());
  if (devices_.is_asked()) trace_.add("find what its devices need");
  const auto left_out = devices_.add_to(launch_.request);
  if (!left_out) return left_out.error();
  if (launch_.role != Role::joiner) launch_.hooks = devices_.hooks();
  if (!only_looks(launch_.request)) BERTH_TRY(stand_.start(launch_, launch_.hooks, session_));
  if (!launch_.request.quiet && launch_.facts.rank.local_rank == 0)
    for (const std::string& sentence : *left_out)
      session_.streams.err("berth: " + sentence + "\n");
  return check_mpi();
}

/// What becomes of the program's system calls.
Status Run::read_filter() {
  const std::string& profile = launch_.request.seccomp;
  if (profile.empty()) return Done{};
  auto filter = profile == "default" ? seccomp::default_filter() : seccomp::read_profile(profile);
  if (!filter) return std::move(filter.error());
  launch_.filter = std::move(*filter);
  return Done{};
}

/// The file is opened while it is still in sight.
Status Run::begin_trace() {
  const Request& request = launch_.request;
  if (only_looks(request)) return Done{};
  UniqueFd file;
  if (!request.trace_file.empty()) {
    constexpr int kAdding = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    file.reset(::open(request.trace_file.c_str(), kAdding, 0666));
    if (!file.is_open())
      return Error{Blame::usage,
                   "trace this launch in " + quote(request.trace_file),
                   Refusal{"open", errno},
                   {}};
  }
  trace_.start(session_.began, request.trace, std::move(file));
  trace_.add("read the options");
  return Done{};
}

/// What connects a network of the container's own, which the keeper has to know from the start.
Status Run::find_network() {
  if (launch_.request.net != Net::own) return Done{};
  auto program = survey::find_network_program();
  if (!program) return std::move(program.error());
  launch_.facts.network = std::move(*program);
  return Done{};
}

/// Waits for who looks at the machine meanwhile.
Status Run::find_cpus() {
  if (!plan::asks_for_place(launch_.request)) return Done{};
  BERTH_TRY(cpus_.finish());
  trace_.add("find the CPUs of this node");
  return Done{};
}

/// Collects the facts. Who has a container of his own lets its server read meanwhile.
Status Run::look() {
  const AwaitedChildren awaited;
  BERTH_TRY(begin_trace());
  BERTH_TRY(read_filter());
  BERTH_TRY(find_network());
  BERTH_TRY(find_ids(launch_));
  BERTH_TRY(cpus_.begin(session_));
  is_shared_ = should_share(launch_.request, launch_.facts) && !only_looks(launch_.request);
  if (!is_shared_) BERTH_TRY(cpus_.start());
  if (may_have_hooks(launch_.request)) BERTH_TRY(stand_.prepare());
  if (!is_shared_) BERTH_TRY(ask_devices());
  BERTH_TRY(open_images());
  trace_.add("open the image");
  if (!is_shared_) BERTH_TRY(start_servers());
  trace_.add("start its server and a keeper");
  auto facts =
      survey::look_around(session_.environment, places_for(launch_.request), session_.parent);
  if (!facts) return std::move(facts.error());
  facts->network = std::move(launch_.facts.network);
  facts->cpus = std::move(launch_.facts.cpus);
  facts->subordinate = std::move(launch_.facts.subordinate);
  facts->control_group = std::move(launch_.facts.control_group);
  launch_.facts = std::move(*facts);
  trace_.add("look at this node");
  if (!is_shared_) {
    BERTH_TRY(recall_hooks());
    BERTH_TRY(ask_hooks());
    BERTH_TRY(take_devices());
    BERTH_TRY(find_cpus());
    return launch_.request.user.empty() ? Status(Done{}) : read_image();
  }
  BERTH_TRY(share());
  BERTH_TRY(take_devices());
  trace_.add(launch_.role == Role::leader ? "start a container for all ranks of the step"
                                          : "find the container of the step");
  return Done{};
}

Status Run::read_config() {
  std::vector<std::string> names;
  for (const Layer& layer : launch_.image.layers)
    names.push_back(layer.name);
  auto config = request::parse_configs(launch_.image.config, names);
  if (!config) return std::move(config.error());
  launch_.config = std::move(*config);
  return Done{};
}

void Run::give_up(Error error) {
  exit_code_ = kBeforeTheProgram;
  held_.record.discard();
  stand_.give_up();
  print_for_rank(session_, std::move(error));
}

/// A server that has found the image damaged is gone, and what it said before is the reason for a
/// mount that failed.
Error Run::reason_of(const enter::Failure& failure, const Step& step) {
  if (std::get_if<RunHooks>(&step)) return stand_.failure();
  const bool is_server = std::get_if<MountImage>(&step) || std::get_if<TakeImage>(&step);
  if (is_shared_ || !is_server) return failure.error;
  const Status said = read_image();
  return said ? failure.error : said.error();
}

/// Goes on with the image alone as the root, for a launch that can.
void Run::take_without_overlay(enter::Launching& launching, const Error& why) {
  if (!launch_.request.quiet && launch_.facts.rank.local_rank == 0)
    session_.streams.err("berth: " + sentence_of(why) +
                         ": continuing with a read-only root, and without places that it lacks\n");
  launch_.without_overlay = true;
  take(launching, make_rest());
}

/// Carries out a part of the plan. Returns when it is done or has failed.
void Run::take(enter::Launching& launching, Result<std::vector<Step>> steps) {
  if (!steps) return give_up(steps.error());
  trace_.add("make the plan");
  const auto failure = launching.carry_out(*steps);
  if (!failure) return;
  const Step& refused = (*steps)[failure->step - launching.taken()];
  if (failure->error.refusal && plan::may_go_without(launch_, refused, *failure->error.refusal))
    return take_without_overlay(launching, failure->error);
  give_up(reason_of(*failure, refused));
  exit_code_ = failure->exit_code;
  if (!launch_.request.verbose) return;
  session_.streams.err("berth: that was step " + std::to_string(failure->step + 1) + " of\n" +
                       plan::to_text(*steps, launching.taken() + 1));
}

/// Before it is carried out, the record of a named container has all that others need to come in.
Result<std::vector<Step>> Run::make_rest() {
  auto rest = plan::make_rest(launch_);
  if (rest && stage_.describe) BERTH_TRY(stage_.describe(launch_, *rest));
  return rest;
}

Status Run::print_plan() {
  const auto steps = plan::make_plan(launch_);
  if (!steps) return steps.error();
  const auto map = plan::map_text(launch_);
  if (!map) return map.error();
  session_.streams.out(devices_.description() + plan::to_text(*steps) + *map);
  return Done{};
}

Status Run::print_variable() {
  const auto text = plan::explain_variable(launch_, launch_.request.explain_env);
  if (!text) return text.error();
  session_.streams.out(*text);
  return Done{};
}

Status Run::print_mpi() {
  // An image need not say what it would run.
  Launch asked = launch_;
  if (asked.config.entrypoint.empty() && asked.config.command.empty() &&
      asked.request.command.empty())
    asked.request.command = {"sh"};
  const auto state = hook_state(asked);
  if (!state) return state.error();
  BERTH_TRY(mpi_check_.ask(launch_, session_, *state, held_.root.files(), /*node=*/true));
  BERTH_TRY(mpi_check_.finish());
  const Offer offer = offer_of(launch_.facts.rank.launcher, session_.environment);
  session_.streams.out(explain_mpi(offer, mpi_check_.facts()));
  return Done{};
}

int Run::print_what_is_asked() {
  Status done = read_image();
  if (done) done = read_config();
  if (done && launch_.request.explain_mpi) done = print_mpi();
  if (done && !launch_.request.explain_env.empty()) done = print_variable();
  if (done && launch_.request.plan_only) done = print_plan();
  if (!done) give_up(done.error());
  return exit_code_;
}

int Run::go() {
  if (const Status looked = look(); !looked) give_up(looked.error());
  if (exit_code_ != 0) return exit_code_;
  if (only_looks(launch_.request)) return print_what_is_asked();
  std::vector<int> doors;
  for (const UniqueFd& one : held_.namespaces)
    doors.push_back(one.get());
  std::vector<enter::Source> sources;
  held_.root.add_to(sources);
  held_.shown.add_to(sources);
  enter::Launching launching({sources[0].server,
                              sources[0].image,
                              held_.root.lowest().written,
                              held_.overlay.directory.get(),
                              held_.keeper.get(),
                              doors,
                              launch_.role == Role::leader ? launch_.facts.helpers : -1,
                              std::span(sources).subspan(1),
                              launch_.request.tty || stage_.is_stood_by,
                              trace_.is_on() ? &trace_ : nullptr,
                              stage_.monitor,
                              stage_.groups,
                              stand_.line()});
  trace_.introduce(launch_);
  take(launching, plan::make_beginning(launch_));
  if (exit_code_ != 0) return exit_code_;
  // All the while the server has been reading.
  Status ready = read_image();
  if (ready) ready = read_config();
  if (!ready) give_up(ready.error());
  if (exit_code_ != 0) return exit_code_;
  trace_.add("wait for what the image says of itself");
  take(launching, make_rest());
  return exit_code_;
}

}  // namespace

int run_container(Request request, Session& session, const Stage& stage) {
  if (request.group.ask_for_group() && !stage.has_looked_at_limits)
    return run_limited(std::move(request), session, stage);
  return Run(std::move(request), session, stage).go();
}

int run_request(Request request, Session& session) {
  if (request.drawing != Drawing::none) return draw_node(std::move(request), session);
  if (request.tty && !request.is_detached && !only_looks(request)) {
    if (const Status taken = terminal::take_own(); !taken) {
      print_for_rank(session, taken.error());
      return kBeforeTheProgram;
    }
  }
  if (is_named(request) && !only_looks(request)) return run_named(std::move(request), session);
  return run_container(std::move(request), session, {});
}

int run(const std::vector<std::string>& words, Session& session) {
  auto request = settle(
      session,
      {[&](Request settled) { return request::parse_command_line(words, std::move(settled)); },
       [&] { return request::options_given_in(words); }});
  if (!request) {
    print_for_rank(session, request.error());
    return kBeforeTheProgram;
  }
  if (request->help_only) {
    session.streams.out(run_help_text());
    return 0;
  }
  return run_request(std::move(*request), session);
}

}  // namespace berth::cli
