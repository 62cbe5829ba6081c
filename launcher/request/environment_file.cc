// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/environment_file.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/request/options.h"
#include "launcher/request/paths.h"
#include "launcher/request/plain_yaml.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace berth::request {

namespace {

constexpr std::size_t kLargestFile = 64UL * 1024;
constexpr const char* kNoDirectoryHint =
    "what ends in .yaml or .yml is an environment file: give the directory another name";

Error bad_line(const std::string& path, unsigned line, const std::string& why, std::string hint) {
  return Error{Blame::config,
               "use line " + std::to_string(line) + " of " + quote(path) + ": " + why,
               {},
               std::move(hint)};
}

/// What store::find() takes as a path whatever is there; anything else is the name of an image.
bool is_path(std::string_view name) {
  return name.starts_with("./") || name.starts_with("../") || name.ends_with(".sqsh");
}

std::string image_below(const std::string& name, const std::string& folder) {
  return is_path(name) ? absolute_path(name, folder) : name;
}

/// One image, or several with '+' between them or in a list, the lowest first.
Status take_image(const YamlEntry& entry, EnvironmentFile& file) {
  std::vector<std::string> names;
  for (const YamlScalar& value : entry.values)
    if (entry.kind == YamlEntry::Kind::scalar)
      names = split(value.text, '+');
    else
      names.push_back(value.text);
  for (const std::string& name : names) {
    const bool is_named = !name.empty() && entry.kind != YamlEntry::Kind::mapping;
    if (!is_named || names_environment_file(name))
      return bad_line(
          file.path,
          entry.line,
          names_environment_file(name) ? quote(name) + " is no image" : "it names no image",
          "write image: IMAGE.sqsh");
    file.image += (file.image.empty() ? "" : "+") + image_below(name, file.folder);
  }
  return Done{};
}

Result<std::size_t> find_row(const YamlEntry& entry, const std::string& path) {
  const auto& table = options();
  const auto row = std::find_if(table.begin(), table.end(), [&](const Option& option) {
    return !option.help.empty() && option.name == entry.key;
  });
  if (row == table.end()) {
    std::vector<std::string> names = {"image"};
    for (const Option& option : table)
      if (!option.help.empty()) names.emplace_back(option.name);
    const std::string near = nearest(entry.key, names);
    return bad_line(path,
                    entry.line,
                    "there is no option " + quote(entry.key),
                    near.empty() ? "write options of 'berth run' without their dashes"
                                 : "did you mean " + quote(near) + "?");
  }
  if (is_for_one_time(row->name))
    return bad_line(path, entry.line, quote(entry.key) + " is for command lines only", "");
  return static_cast<std::size_t>(row - table.begin());
}

/// Options that give names values, of which each adds to the ones before.
bool takes_mapping(const Option& option) {
  return option.value.starts_with("NAME=") || option.value.starts_with("NAME[=") ||
         option.value.starts_with("KEY=") || option.value.starts_with("PAGES=");
}

/// What a switch, or an option that may be one, says by itself; nothing for another word.
enum class Said : unsigned char { yes, no, other };

Said said_by(const YamlEntry& entry) {
  const std::string word = entry.kind == YamlEntry::Kind::scalar ? entry.values[0].text : "";
  if (word == "true") return Said::yes;
  return word == "false" ? Said::no : Said::other;
}

Error bad_value(const YamlEntry& entry, const Option& option, const std::string& path) {
  if (option.value.empty())
    return bad_line(
        path, entry.line, quote(entry.key) + " is a switch", "write true, or leave it out");
  if (entry.kind == YamlEntry::Kind::mapping)
    return bad_line(path, entry.line, quote(entry.key) + " takes no mapping", "write a list");
  return bad_line(path,
                  entry.line,
                  quote(entry.key) + " has no value",
                  "write " + entry.key + ": " + std::string(option.value));
}

Status take_option(const YamlEntry& entry, EnvironmentFile& file) {
  const auto row = find_row(entry, file.path);
  if (!row) return row.error();
  const Option& option = options()[*row];
  const bool may_be_a_switch = option.value.empty() || option.value.starts_with("[=");
  const Said said = may_be_a_switch ? said_by(entry) : Said::other;
  const auto add = [&](std::string value, unsigned line) {
    file.options.push_back({*row, std::move(value)});
    file.lines.push_back(line);
  };
  // Nothing takes a switch back that run.conf has set.
  if (said == Said::no)
    return bad_line(file.path,
                    entry.line,
                    quote(entry.key) + " cannot be switched off",
                    "leave it out: it is off unless run.conf or the command line says it");
  if (said == Said::yes) {
    add("", entry.line);
    return Done{};
  }
  const bool is_odd_mapping = entry.kind == YamlEntry::Kind::mapping && !takes_mapping(option);
  if (option.value.empty() || is_odd_mapping || entry.kind == YamlEntry::Kind::nothing)
    return bad_value(entry, option, file.path);
  for (const YamlScalar& value : entry.values)
    add(value.key.empty() ? value.text : value.key + "=" + value.text, value.line);
  return Done{};
}

/// Images that are shown below the root, from bind number `first` on.
void make_images_absolute(Request& request, std::size_t first, const std::string& folder) {
  for (std::size_t i = first; i < request.binds.size(); ++i)
    if (request.binds[i].origin == Origin::image)
      request.binds[i].from = image_below(request.binds[i].from, folder);
}

Status apply_one(const EnvironmentFile& file, std::size_t number, Request& request) {
  const GivenOption& option = file.options[number];
  const std::size_t binds = request.binds.size();
  const std::size_t changes = request.env.size();
  const Status taken = options()[option.row].apply(request, option.value);
  if (!taken)
    return bad_line(
        file.path, file.lines[number], "berth cannot " + taken.error().goal, taken.error().hint);
  make_binds_absolute(request, binds, file.folder);
  make_images_absolute(request, binds, file.folder);
  make_env_files_absolute(request, changes, file.folder);
  make_fields_absolute(request, options()[option.row].name, file.folder);
  for (std::size_t i = changes; i < request.env.size(); ++i) {
    request.env[i].file = file.path;
    request.env[i].line = file.lines[number];
  }
  return Done{};
}

}  // namespace

