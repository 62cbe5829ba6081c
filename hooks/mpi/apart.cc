// SPDX-License-Identifier: Apache-2.0
// A question is a letter and a path, an answer a text of JSON; both with their size in front.
#include "hooks/mpi/apart.h"

#include "base/hex.h"
#include "hooks/mpi/cage.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kLongest = 32U << 20U;
constexpr const char* kGoal = "look into the image";

// What is asked, in front of a path.
constexpr char kFollow = 'l';
constexpr char kFile = 'f';
constexpr char kDirectory = 'd';
constexpr char kNames = 'n';
constexpr char kDirectories = 'i';
constexpr char kCache = 'c';
constexpr char kElf = 'e';
constexpr char kSymbols = 'y';
constexpr char kSound = 's';
constexpr char kMounted = 'm';
constexpr char kBytes = 'b';  // of a path with how many in front of it, and a colon

bool send_all(int line, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::send(line, bytes, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool say(int line, const std::string& text) {
  std::string message(sizeof(std::uint32_t), '\0');
  const auto size = static_cast<std::uint32_t>(text.size());
  std::memcpy(message.data(), &size, sizeof size);
  message += text;
  return text.size() <= kLongest && send_all(line, message.data(), message.size());
}

bool read_all(int line, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::read(line, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool hear(int line, std::string& text) {
  std::array<char, sizeof(std::uint32_t)> bytes{};
  std::uint32_t size = 0;
  if (!read_all(line, bytes.data(), bytes.size())) return false;
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size > kLongest) return false;
  text.resize(size);
  return read_all(line, text.data(), size);
}

Json to_json(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json();
}

Json to_json(const Elf* elf) {
  if (elf == nullptr) return {};
  Json wants = Json::array();
  for (const NeededVersions& one : elf->wants)
    wants.push_back({{"library", one.library}, {"versions", one.versions}});
  return {{"soname", elf->soname},
          {"needed", elf->needed},
          {"wants", std::move(wants)},
          {"versions", elf->versions},
          {"rpath", elf->rpath},
          {"runpath", elf->runpath}};
}

std::optional<Elf> elf_in(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Elf elf;
  elf.soname = json.at("soname").get<std::string>();
  elf.needed = json.at("needed").get<std::vector<std::string>>();
  for (const Json& one : json.at("wants"))
    elf.wants.push_back(
        {one.at("library").get<std::string>(), one.at("versions").get<std::vector<std::string>>()});
  elf.versions = json.at("versions").get<std::vector<std::string>>();
  elf.rpath = json.at("rpath").get<std::string>();
  elf.runpath = json.at("runpath").get<std::string>();
  return elf;
}

Json answer_to(const std::string& question, Tree& tree) {
  const std::string path = question.substr(1);
  switch (question.front()) {
    case kFollow:
      return to_json(tree.follow(path));
    case kFile:
      return to_json(tree.find_file(path));
    case kDirectory:
      return to_json(tree.find_directory(path));
    case kNames:
      return tree.names_in(path);
    case kDirectories:
      return tree.directories_in(path);
    case kCache: {
      Json all = Json::array();
      for (const Library& one : tree.loader_cache())
        all.push_back({one.name, one.path});
      return all;
    }
    case kElf:
      return to_json(tree.elf(path));
    case kSymbols: {
      const auto symbols = tree.symbols(path);
      return symbols ? Json({{"defined", symbols->defined}, {"wanted", symbols->wanted}}) : Json();
    }
    case kMounted:
      return tree.mounted_above(path);
    case kBytes: {
      const std::size_t colon = path.find(':');
      const auto limit = std::strtoul(path.substr(0, colon).c_str(), nullptr, 10);
      const auto bytes = tree.read(path.substr(colon + 1), limit);
      return bytes ? Json(to_hex(*bytes)) : Json();
    }
    default:
      return tree.is_sound();
  }
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The process apart, to its end.
[[noreturn]] void answer_all(int line,
                             const std::function<Result<Tree>()>& make,
                             std::vector<int> kept,
                             const std::vector<int>& directories) {
  kept.push_back(line);
  const Status locked = lock_in(std::move(kept), directories);
  auto tree = locked ? make() : Result<Tree>(locked.error());
  constexpr std::string_view kCannot = "cannot ";  // which who reports it says itself
  const std::string trouble = tree ? "" : sentence_of(tree.error()).substr(kCannot.size());
  if (!say(line, text_of(trouble)) || !tree) ::_exit(1);
  std::string question;
  while (hear(line, question) && !question.empty())
    if (!say(line, text_of(answer_to(question, *tree)))) break;
  ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<TreeApart>> TreeApart::start(const std::function<Result<Tree>()>& make,
                                                    std::vector<int> kept,
                                                    const std::vector<int>& directories) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", kGoal, errno);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return refused("fork", kGoal, errno);
  if (child == 0) {
    ours.reset();
    answer_all(theirs.get(), make, std::move(kept), directories);
  }
  std::unique_ptr<TreeApart> tree(new TreeApart(std::move(ours), child));
  theirs.reset();
  std::string text;
  const bool is_heard = hear(tree->line_.get(), text);
  const Json trouble = Json::parse(text, nullptr, false);
  if (!is_heard || !trouble.is_string())
    return Error{Blame::image, std::string(kGoal) + ": who looks into it has gone"};
  if (!trouble.get_ref<const std::string&>().empty())
    return Error{Blame::image, trouble.get<std::string>()};
  return tree;
}

TreeApart::~TreeApart() {
  line_.reset();
  (void)::kill(child_, SIGKILL);  // ours, and not waited for yet
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Empty where nobody answers.
std::string TreeApart::ask(char what, const std::string& path) {
  std::string answer;
  if (line_.is_open() && (!say(line_.get(), what + path) || !hear(line_.get(), answer))) {
    line_.reset();
    answer.clear();
  }
  return answer;
}

std::optional<std::string> TreeApart::ask_place(char what, const std::string& path) {
  const Json json = Json::parse(ask(what, path), nullptr, false);
  if (!json.is_string()) return std::nullopt;
  return json.get<std::string>();
}

std::optional<std::string> TreeApart::follow(const std::string& path) {
  return ask_place(kFollow, path);
}

std::optional<std::string> TreeApart::find_file(const std::string& path) {
  return ask_place(kFile, path);
}

std::optional<std::string> TreeApart::find_directory(const std::string& path) {
  return ask_place(kDirectory, path);
}

std::string TreeApart::mounted_above(const std::string& path) {
  return ask_place(kMounted, path).value_or("");
}

std::vector<std::string> TreeApart::ask_names(char what, const std::string& path) {
  try {
    return Json::parse(ask(what, path)).get<std::vector<std::string>>();
  } catch (const Json::exception&) {
    return {};
  }
}

std::vector<std::string> TreeApart::names_in(const std::string& directory) {
  return ask_names(kNames, directory);
}

std::vector<std::string> TreeApart::directories_in(const std::string& directory) {
  return ask_names(kDirectories, directory);
}

std::optional<Symbols> TreeApart::symbols(const std::string& file) {
  try {
    const Json json = Json::parse(ask(kSymbols, file));
    if (json.is_null()) return std::nullopt;
    return Symbols{json.at("defined").get<std::vector<std::string>>(),
                   json.at("wanted").get<std::vector<std::string>>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::vector<Library> TreeApart::loader_cache() {
  std::vector<Library> all;
  try {
    for (const Json& one : Json::parse(ask(kCache, "")))
      all.push_back({one.at(0).get<std::string>(), one.at(1).get<std::string>()});
  } catch (const Json::exception&) {
    all.clear();
  }
  return all;
}

const Elf* TreeApart::elf(const std::string& file) {
  auto known = libraries().find(file);
  if (known == libraries().end()) {
    std::optional<Elf> elf;
    try {
      elf = elf_in(Json::parse(ask(kElf, file)));
    } catch (const Json::exception&) {
      line_.reset();  // it does not make sense
    }
    known = libraries().emplace(file, std::move(elf)).first;
  }
  return known->second ? &*known->second : nullptr;
}

std::optional<std::string> TreeApart::read(const std::string& file, std::size_t limit) {
  const auto hex = ask_place(kBytes, std::to_string(limit) + ":" + file);
  if (!hex || hex->size() > 2 * limit) return std::nullopt;
  return from_hex(*hex);
}

bool TreeApart::is_sound() {
  const Json json = Json::parse(ask(kSound, ""), nullptr, false);
  return json.is_boolean() && json.get<bool>();
}

}  // namespace berth::hooks
