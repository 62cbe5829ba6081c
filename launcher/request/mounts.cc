// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/mounts.h"

#include "base/text.h"
#include "launcher/request/mount_flags.h"
#include "launcher/request/options.h"

#include <algorithm>
#include <array>
#include <optional>

namespace berth::request {

namespace {

using Words = std::vector<std::string>;

Error refused(const std::string& goal, const std::string& why, const std::string& hint) {
  return Error{Blame::usage, goal + (why.empty() ? "" : ": " + why), {}, hint};
}

/// What a file system is told, and how it is checked here.
struct Setting {
  enum class Is : unsigned char { size, mode, number };

  std::string_view name;  ///< the kernel's
  std::string_view also;  ///< podman's
  Is is = Is::number;
};

struct Type {
  std::string_view name;
  std::uint64_t flags = 0;  ///< that are set unless their opposite is said
  std::array<Setting, 4> settings = {};
};

using Is = Setting::Is;
constexpr std::uint64_t kNothing = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::array<Type, 6> kTypes = {
    {{"bind"},
     {"tmpfs",
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
      {{{"size", "tmpfs-size", Is::size}, {"mode", "tmpfs-mode", Is::mode}, {"nr_inodes", ""}}}},
     {"devpts",
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
      {{{"mode", "", Is::mode}, {"ptmxmode", "", Is::mode}, {"gid", ""}, {"max", ""}}}},
     {"image", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV},
     {"mqueue", kNothing},
     {"sysfs", kNothing}}};

const Type* find_type(std::string_view name) {
  const auto* const type = std::find_if(
      kTypes.begin(), kTypes.end(), [&](const Type& known) { return known.name == name; });
  return type == kTypes.end() ? nullptr : type;
}

bool consists_of(const std::string& text, std::string_view letters, std::size_t most) {
  return !text.empty() && text.size() <= most && text.find_first_not_of(letters) == text.npos;
}

/// As the kernel takes it, or nothing.
std::optional<std::string> checked(const Setting& setting, const std::string& value) {
  if (setting.is == Is::mode && consists_of(value, "01234567", 4)) return value;
  if (setting.is == Is::number && consists_of(value, "0123456789", 9)) return value;
  if (setting.is != Is::size || value.empty()) return std::nullopt;
  std::string size = value;
  const std::size_t unit = std::string_view("kmgt").find(size.back());  // as podman has them
  if (unit != std::string_view::npos) size.back() = "KMGT"[unit];
  const auto bytes = parse_size(size);
  return bytes ? std::optional(std::to_string(*bytes)) : std::nullopt;
}

/// One mount, as its fields are read.
class Mount {
 public:
  Mount(std::string goal, const Type& type)
      : goal_(std::move(goal)),
        type_(type),
        words_(/*of_tree=*/type.name == "bind") {
    if (type.name == "image") {
      bind_.origin = Origin::image;
      bind_.image = 1;
    } else if (!is_bind()) {
      bind_.origin = Origin::own;
      bind_.from = type.name;
    }
  }

  /// "KEY", "KEY=VALUE".
  Status take(const std::string& field);
  Status take_target(const std::string& place);
  Status take_source(const std::string& place);
  Result<Bind> finish();

 private:
  [[nodiscard]] bool is_bind() const { return type_.name == "bind"; }

  Status once(bool is_there, std::string_view name);
  Status take_flag(const std::string& word);
  Status take_switch(const std::string& value, const std::string& yes, const std::string& no);
  Status take_propagation(const std::string& word);
  Status take_setting(const Setting& setting, const std::string& value);
  [[nodiscard]] Error unknown(const std::string& word) const;