bool names_environment_file(std::string_view image) {
  return image.ends_with(".yaml") || image.ends_with(".yml");
}

Result<EnvironmentFile> parse_environment_file(const std::string& text,
                                               const std::string& path,
                                               const std::string& folder) {
  YamlFlaw flaw;
  const auto entries = parse_plain_yaml(text, flaw);
  if (!entries) return bad_line(path, flaw.line, flaw.why, flaw.hint);
  EnvironmentFile file{path, "", {}, {}, folder};
  for (const YamlEntry& entry : *entries)
    BERTH_TRY(entry.key == "image" ? take_image(entry, file) : take_option(entry, file));
  if (file.image.empty())
    return Error{
        Blame::config, "use " + quote(path) + ": it names no image", {}, "write image: IMAGE.sqsh"};
  Request nobodys;
  BERTH_TRY(apply(file, nobodys));
  return file;
}

Result<EnvironmentFile> read_environment_file(const std::string& path) {
  if (path.find('+') != path.npos && ::access(path.c_str(), F_OK) != 0)
    return Error{Blame::usage,
                 "use " + quote(path) + " as an image: an environment file stands alone",
                 {},
                 "write the images into the file: image: [A.sqsh, B.sqsh]"};
  const auto text = read_text_file(path, kLargestFile);
  if (!text) {
    Error error = text.error();

    struct stat info {};

    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) error.hint = kNoDirectoryHint;
    return error;
  }
  std::array<char, PATH_MAX> here = {};
  if (::getcwd(here.data(), here.size()) == nullptr)
    return refused("getcwd", "read " + quote(path), errno);
  const std::string whole = absolute_path(path, here.data());
  return parse_environment_file(
      *text, path, whole.substr(0, std::max<std::size_t>(whole.rfind('/'), 1)));
}

Status apply(const EnvironmentFile& file, Request& request) {
  for (std::size_t i = 0; i < file.options.size(); ++i)
    BERTH_TRY(apply_one(file, i, request));
  return Done{};
}

}  // namespace berth::request
