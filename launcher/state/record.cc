// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/record.h"

#include "base/text.h"
#include "launcher/state/name.h"

#include <sched.h>

#include <array>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::state {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

/// Texts of the system are bytes, those of JSON are characters: each byte becomes the character of
/// its number.
std::string widened(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

/// Nothing where a character is none of a byte, or is NUL, which no text of the system has.
std::optional<std::string> narrowed(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead == 0) return std::nullopt;
    if (lead < 0x80) {
      bytes += text[i];
      continue;
    }
    if ((lead != 0xC2 && lead != 0xC3) || i + 1 == text.size()) return std::nullopt;
    bytes += static_cast<char>((lead & 3U) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
  }
  return bytes;
}

Json widened_all(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts)
    array.push_back(widened(text));
  return array;
}

Json of(const ProcessId& id) {
  return {{"pid", id.pid}, {"start", id.start}};
}

/// An instruction in one number.
std::uint64_t packed(const sock_filter& one) {
  return std::uint64_t{one.code} << 48 | std::uint64_t{one.jt} << 40 | std::uint64_t{one.jf} << 32 |
         one.k;
}

sock_filter unpacked(std::uint64_t number) {
  return {static_cast<std::uint16_t>(number >> 48),
          static_cast<std::uint8_t>(number >> 40),
          static_cast<std::uint8_t>(number >> 32),
          static_cast<std::uint32_t>(number)};
}

Json of(const Entry& entry) {
  Json limits = Json::array();
  for (const Limit& limit : entry.limits)
    limits.push_back({limit.resource, limit.soft, limit.hard});
  Json filter = Json::array();
  for (const sock_filter& one : entry.filter)
    filter.push_back(packed(one));
  Json json = {{"namespaces", entry.namespaces},
               {"workdir", widened(entry.workdir)},
               {"may_lack_workdir", entry.may_lack_workdir},
               {"capabilities", entry.kept},
               {"environment", widened_all(entry.environment)},
               {"limits", std::move(limits)},
               {"profile", widened(entry.profile)},
               {"filter", std::move(filter)}};
  if (entry.umask) json["umask"] = *entry.umask;
  if (entry.ids) json["ids"] = {{"uid", entry.ids->uid}, {"gid", entry.ids->gid}};
  return json;
}

/// Reads fields; whatever is missing or of another kind is remembered.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  template <class Number>
  void number(const char* name, Number& out) {
    const Json* field = find(name);
    if (field != nullptr) take(*field, out);
  }

  void text(const char* name, std::string& out) {
    const Json* field = find(name);
    if (field != nullptr) take(*field, out);
  }

  void texts(const char* name, std::vector<std::string>& out) {
    const Json* field = find(name);
    if (field == nullptr) return;
    is_whole_ = is_whole_ && field->is_array();
    if (!field->is_array()) return;
    for (const Json& item : *field)
      take(item, out.emplace_back());
  }

  void flag(const char* name, bool& out) {
    const Json* field = find(name);
    is_whole_ = is_whole_ && field != nullptr && field->is_boolean();
    if (is_whole_) out = field->get<bool>();
  }

  void process(const char* name, ProcessId& out) {
    const Json* field = find(name);
    if (field == nullptr) return;
    Reader inner(*field);
    inner.number("pid", out.pid);
    inner.number("start", out.start);
    is_whole_ = is_whole_ && inner.is_whole();
  }

  /// An array of arrays of `count` numbers, or an array of numbers.
  std::vector<std::vector<std::uint64_t>> rows(const char* name, std::size_t count) {
    std::vector<std::vector<std::uint64_t>> found;
    const Json* field = find(name);
    is_whole_ = is_whole_ && field != nullptr && field->is_array();
    if (!is_whole_) return found;
    for (const Json& item : *field) {
      is_whole_ = is_whole_ && item.is_array() && item.size() == count;
      if (!is_whole_) return found;
      for (auto& row = found.emplace_back(); const Json& one : item)
        take(one, row.emplace_back());
    }
    return found;
  }

  [[nodiscard]] bool has(const char* name) const {
    return object_.is_object() && object_.contains(name);
  }

  [[nodiscard]] bool is_whole() const { return is_whole_; }

  /// Null where it is missing.
  const Json* find(const char* name) {
    const bool is_there = has(name);
    is_whole_ = is_whole_ && is_there;
    return is_there ? &*object_.find(name) : nullptr;
  }

  template <class Number>
  void take(const Json& field, Number& out) {
    using Widest = std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t>;
    const bool is_kind =
        std::is_signed_v<Number> ? field.is_number_integer() : field.is_number_unsigned();
    is_whole_ = is_whole_ && is_kind;
    if (!is_kind) return;
    const auto value = field.get<Widest>();
    is_whole_ = is_whole_ && std::in_range<Number>(value);
    out = static_cast<Number>(value);
  }

  void take(const Json& field, std::string& out) {
    const auto bytes =
        field.is_string() ? narrowed(field.get_ref<const std::string&>()) : std::nullopt;
    is_whole_ = is_whole_ && bytes.has_value();
    if (bytes) out = *bytes;
  }

 private:
  const Json& object_;
  bool is_whole_ = true;
};