  std::string goal_;
  const Type& type_;
  FlagWords words_;
  Bind bind_;
};

Error Mount::unknown(const std::string& word) const {
  Words known = flag_words(is_bind());
  for (const Setting& setting : type_.settings)
    if (!setting.name.empty()) known.emplace_back(setting.name);
  return unknown_mount_option(goal_, word, known);
}

Status Mount::once(bool is_there, std::string_view name) {
  if (!is_there) return Done{};
  return refused(goal_, quote(name) + " is said twice", "leave one of them out");
}

Status Mount::take_flag(const std::string& word) {
  auto is_known = words_.take(word, goal_);
  if (!is_known) return std::move(is_known.error());
  return *is_known ? Status(Done{}) : unknown(word);
}

Status Mount::take_switch(const std::string& value, const std::string& yes, const std::string& no) {
  if (value == "true" || value == "1") return take_flag(yes);
  if (value == "false" || value == "0") return take_flag(no);
  return refused(goal_, quote(value) + " is neither true nor false", "write true or false");
}

Status Mount::take_propagation(const std::string& word) {
  std::string_view kind = word;
  if (kind.starts_with('r')) kind.remove_prefix(1);
  if (kind == "private" || kind == "slave" || kind == "shared") return take_flag(word);
  return refused(goal_, quote(word) + " is no propagation", "write rprivate, rslave or rshared");
}

Status Mount::take_target(const std::string& place) {
  BERTH_TRY(once(!bind_.to.empty(), "dst"));
  bind_.to = place;
  return Done{};
}

Status Mount::take_source(const std::string& place) {
  BERTH_TRY(once(!bind_.from.empty(), "src"));
  bind_.from = place;
  return Done{};
}

Status Mount::take_setting(const Setting& setting, const std::string& value) {
  const auto& all = bind_.settings;
  BERTH_TRY(once(
      std::any_of(
          all.begin(), all.end(), [&](const MountSetting& one) { return one.key == setting.name; }),
      setting.name));
  auto good = checked(setting, value);
  if (!good)
    return refused(goal_,
                   quote(value) + " is no " + std::string(setting.name),
                   setting.is == Is::size   ? "write a number with K, M, G or T"
                   : setting.is == Is::mode ? "write an octal number, as 0755"
                                            : "write a number");
  bind_.settings.push_back({std::string(setting.name), std::move(*good)});
  return Done{};
}

Status Mount::take(const std::string& field) {
  const std::size_t equals = field.find('=');
  if (equals == std::string::npos) return take_flag(field == "readonly" ? "ro" : field);
  const std::string key = field.substr(0, equals);
  const std::string value = field.substr(equals + 1);
  if (key == "dst" || key == "destination" || key == "target") return take_target(value);
  if (key == "ro" || key == "readonly") return take_switch(value, "ro", "rw");
  if (key == "rw") return take_switch(value, "rw", "ro");
  if (bind_.origin != Origin::own && (key == "src" || key == "source")) return take_source(value);
  if (is_bind() && key == "bind-propagation") return take_propagation(value);
  if (is_bind() && key == "bind-nonrecursive") return take_switch(value, "nonrec", "rec");
  for (const Setting& setting : type_.settings)
    if (!key.empty() && (key == setting.name || key == setting.also))
      return take_setting(setting, value);
  return unknown(key);
}

Result<Bind> Mount::finish() {
  const bool is_image = bind_.origin == Origin::image;
  if (bind_.from.empty())
    return refused(
        goal_, "", is_image ? "name the image: src=IMAGE" : "say what to show: src=/PLACE");
  if (bind_.to.empty()) return refused(goal_, "", "say where it is seen: dst=/PLACE");
  if (bind_.to.front() != '/')
    return refused(goal_,
                   quote(bind_.to) + " is no place inside",
                   "the place inside the container must begin with '/': /PLACE");
  bind_.flags = words_.flags();
  if (is_image && (bind_.flags.clear & type_.flags) != 0)
    return refused(goal_, "an image is only read", "leave out rw, suid and dev");
  bind_.flags.set |= type_.flags & ~bind_.flags.clear;
  const auto& all = bind_.settings;
  const bool has_mode = std::any_of(
      all.begin(), all.end(), [](const MountSetting& one) { return one.key == "ptmxmode"; });
  // Without it nobody could open a terminal of the container's own (filesystems/devpts.rst).
  if (type_.name == "devpts" && !has_mode) bind_.settings.push_back({"ptmxmode", "0666"});
  return bind_;
}

/// Fields between commas; one in double quotes may have commas and, doubled, quotes (RFC 4180).
std::optional<Words> split_fields(const std::string& text) {
  Words fields(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      fields.emplace_back();
      continue;
    }
    if (text[i] != '"' || !fields.back().empty()) {
      fields.back() += text[i];
      continue;
    }
    for (++i; i < text.size() && (text[i] != '"' || text.compare(i, 2, "\"\"") == 0); ++i) {
      fields.back() += text[i];
      if (text[i] == '"') ++i;
    }
    if (i >= text.size() || (i + 1 < text.size() && text[i + 1] != ',')) return std::nullopt;
  }
  return fields;
}

std::string to_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += c;
    field += c;
  }
  return field + "\"";
}

