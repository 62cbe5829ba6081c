// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plan_case.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/pin/machine_text.h"
#include "launcher/plan/plan.h"
#include "launcher/request/image_config.h"
#include "launcher/request/options.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace berth::tests {

namespace {

using Lines = std::vector<std::string>;

const std::string kFolder = std::string(BERTH_SOURCE_DIR) + "/tests/data/plans/";

Error wrong(const std::string& what) {
  return Error{Blame::internal, "read a case of a plan: " + what};
}

std::map<std::string, Lines> sections_of(const std::string& text) {
  std::map<std::string, Lines> sections;
  std::string section = "what";
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with('[') && line.ends_with(']'))
      section = line.substr(1, line.size() - 2);
    else if (!line.empty())
      sections[section].push_back(line);
  }
  return sections;
}

std::string* text_field(Launch& launch, const std::string& key) {
  const std::map<std::string, std::string*> fields = {{"user", &launch.facts.user},
                                                      {"group", &launch.facts.group},
                                                      {"home", &launch.facts.home},
                                                      {"cwd", &launch.facts.cwd},
                                                      {"node", &launch.facts.node},
                                                      {"network", &launch.facts.network},
                                                      {"base", &launch.facts.base},
                                                      {"launcher", &launch.facts.rank.launcher},
                                                      {"step", &launch.facts.rank.step}};
  const auto field = fields.find(key);
  return field == fields.end() ? nullptr : field->second;
}

unsigned* number_field(Launch& launch, const std::string& key) {
  const std::map<std::string, unsigned*> fields = {{"uid", &launch.facts.uid},
                                                   {"gid", &launch.facts.gid},
                                                   {"rank", &launch.facts.rank.rank},
                                                   {"local_rank", &launch.facts.rank.local_rank},
                                                   {"local_size", &launch.facts.rank.local_size}};
  const auto field = fields.find(key);
  return field == fields.end() ? nullptr : field->second;
}

/// "lib64 -> usr/lib64", "usr/", or "usr/ld.so 4096 100": a link, a directory, a file's place.
StartFile start_file_of(const std::string& text) {
  const std::size_t arrow = text.find(" -> ");
  if (arrow != std::string::npos)
    return {text.substr(0, arrow), StartFile::Kind::link, 0777, 0, text.substr(arrow + 4)};
  if (text.ends_with('/'))
    return {text.substr(0, text.size() - 1), StartFile::Kind::directory, 0755};
  const auto words = split(text, ' ');
  return {words.at(0),
          StartFile::Kind::file,
          0755,
          0,
          "",
          std::stoull(words.at(1)),
          std::stoull(words.at(2))};
}

/// "100000 65536": the first one and how many.
IdRange range_of(const std::string& text) {
  const auto words = split(text, ' ');
  return {static_cast<unsigned>(std::stoul(words.at(0))),
          static_cast<unsigned>(std::stoul(words.at(1)))};
}

/// "/sys/fs/cgroup/memory/ada memory.limit_in_bytes=1": where a group is made, and what is written.
GroupPart group_part_of(const std::string& text) {
  const auto words = split(text, ' ');
  GroupPart part{words.at(0)};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    part.settings.push_back({words[i].substr(0, equals), words[i].substr(equals + 1)});
  }
  return part;
}

/// False when nothing repeatable has that name.
bool append_value(Launch& launch, const std::string& key, const std::string& value) {
  if (key == "environment")
    launch.facts.environment.push_back(value);
  else if (key == "directory")
    launch.facts.directories.push_back(value);
  else if (key == "rank_directory")
    launch.facts.rank.directories.push_back(value);
  else if (key == "job_gpu")
    launch.facts.cpus.gpus.job.push_back(value);
  else if (key == "kept_descriptor")
    launch.facts.kept_descriptors.push_back(std::stoi(value));
  else if (key == "layer" || key == "layer_directory")
    launch.image.layers.push_back({value, key == "layer_directory"});
  else if (key == "image_passwd")
    launch.image.passwd += value + "\n";
  else if (key == "image_start")
    launch.image.start.push_back(start_file_of(value));
  else if (key == "image_has_proof")
    launch.image.has_proof = value == "yes";
  else if (key == "subuid")
    launch.facts.subordinate.users.push_back(range_of(value));
  else if (key == "subgid")
    launch.facts.subordinate.groups.push_back(range_of(value));
  else if (key == "group_part")
    launch.facts.control_group.parts.push_back(group_part_of(value));
  else if (key == "image_group")
    launch.image.group += value + "\n";
  else
    return false;
  return true;
}

