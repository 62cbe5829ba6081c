// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/spec.h"

#include "base/text.h"
#include "hooks/cdi/fields.h"
#include "hooks/cdi/json.h"
#include "hooks/name.h"
#include "hooks/stage.h"

#include <algorithm>
#include <array>
#include <limits>

namespace berth::hooks {

namespace {

constexpr std::uint64_t kLargest32 = std::numeric_limits<std::uint32_t>::max();

/// Those of which this file knows what each field means. 0.8.0 and 1.0.0 changed nothing but
/// programs.
constexpr std::array<std::string_view, 10> kVersions = {
    "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"};

template <class Values>
bool is_one_of(std::string_view text, const Values& values) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

bool is_variable(const std::string& text) {
  return text.find('=') != std::string::npos && text.front() != '=';
}

/// Lists without an item are no edits either.
bool are_nothing(const Element& edits) {
  return std::all_of(edits.items.begin(), edits.items.end(), [](const Element& one) {
    const bool is_empty = one.kind == Element::Kind::list && one.items.empty();
    return is_empty || one.kind == Element::Kind::nothing;
  });
}

void name_hooks(Edits& edits) {
  for (Hook& hook : edits.hooks)
    hook.who = edits.who;
}

/// One file on its way to a Spec.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<Spec> read(const Element& root);
  Result<Edits> read_answer(const Element& root);

 private:
  using Handler = Status (Reader::*)(const Element&, Edits&);

  Status read_version(const Fields& fields);
  Status read_kind(const Fields& fields, Spec& spec);
  Status read_annotations(const Fields& fields);
  Status read_device(const Element& map, Spec& spec);
  Status read_edits(const Element& map, Edits& edits);
  Status read_each(const Fields& fields, const std::string& name, Handler handler, Edits& edits);
  static Status read_numbers(const Fields& fields, DeviceNode& node);
  Status read_node(const Element& map, Edits& edits);
  Status read_mount(const Element& map, Edits& edits);
  Status read_hook(const Element& map, Edits& edits);
  Status read_cache(const Element& map, Edits& edits);
  Status read_interface(const Element& map, Edits& edits);
  Status read_groups(const Fields& fields, Edits& edits);

  /// A field that came with a version of its own.
  [[nodiscard]] Status need(std::string_view version,
                            const Fields& fields,
                            const std::string& name) const;