constexpr const char* kTypeHint = "write type=bind, image, tmpfs, devpts, mqueue or sysfs";

}  // namespace

Result<Bind> parse_bind(const std::string& text) {
  const Words parts = split(text, ':');
  const std::string goal = "bind " + quote(text);
  if (parts.size() > 3 || parts[0].empty())
    return refused(goal, "", "write --bind SRC, SRC:DST or SRC:DST:ro");
  const std::string& to = parts.size() > 1 && !parts[1].empty() ? parts[1] : parts[0];
  if (to.front() != '/')
    return refused(
        goal, "", "the place inside the container must begin with '/': " + parts[0] + ":/PLACE");
  Mount mount(goal, kTypes[0]);
  BERTH_TRY(mount.take_source(parts[0]));
  BERTH_TRY(mount.take_target(to));
  if (parts.size() == 3)
    for (const std::string& word : split(parts[2], ','))
      BERTH_TRY(mount.take(word));
  return mount.finish();
}

Result<Bind> parse_tmpfs(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string goal = "mount a tmpfs on " + quote(text);
  if (!text.starts_with('/')) return refused(goal, "", "write --tmpfs /PLACE or /PLACE:OPTS");
  Mount mount(goal, kTypes[1]);
  BERTH_TRY(mount.take_target(text.substr(0, colon)));
  if (colon != std::string::npos)
    for (const std::string& word : split(text.substr(colon + 1), ','))
      BERTH_TRY(mount.take(word));
  return mount.finish();
}

Result<Bind> parse_mount(const std::string& text) {
  const std::string goal = "mount " + quote(text);
  auto fields = split_fields(text);
  if (!fields) return refused(goal, "", "close the double quotes at the end of a field");
  const auto is_type = [](const std::string& field) { return field.starts_with("type="); };
  const auto first = std::find_if(fields->begin(), fields->end(), is_type);
  if (first == fields->end()) return refused(goal, "it has no type", kTypeHint);
  const std::string name = first->substr(5);
  const Type* type = find_type(name);
  if (type == nullptr) return refused(goal, "unknown type " + quote(name), kTypeHint);
  fields->erase(first);
  Mount mount(goal, *type);
  for (const std::string& field : *fields)
    BERTH_TRY(mount.take(field));
  return mount.finish();
}

std::string to_mount_text(const Bind& bind) {
  Words fields;
  if (bind.origin == Origin::own) {
    fields = {"type=" + bind.from};
  } else {
    fields = {bind.origin == Origin::image ? "type=image" : "type=bind", "src=" + bind.from};
  }
  fields.push_back("dst=" + bind.to);
  for (std::string& word : words_of(bind.flags))
    fields.push_back(std::move(word));
  for (const MountSetting& setting : bind.settings)
    fields.push_back(setting.key + "=" + setting.value);
  std::string text;
  for (const std::string& field : fields)
    text += (text.empty() ? "" : ",") + to_field(field);
  return text;
}

}  // namespace berth::request