/// Sets of CPUs and memory nodes.
Numbers* numbers_field(Launch& launch, const std::string& key) {
  CpuFacts& cpus = launch.facts.cpus;
  const std::map<std::string, Numbers*> fields = {
      {"own_cpus", &cpus.own}, {"given_cpus", &cpus.given}, {"memory_nodes", &cpus.memory}};
  const auto field = fields.find(key);
  return field == fields.end() ? nullptr : field->second;
}

/// A line "machine=..." for each of its text's.
Status take_machine(Launch& launch, const Lines& lines) {
  std::string text;
  for (const std::string& line : lines)
    if (line.starts_with("machine=")) text += line.substr(line.find('=') + 1) + "\n";
  if (text.empty()) return Done{};
  auto machine = pin::parse_machine(text);
  if (!machine) return std::move(machine.error());
  launch.facts.cpus.machine = std::move(*machine);
  return Done{};
}

Status take_fact(Launch& launch, const std::string& line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string::npos) return wrong("no '=' in " + quote(line));
  const std::string key = line.substr(0, equals);
  const std::string value = line.substr(equals + 1);
  if (std::string* text = text_field(launch, key))
    *text = value;
  else if (unsigned* number = number_field(launch, key))
    *number = static_cast<unsigned>(std::stoul(value));
  else if (Numbers* numbers = numbers_field(launch, key))
    *numbers = parse_numbers(value).value_or(Numbers());
  else if (!append_value(launch, key, value))
    return wrong("unknown fact " + quote(key));
  return Done{};
}

Status take_role(Launch& launch, const Lines& lines) {
  const std::map<std::string, Role> roles = {
      {"alone", Role::alone}, {"leader", Role::leader}, {"joiner", Role::joiner}};
  const auto role = lines.size() == 1 ? roles.find(lines[0]) : roles.end();
  if (role == roles.end()) return wrong("a role is alone, leader or joiner");
  launch.role = role->second;
  return Done{};
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace

Facts ordinary_facts() {
  Facts facts;
  facts.uid = 1000;
  facts.gid = 100;
  facts.user = "ada";
  facts.group = "users";
  facts.home = "/home/ada";
  facts.cwd = "/home/ada/work";
  facts.node = "n1";
  facts.base = "/tmp";
  facts.hosts = "127.0.0.1 localhost\n";
  facts.resolv_conf = "nameserver 192.0.2.1\n";
  facts.environment = {"HOME=/home/ada", "PATH=/opt/host/bin:/usr/bin", "LANG=C.UTF-8"};
  facts.directories = {"/proc", "/sys", "/dev", "/tmp", "/home/ada", "/home/ada/work"};
  return facts;
}

Result<Launch> make_launch(const std::vector<std::string>& words) {
  auto request = request::parse_command_line(words);
  if (!request) return std::move(request.error());
  Launch launch{std::move(*request), ordinary_facts(), {}, {}, Role::alone};
  if (!launch.request.seccomp.empty()) launch.filter = {{BPF_RET | BPF_K, 0, 0, 0x7fff0000}};
  launch.image.path = launch.facts.cwd + "/" + launch.request.image;
  return launch;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::string case_file(const std::string& name) {
  return kFolder + name + ".case";
}

std::string plan_file(const std::string& name) {
  return kFolder + name + ".plan.txt";
}

Result<Launch> read_case(const std::string& name) {
  auto text = read_text_file(case_file(name), 1 << 16);
  if (!text) return std::move(text.error());
  auto sections = sections_of(*text);
  auto launch = make_launch(sections["arguments"]);
  if (!launch) return launch;
  for (const std::string& line : sections["facts"])
    if (!line.starts_with("machine=")) BERTH_TRY(take_fact(*launch, line));
  BERTH_TRY(take_machine(*launch, sections["facts"]));
  BERTH_TRY(take_role(*launch, sections["role"]));
  if (!launch->request.user.empty()) {
    auto identity = plan::find_identity(*launch);
    if (!identity) return std::move(identity.error());
    launch->identity = std::move(*identity);
  }
  std::vector<std::string> names = {launch->request.image};
  if (!launch->image.layers.empty()) names.clear();
  for (const Layer& layer : launch->image.layers)
    names.push_back(layer.name);
  // Of several images each has a line, the lowest first.
  Lines texts = {joined(sections["config"])};
  if (names.size() > 1) texts = sections["config"];
  texts.resize(names.size());
  auto config = request::parse_configs(request::join_configs(texts), names);
  if (!config) return std::move(config.error());
  launch->config = std::move(*config);
  return launch;
}

}  // namespace berth::tests