  const std::string& file_;
  std::string version_;
};

Status Reader::need(std::string_view version, const Fields& fields, const std::string& name) const {
  // One digit each: they compare as texts.
  if (fields.find(name) == nullptr || version_ >= version) return Done{};
  return fields.refuse(name, "needs cdiVersion " + std::string(version) + " or later");
}

Status Reader::read_version(const Fields& fields) {
  auto version = fields.text("cdiVersion", true);
  if (!version) return std::move(version.error());
  version_ = version->starts_with('v') ? version->substr(1) : *version;
  if (is_one_of(version_, kVersions)) return Done{};
  return fields.refuse("cdiVersion", quote(*version) + " is not one that berth knows: up to 1.1.0");
}

Status Reader::read_kind(const Fields& fields, Spec& spec) {
  auto kind = fields.text("kind", true);
  if (!kind) return std::move(kind.error());
  if (!is_kind(*kind))
    return fields.refuse("kind", "has to be VENDOR/CLASS, as in 'vendor.com/gpu'");
  if (kind->substr(kind->find('/')).find('.') != std::string::npos)
    BERTH_TRY(need("0.6.0", fields, "kind"));
  spec.kind = std::move(*kind);
  return Done{};
}

/// For people and other programs; here they only have to be well formed.
Status Reader::read_annotations(const Fields& fields) {
  const Element* map = fields.find("annotations");
  if (map == nullptr) return Done{};
  BERTH_TRY(need("0.6.0", fields, "annotations"));
  const bool are_texts = std::all_of(map->items.begin(), map->items.end(), [](const Element& item) {
    return item.kind == Element::Kind::word;
  });
  if (map->kind == Element::Kind::map && are_texts) return Done{};
  return fields.refuse("annotations", "has to be a map of texts");
}

Status Reader::read_each(const Fields& fields,
                         const std::string& name,
                         Handler handler,
                         Edits& edits) {
  auto maps = fields.maps(name);
  if (!maps) return std::move(maps.error());
  for (const Element* map : *maps)
    BERTH_TRY((this->*handler)(*map, edits));
  return Done{};
}

Status Reader::read_numbers(const Fields& fields, DeviceNode& node) {
  for (const char* name : {"fileMode", "uid", "gid", "major", "minor"}) {
    auto number = fields.number(name, kLargest32);
    if (!number) return std::move(number.error());
    if (!*number) continue;
    const auto value = static_cast<std::uint32_t>(**number);
    if (name == std::string_view("major")) node.major = value;
    if (name == std::string_view("minor")) node.minor = value;
    if (name == std::string_view("fileMode")) node.mode = value;
    if (name == std::string_view("uid")) node.uid = value;
    if (name == std::string_view("gid")) node.gid = value;
  }
  return Done{};
}

Status Reader::read_node(const Element& map, Edits& edits) {
  auto fields = Fields::open(
      map,
      file_,
      "a device node",
      {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"});
  if (!fields) return std::move(fields.error());
  BERTH_TRY(need("0.5.0", *fields, "hostPath"));
  auto path = fields->path("path", true);
  if (!path) return std::move(path.error());
  auto from = fields->path("hostPath");
  if (!from) return std::move(from.error());
  auto type = fields->text("type");
  if (!type) return std::move(type.error());
  auto rights = fields->text("permissions");
  if (!rights) return std::move(rights.error());
  if (type->size() > 1 ||
      (!type->empty() && std::string_view("bcup").find(*type) == std::string_view::npos))
    return fields->refuse("type", "has to be b, c, u or p");
  if (rights->find_first_not_of("rwm") != std::string::npos)
    return fields->refuse("permissions", "has letters other than r, w and m");
  DeviceNode node{*path, from->empty() ? *path : *from};
  // An unbuffered character device (mknod(1)) is a character device.
  if (!type->empty()) node.type = *type == "u" ? 'c' : type->front();
  node.rights = std::move(*rights);
  BERTH_TRY(read_numbers(*fields, node));
  edits.devices.push_back(std::move(node));
  return Done{};
}

Status Reader::read_mount(const Element& map, Edits& edits) {
  auto fields =
      Fields::open(map, file_, "a mount", {"hostPath", "containerPath", "type", "options"});
  if (!fields) return std::move(fields.error());
  BERTH_TRY(need("0.4.0", *fields, "type"));
  auto from = fields->text("hostPath", true);
  if (!from) return std::move(from.error());
  auto to = fields->path("containerPath", true);
  if (!to) return std::move(to.error());
  auto type = fields->text("type");
  if (!type) return std::move(type.error());
  auto options = fields->texts("options");
  if (!options) return std::move(options.error());
  // A bind's type is a dummy, whatever it says.
  const bool is_bind = is_one_of("bind", *options) || is_one_of("rbind", *options);
  if (is_bind || type->empty() || *type == "bind" || *type == "none") {
    type->clear();
    from = fields->path("hostPath", true);
    if (!from) return std::move(from.error());
  }
  edits.mounts.push_back({*from, *to, *type, *options});
  return Done{};
}

Status Reader::read_hook(const Element& map, Edits& edits) {
  auto fields = Fields::open(map, file_, "a hook", {"hookName", "path", "args", "env", "timeout"});
  if (!fields) return std::move(fields.error());
  auto name = fields->text("hookName", true);
  if (!name) return std::move(name.error());
  const auto stage = stage_of(*name);
  if (!stage) return fields->refuse("hookName", "is none that there is");
  auto path = fields->path("path", true);
  if (!path) return std::move(path.error());
  auto arguments = fields->texts("args");
  if (!arguments) return std::move(arguments.error());
  auto variables = fields->texts("env");
  if (!variables) return std::move(variables.error());
  if (!std::all_of(variables->begin(), variables->end(), is_variable))
    return fields->refuse("env", "has to be a list of NAME=VALUE");
  auto timeout = fields->number("timeout", kLargest32);
  if (!timeout) return std::move(timeout.error());
  if (*timeout == 0U) return fields->refuse("timeout", "has to be greater than 0");
  Hook hook{*stage, *path, std::move(*arguments), std::move(*variables)};
  if (hook.words.empty()) hook.words = {*path};
  hook.seconds = static_cast<std::uint32_t>(timeout->value_or(0));
  edits.hooks.push_back(std::move(hook));
  return Done{};
}

Status Reader::read_cache(const Element& map, Edits& edits) {
  auto fields = Fields::open(map,
                             file_,
                             "'intelRdt'",
                             {"closID",
                              "l3CacheSchema",
                              "memBwSchema",
                              "enableCMT",
                              "enableMBM",
                              "schemata",
                              "enableMonitoring"});
  if (!fields) return std::move(fields.error());
  BERTH_TRY(need("1.1.0", *fields, "schemata"));
  BERTH_TRY(need("1.1.0", *fields, "enableMonitoring"));
  for (const char* name : {"closID", "l3CacheSchema", "memBwSchema"})
    if (auto text = fields->text(name); !text) return std::move(text.error());
  for (const char* name : {"enableCMT", "enableMBM", "enableMonitoring"}) {
    auto word = fields->text(name);
    if (!word) return std::move(word.error());
    if (!word->empty() && *word != "true" && *word != "false")
      return fields->refuse(name, "has to be true or false");
  }
  if (auto lines = fields->texts("schemata"); !lines) return std::move(lines.error());
  edits.left_out.emplace_back("a share of the processor's cache: only root can give one");
  return Done{};
}

/// What is taken from the node's network namespace belongs to root there.
Status Reader::read_interface(const Element& map, Edits& edits) {
  auto fields = Fields::open(map, file_, "a network device", {"hostInterfaceName", "name"});
  if (!fields) return std::move(fields.error());
  auto from = fields->text("hostInterfaceName", true);
  if (!from) return std::move(from.error());
  if (auto name = fields->text("name", true); !name) return std::move(name.error());
  edits.left_out.push_back("the network interface " + quote(*from) +
                           ": only root can take one from this node");
  return Done{};
}

/// A user cannot take a group; those that he is in stay his.
Status Reader::read_groups(const Fields& fields, Edits& edits) {
  BERTH_TRY(need("0.7.0", fields, "additionalGids"));
  auto groups = fields.texts("additionalGids");
  if (!groups) return std::move(groups.error());
  for (const std::string& group : *groups) {
    if (group.empty() || group.size() > 10 ||
        group.find_first_not_of("0123456789") != std::string::npos ||
        std::stoull(group) > kLargest32)
      return fields.refuse("additionalGids", "has to be a list of numbers");
    edits.groups.push_back(static_cast<std::uint32_t>(std::stoull(group)));
  }
  return Done{};
}

Status Reader::read_edits(const Element& map, Edits& edits) {
  auto fields = Fields::open(
      map,
      file_,
      "'containerEdits'",
      {"env", "deviceNodes", "netDevices", "mounts", "hooks", "intelRdt", "additionalGids"});
  if (!fields) return std::move(fields.error());
  auto variables = fields->texts("env");
  if (!variables) return std::move(variables.error());
  if (!std::all_of(variables->begin(), variables->end(), is_variable))
    return fields->refuse("env", "has to be a list of NAME=VALUE");
  edits.variables = std::move(*variables);
  BERTH_TRY(read_each(*fields, "deviceNodes", &Reader::read_node, edits));
  BERTH_TRY(read_each(*fields, "mounts", &Reader::read_mount, edits));
  BERTH_TRY(read_each(*fields, "hooks", &Reader::read_hook, edits));
  BERTH_TRY(need("1.1.0", *fields, "netDevices"));
  BERTH_TRY(read_each(*fields, "netDevices", &Reader::read_interface, edits));
  BERTH_TRY(need("0.7.0", *fields, "intelRdt"));
  if (const Element* cache = fields->find("intelRdt")) BERTH_TRY(read_cache(*cache, edits));
  return read_groups(*fields, edits);
}

Status Reader::read_device(const Element& map, Spec& spec) {
  auto fields = Fields::open(map, file_, "a device", {"name", "annotations", "containerEdits"});
  if (!fields) return std::move(fields.error());
  auto name = fields->text("name", true);
  if (!name) return std::move(name.error());
  if (!is_device_part(*name))
    return fields->refuse(
        "name", "is " + quote(*name) + ": letters, digits and '_-.:' between them, no more");
  if (name->front() <= '9') BERTH_TRY(need("0.5.0", *fields, "name"));
  for (const Device& other : spec.devices)
    if (other.name == *name) return fields->refuse("name", quote(*name) + " is there twice");
  BERTH_TRY(read_annotations(*fields));
  Device device{*name, {}};
  const Element* edits = fields->find("containerEdits");
  if (edits == nullptr || are_nothing(*edits))
    return fields->refuse("containerEdits", "is missing: the device would be nothing");
  BERTH_TRY(read_edits(*edits, device.edits));
  device.edits.who = to_text(DeviceName{spec.kind, *name}) + " (" + file_ + ")";
  name_hooks(device.edits);
  spec.devices.push_back(std::move(device));
  return Done{};
}

Result<Spec> Reader::read(const Element& root) {
  auto fields = Fields::open(
      root, file_, "the file", {"cdiVersion", "kind", "annotations", "devices", "containerEdits"});
  if (!fields) return std::move(fields.error());
  Spec spec{.file = file_};
  BERTH_TRY(read_version(*fields));
  BERTH_TRY(read_kind(*fields, spec));
  BERTH_TRY(read_annotations(*fields));
  auto devices = fields->maps("devices");
  if (!devices) return std::move(devices.error());
  if (devices->empty()) return fields->refuse("devices", "is missing or empty");
  for (const Element* device : *devices)
    BERTH_TRY(read_device(*device, spec));
  if (const Element* edits = fields->find("containerEdits"))
    BERTH_TRY(read_edits(*edits, spec.edits));
  spec.edits.who = spec.kind + " (" + file_ + ")";
  name_hooks(spec.edits);
  return spec;
}

Result<Edits> Reader::read_answer(const Element& root) {
  auto fields = Fields::open(root, file_, "the answer", {"cdiVersion", "containerEdits"});
  if (!fields) return std::move(fields.error());
  BERTH_TRY(read_version(*fields));
  Edits edits;
  if (const Element* map = fields->find("containerEdits")) BERTH_TRY(read_edits(*map, edits));
  return edits;
}

}  // namespace

Result<Spec> parse_spec(const std::string& text, const std::string& file) {
  const auto json = parse_json(text, file);
  if (!json) return json.error();
  if (*json) return Reader(file).read(**json);
  const auto root = settings::parse_document(text, file);
  if (!root) return root.error();
  if (root->kind == Element::Kind::nothing) return settings::bad_line(file, 1, "it is empty");
  return Reader(file).read(*root);
}

Result<Edits> parse_hook_answer(const std::string& text, const std::string& who) {
  if (text.find_first_not_of(" \t\r\n") == text.npos) return Edits{.who = who};
  const auto json = parse_json(text, who);
  if (!json) return json.error();
  if (!*json) return Error{Blame::config, "understand " + quote(who) + ": it is not a JSON object"};
  auto edits = Reader(who).read_answer(**json);
  if (!edits) return edits;
  edits->who = who;
  name_hooks(*edits);
  return edits;
}

}  // namespace berth::hooks
