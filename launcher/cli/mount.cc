// SPDX-License-Identifier: Apache-2.0
// `berth mount` and `berth unmount`: an image on a directory, without a container around it.
#include "base/children.h"
#include "base/text.h"
#include "image/store/store.h"
#include "launcher/cli/verbs.h"
#include "launcher/enter/image.h"
#include "launcher/mount/fusermount.h"
#include "launcher/mount/show.h"
#include "launcher/mount/signals.h"
#include "launcher/request/option_words.h"

#include <signal.h>

#include <algorithm>

namespace berth::cli {

namespace {

constexpr const char* kMountUsage = "berth mount [OPTIONS] IMAGE DIR";
constexpr const char* kUnmountUsage = "berth unmount DIR";

struct MountWish {
  std::string image = {};
  std::string directory = {};
  bool foreground = false;
  bool unverified = false;
  bool help_only = false;
};

struct MountOption : request::OptionWord {
  Status (*apply)(MountWish& wish, const std::string& value);
};

template <bool MountWish::*field>
Status turn_on(MountWish& wish, const std::string&) {
  wish.*field = true;
  return Done{};
}

const MountOption kForeground{
    {"foreground", 'f', "", "serve until it is unmounted, or a signal comes"},
    turn_on<&MountWish::foreground>};
const MountOption kNoVerify{{"no-verify", 0, "", "compare nothing with the image's hash tree"},
                            turn_on<&MountWish::unverified>};
const MountOption kHelp{{"help", 'h', "", "this text"}, turn_on<&MountWish::help_only>};

/// Options, and then exactly as many words as there are places for.
Status take_words(const std::vector<MountOption>& options,
                  const std::string& usage,
                  const std::vector<std::string>& words,
                  const std::vector<std::string*>& places,
                  MountWish& wish) {
  const std::string verb = usage.substr(0, usage.find(' ', sizeof "berth"));
  std::size_t at = 0;
  BERTH_TRY(request::take_options(options, verb, words, at, wish));
  if (wish.help_only) return Done{};
  if (words.size() - at != places.size())
    return Error{Blame::usage,
                 std::string("understand ") +
                     (words.size() - at < places.size() ? "so few" : "so many") + " words",
                 {},
                 "write " + usage};
  for (std::string* place : places)
    *place = words[at++];
  return Done{};
}

Result<enter::OpenedImage> open_image(const MountWish& wish, const Session& session) {
  const store::Environment places{variable(session, "HOME"),
                                  variable(session, "XDG_DATA_HOME"),
                                  variable(session, "BERTH_STORE")};
  const auto path = store::find(wish.image, places);
  if (!path) return path.error();
  return enter::open_image(*path);
}

/// Until the mount is gone: by `berth unmount`, or because a signal asks for it.
Status stay(const mount::Shown& shown, const mount::HeldSignals& held) {
  const int number = held.wait(shown.server.get());
  if (number != 0) return mount::ask_to_unmount(shown.path, mount::InUse::detached);
  const auto is_left = mount::is_mounted(shown.path);
  if (!is_left) return is_left.error();
  if (!*is_left) return Done{};
  (void)mount::ask_to_unmount(shown.path, mount::InUse::detached);  // what counts is said below
  return Error{Blame::host, "go on serving " + quote(shown.path) + ": its server was killed"};
}

/// `caught`: a signal that came while the mount was made, after which nothing is mounted.
Status mount_image(const MountWish& wish, const Session& session, int& caught) {
  const AwaitedChildren awaited;
  const auto image = open_image(wish, session);
  if (!image) return image.error();
  BERTH_TRY(mount::check_device());
  auto place = mount::take_mount_point(wish.directory);
  if (!place) return std::move(place.error());
  const mount::HeldSignals held;
  const auto shown = mount::show_image(*image, {wish.image, !wish.unverified}, std::move(*place));
  if (!shown) return shown.error();
  if (wish.foreground) return stay(*shown, held);
  caught = held.take();
  return caught == 0 ? Status(Done{}) : mount::ask_to_unmount(shown->path, mount::InUse::detached);
}

int finish(const Status& status, Session& session) {
  if (status) return 0;
  print(session, status.error());
  return status.error().blame == Blame::usage ? 2 : 1;
}

std::string help_of(const std::string& usage,
                    const std::string& what,
                    const std::vector<MountOption>& options) {
  constexpr std::size_t kColumn = 20;
  std::string text = "usage: " + usage + "\n\n" + what + "\n\n";
  for (const MountOption& option : options) {
    std::string line = option.letter != 0 ? std::string("  -") + option.letter + ", " : "      ";
    line += "--" + std::string(option.name);
    line.resize(std::max(kColumn, line.size()), ' ');
    text += line + "  " + std::string(option.help) + "\n";
  }
  return text;
}

}  // namespace

int mount_verb(const std::vector<std::string>& words, Session& session) {
  const std::vector<MountOption> options = {kForeground, kNoVerify, kHelp};
  MountWish wish;
  const Status taken =
      take_words(options, kMountUsage, words, {&wish.image, &wish.directory}, wish);
  if (!taken) return finish(taken, session);
  if (wish.help_only) {
    session.streams.out(
        help_of(kMountUsage, "Shows IMAGE on DIR, read-only, until it is unmounted.", options));
    return 0;
  }
  int caught = 0;
  const int code = finish(mount_image(wish, session, caught), session);
  if (caught != 0) (void)::raise(caught);  // nobody handles it: it ends us, as it was meant to
  return code;
}

int unmount_verb(const std::vector<std::string>& words, Session& session) {
  const std::vector<MountOption> options = {kHelp};
  MountWish wish;
  const Status taken = take_words(options, kUnmountUsage, words, {&wish.directory}, wish);
  if (!taken) return finish(taken, session);
  if (wish.help_only) {
    session.streams.out(help_of(kUnmountUsage, "Takes away what berth mount has made.", options));
    return 0;
  }
  const AwaitedChildren awaited;
  const auto path = mount::find_mounted(wish.directory);
  if (!path) return finish(path.error(), session);
  return finish(mount::ask_to_unmount(*path, mount::InUse::refused), session);
}

}  // namespace berth::cli
