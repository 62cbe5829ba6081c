// SPDX-License-Identifier: Apache-2.0
// What the verbs about containers have in common: their options, the containers that their words
// name, and what they print.
#pragma once

#include "launcher/cli/session.h"
#include "launcher/request/option_words.h"
#include "launcher/state/look.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::cli {

using Json = nlohmann::ordered_json;

/// Exit codes: of whatever berth could not do with a container, and of words that are wrong.
constexpr int kNotDone = 125;
constexpr int kWrongWords = 2;

/// What such a verb is asked for.
struct ContainerWish {
  bool help_only = false;
  bool as_json = false;
  bool is_forced = false;
  bool follows = false;
  bool is_once = false;
  std::optional<int> signal = {};
  std::optional<std::uint64_t> seconds = {};
  std::optional<std::string> user = {};  ///< USER[:GROUP]
  std::optional<std::string> workdir = {};
  std::vector<std::string> environment = {};  ///< NAME=VALUE, or NAME for the caller's
  std::vector<std::string> words = {};        ///< behind the options
};

struct ContainerOption : request::OptionWord {
  Status (*apply)(ContainerWish& wish, const std::string& value);
};

/// The options that every one of them has.
const ContainerOption& json_option();
const ContainerOption& once_option();  ///< of what is shown again and again
const ContainerOption& help_option();

struct ContainerVerb {
  std::string_view usage;  ///< "berth stop [OPTIONS] NAME..."
  std::string_view what;   ///< a sentence
  std::vector<ContainerOption> options;
  std::size_t least = 1;  ///< words
  std::size_t most = 1;
  bool has_command = false;  ///< its words end with those of a program: options stand before them
  bool removes_damaged = false;  ///< records that cannot be used
  bool prints_status = false;    ///< and not the name of each container
};

constexpr std::size_t kAnyNumber = SIZE_MAX;

/// Reads `words` to `wish`. The exit code where that is all: of help, or of words that are wrong.
std::optional<int> take_words(const ContainerVerb& verb,
                              const std::vector<std::string>& words,
                              Session& session,
                              ContainerWish& wish);

/// The directory with their records, which may be missing.
Result<state::Directory> open_containers(const Session& session);

/// What is done with one container; a fact more for --json.
using Act = std::function<Result<Json>(const state::Directory& directory,
                                       const state::Container& container,
                                       const ContainerWish& wish)>;

/// A verb that does the same with each container that its words name, and prints their names.
int act_on_each(const ContainerVerb& verb,
                const std::vector<std::string>& words,
                Session& session,
                const Act& act);

/// Prints `error`. The exit code.
int not_done(Session& session, const Error& error);

/// Machines read it: any bytes in, valid UTF-8 out.
void print_json(Session& session, const Json& json);

/// What is said of a container where there is room for a line.
Json summary_of(const state::Container& container);

/// Columns, two blanks apart.
std::string table_of(const std::vector<std::vector<std::string>>& rows);

/// An error unless the container's program can be reached.
Status check_program(const state::Container& container, std::string_view goal);

}  // namespace berth::cli