bool read_filter(const Json* field, std::vector<sock_filter>& filter) {
  if (field == nullptr || !field->is_array() || field->size() > BPF_MAXINSNS) return false;
  for (const Json& one : *field) {
    if (!one.is_number_unsigned()) return false;
    filter.push_back(unpacked(one.get<std::uint64_t>()));
  }
  return true;
}

bool read_entry(const Json* field, Entry& entry) {
  if (field == nullptr) return false;
  Reader reader(*field);
  reader.number("namespaces", entry.namespaces);
  reader.text("workdir", entry.workdir);
  reader.flag("may_lack_workdir", entry.may_lack_workdir);
  reader.number("capabilities", entry.kept);
  reader.texts("environment", entry.environment);
  reader.text("profile", entry.profile);
  if (reader.has("umask")) reader.number("umask", entry.umask.emplace());
  if (reader.has("ids")) {
    Reader ids(*reader.find("ids"));
    ids.number("uid", entry.ids.emplace().uid);
    ids.number("gid", entry.ids->gid);
    if (!ids.is_whole()) return false;
  }
  for (const auto& row : reader.rows("limits", 3))
    entry.limits.push_back({static_cast<int>(row[0]), row[1], row[2]});
  return read_filter(reader.find("filter"), entry.filter) && reader.is_whole();
}

bool read_inodes(const Json* field, std::map<std::string, std::uint64_t>& inodes) {
  if (field == nullptr || !field->is_object()) return false;
  for (const auto& [name, inode] : field->items()) {
    if (!inode.is_number_unsigned()) return false;
    inodes[name] = inode.get<std::uint64_t>();
  }
  return true;
}

bool read_record(const Json& json, Record& record) {
  Reader reader(json);
  int version = 0;
  reader.number("version", version);
  if (version != kVersion) return false;
  reader.text("name", record.name);
  reader.text("key", record.key);
  reader.text("node", record.node);
  reader.text("boot", record.boot);
  reader.number("pids", record.pids);
  reader.text("image", record.image);
  reader.texts("command", record.command);
  reader.number("created", record.created);
  reader.flag("detached", record.is_detached);
  reader.process("monitor", record.monitor);
  reader.process("launcher", record.launcher);
  reader.process("program", record.program);
  reader.number("stop_signal", record.stop_signal);
  reader.number("stop_timeout", record.stop_timeout);
  if (reader.has("ended")) {
    Reader ended(json["ended"]);
    ended.number("status", record.ended.emplace().status);
    ended.number("at", record.ended->at);
    if (!ended.is_whole()) return false;
  }
  return read_inodes(reader.find("inodes"), record.inodes) &&
         read_entry(reader.find("entry"), record.entry) && reader.is_whole();
}

/// What could do harm if it were believed.
bool is_plausible(const Record& record) {
  const auto could_be = [](const ProcessId& id) { return id.pid >= 0 && id.pid != 1; };
  return could_be(record.monitor) && could_be(record.launcher) && could_be(record.program) &&
         record.stop_signal > 0 && record.stop_signal <= SIGRTMAX;
}

}  // namespace

std::string to_text(const Record& record) {
  Json inodes = Json::object();
  for (const auto& [name, inode] : record.inodes)
    inodes[name] = inode;
  Json json = {{"version", kVersion},
               {"name", record.name},
               {"key", record.key},
               {"node", widened(record.node)},
               {"boot", record.boot},
               {"pids", record.pids},
               {"image", widened(record.image)},
               {"command", widened_all(record.command)},
               {"created", record.created},
               {"detached", record.is_detached},
               {"monitor", of(record.monitor)},
               {"launcher", of(record.launcher)},
               {"program", of(record.program)},
               {"inodes", std::move(inodes)},
               {"stop_signal", record.stop_signal},
               {"stop_timeout", record.stop_timeout},
               {"entry", of(record.entry)}};
  if (record.ended) json["ended"] = {{"status", record.ended->status}, {"at", record.ended->at}};
  return json.dump() + "\n";
}

Result<Record> parse_record(const std::string& text, const std::string& name) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Record record;
  if (!json.is_object() || !read_record(json, record) || record.name != name ||
      !is_plausible(record))
    return Error{Blame::config,
                 "use the record of the container " + quote(name) + ": it is damaged",
                 {},
                 "remove it: berth rm " + quote(name)};
  return record;
}

std::vector<std::string> namespace_files(int flags) {
  static constexpr std::array<std::pair<int, const char*>, 8> kFiles = {
      {{CLONE_NEWUSER, "user"},
       {CLONE_NEWPID, "pid"},
       {CLONE_NEWUTS, "uts"},
       {CLONE_NEWIPC, "ipc"},
       {CLONE_NEWNET, "net"},
       {CLONE_NEWCGROUP, "cgroup"},
       {CLONE_NEWTIME, "time"},
       {CLONE_NEWNS, "mnt"}}};
  std::vector<std::string> files;
  for (const auto& [flag, file] : kFiles)
    if ((flags & flag) != 0) files.emplace_back(file);
  return files;
}

}  // namespace berth::state
