// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "launcher/seccomp/rules.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::seccomp {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::uint32_t kMostErrno = 4095;   ///< MAX_ERRNO of the kernel
constexpr std::uint64_t kMostArguments = 6;  ///< of a system call

struct ActionName {
  std::string_view name;
  std::uint32_t action;
  bool has_errno = false;
};

/// Not SCMP_ACT_NOTIFY: nobody would answer.
constexpr std::array<ActionName, 8> kActions = {{{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                                 {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
                                                 {"SCMP_ACT_KILL", SCMP_ACT_KILL},
                                                 {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                                 {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                                 {"SCMP_ACT_LOG", SCMP_ACT_LOG},
                                                 {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
                                                 {"SCMP_ACT_TRAP", SCMP_ACT_TRAP}}};

constexpr std::array<std::pair<std::string_view, scmp_compare>, 7> kComparisons = {
    {{"SCMP_CMP_NE", SCMP_CMP_NE},
     {"SCMP_CMP_LT", SCMP_CMP_LT},
     {"SCMP_CMP_LE", SCMP_CMP_LE},
     {"SCMP_CMP_EQ", SCMP_CMP_EQ},
     {"SCMP_CMP_GE", SCMP_CMP_GE},
     {"SCMP_CMP_GT", SCMP_CMP_GT},
     {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};

/// libseccomp's number of an architecture, as the specification names it and as engines do (Go's
/// names, in conditions).
struct Architecture {
  std::string_view name;
  std::string_view go_name;
  std::uint32_t token;
};

constexpr std::array<Architecture, 17> kArchitectures = {
    {{"SCMP_ARCH_X86", "x86", SCMP_ARCH_X86},
     {"SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64},
     {"SCMP_ARCH_X32", "x32", SCMP_ARCH_X32},
     {"SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM},
     {"SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64},
     {"SCMP_ARCH_MIPS", "mips", SCMP_ARCH_MIPS},
     {"SCMP_ARCH_MIPS64", "mips64", SCMP_ARCH_MIPS64},
     {"SCMP_ARCH_MIPS64N32", "mips64n32", SCMP_ARCH_MIPS64N32},
     {"SCMP_ARCH_MIPSEL", "mipsel", SCMP_ARCH_MIPSEL},
     {"SCMP_ARCH_MIPSEL64", "mips64le", SCMP_ARCH_MIPSEL64},
     {"SCMP_ARCH_MIPSEL64N32", "mipsel64n32", SCMP_ARCH_MIPSEL64N32},
     {"SCMP_ARCH_PPC", "ppc", SCMP_ARCH_PPC},
     {"SCMP_ARCH_PPC64", "ppc64", SCMP_ARCH_PPC64},
     {"SCMP_ARCH_PPC64LE", "ppc64le", SCMP_ARCH_PPC64LE},
     {"SCMP_ARCH_RISCV64", "riscv64", SCMP_ARCH_RISCV64},
     {"SCMP_ARCH_S390", "s390", SCMP_ARCH_S390},
     {"SCMP_ARCH_S390X", "s390x", SCMP_ARCH_S390X}}};

/// A field that may be missing or null, as Go writes empty lists.
const Json* field(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// Strings of a list. Nothing for a field of another type.
std::optional<std::vector<std::string>> texts_of(const Json* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  if (!list->is_array()) return std::nullopt;
  for (const Json& one : *list) {
    if (!one.is_string()) return std::nullopt;
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

/// A number from 0 to `most`, or `otherwise` where there is none. Nothing for other things.
std::optional<std::uint64_t> number_of(const Json* field,
                                       std::uint64_t otherwise,
                                       std::uint64_t most) {
  if (field == nullptr) return otherwise;
  if (!field->is_number_unsigned() || field->get<std::uint64_t>() > most) return std::nullopt;
  return field->get<std::uint64_t>();
}

/// Whether this kernel is at least `wanted`, as "4.8".
bool has_kernel(const std::string& wanted) {
  utsname name{};
  if (::uname(&name) != 0) return false;
  const auto parts_of = [](const char* text) {
    std::array<unsigned, 2> parts{};
    const char* end = text + std::string_view(text).size();
    const auto [dot, trouble] = std::from_chars(text, end, parts[0]);
    if (trouble == std::errc{} && dot != end) (void)std::from_chars(dot + 1, end, parts[1]);
    return parts;
  };
  return parts_of(name.release) >= parts_of(wanted.c_str());
}

const Architecture* native() {
  const std::uint32_t token = ::seccomp_arch_native();
  const auto* found = std::find_if(kArchitectures.begin(),
                                   kArchitectures.end(),
                                   [&](const Architecture& one) { return one.token == token; });
  return found == kArchitectures.end() ? nullptr : found;
}

/// A profile on its way into Rules. Its functions say what is wrong with it, and nothing when all
/// is well.
class Reader {
 public:
  using Complaint = std::optional<std::string>;

  /// `rules` begin with the profile's default action.
  explicit Reader(Rules& rules) : rules_(rules) {}

  static Complaint read_action(const Json& object,
                               const char* name,
                               const char* errno_name,
                               std::uint32_t& action);
  Complaint read_architectures(const Json& profile);
  Complaint read_calls(const Json& profile);

 private:
  Complaint add_architecture(const std::string& name);
  Complaint add_relatives(const Json& entry);
  static Complaint read_condition(const Json& condition, scmp_arg_cmp& out);
  static Complaint read_conditions(const Json& call, std::vector<scmp_arg_cmp>& out);
  static Complaint is_meant(const Json& call, bool& meant);
  Complaint add_call(const Json& call);

  Rules& rules_;
};

Reader::Complaint Reader::read_action(const Json& object,
                                      const char* name,
                                      const char* errno_name,
                                      std::uint32_t& action) {
  const Json* given = field(object, name);
  if (given == nullptr || !given->is_string()) return std::string("it has no text as ") + name;
  const auto text = given->get<std::string>();
  if (text == "SCMP_ACT_NOTIFY") return "SCMP_ACT_NOTIFY needs a supervisor, which is not there";
  const auto* found = std::find_if(
      kActions.begin(), kActions.end(), [&](const ActionName& one) { return one.name == text; });
  if (found == kActions.end()) return "there is no action " + quote(text);
  const auto number = number_of(field(object, errno_name), EPERM, kMostErrno);
  if (!number) return std::string(errno_name) + " is not a number up to 4095";
  action = found->action | (found->has_errno ? static_cast<std::uint32_t>(*number) : 0);
  return {};
}

Reader::Complaint Reader::add_architecture(const std::string& name) {
  const auto* found = std::find_if(kArchitectures.begin(),
                                   kArchitectures.end(),
                                   [&](const Architecture& one) { return one.name == name; });
  if (found == kArchitectures.end()) return "there is no architecture " + quote(name);
  const Answer answer = rules_.add_architecture(found->token);
  // EDOM: its bytes are the other way round than this machine's (seccomp_arch_add(3)).
  if (answer != 0 && answer != -EDOM) return "architecture " + quote(name) + " cannot be added";
  return {};
}

/// Those that run on this machine too, by an entry of archMap. What the map says of other machines
/// is not for this one.
Reader::Complaint Reader::add_relatives(const Json& entry) {
  const Json* name = entry.is_object() ? field(entry, "architecture") : nullptr;
  const auto others = name != nullptr ? texts_of(field(entry, "subArchitectures")) : std::nullopt;
  if (name == nullptr || !name->is_string() || !others)
    return "archMap has an entry without its names";
  if (native() == nullptr || *name != native()->name) return {};
  for (const std::string& other : *others)
    if (auto complaint = add_architecture(other)) return complaint;
  return {};
}

Reader::Complaint Reader::read_architectures(const Json& profile) {
  const auto names = texts_of(field(profile, "architectures"));
  if (!names) return "architectures is not a list of names";
  for (const std::string& name : *names)
    if (auto complaint = add_architecture(name)) return complaint;
  const Json* map = field(profile, "archMap");
  if (map == nullptr) return {};
  if (!map->is_array()) return "archMap is not a list";
  for (const Json& entry : *map)
    if (auto complaint = add_relatives(entry)) return complaint;
  return {};
}

Reader::Complaint Reader::read_condition(const Json& condition, scmp_arg_cmp& out) {
  if (!condition.is_object()) return "args is not a list of conditions";
  const auto index = number_of(field(condition, "index"), 0, kMostArguments - 1);
  const auto value = number_of(field(condition, "value"), 0, UINT64_MAX);
  const auto second = number_of(field(condition, "valueTwo"), 0, UINT64_MAX);
  const Json* op = field(condition, "op");
  if (!index || !value || !second) return "a condition has index, value or valueTwo out of range";
  const auto* found = std::find_if(kComparisons.begin(), kComparisons.end(), [&](const auto& one) {
    return op != nullptr && *op == one.first;
  });
  if (found == kComparisons.end()) return "a condition has no op that is known";
  out = {static_cast<unsigned>(*index), found->second, *value, *second};
  return {};
}

Reader::Complaint Reader::read_conditions(const Json& call, std::vector<scmp_arg_cmp>& out) {
  const Json* list = field(call, "args");
  if (list == nullptr) return {};
  if (!list->is_array()) return "args is not a list of conditions";
  for (const Json& condition : *list)
    if (auto complaint = read_condition(condition, out.emplace_back())) return complaint;
  return {};
}

/// Whether the conditions of engines let an entry count: here, with no capability.
Reader::Complaint Reader::is_meant(const Json& call, bool& meant) {
  meant = true;
  for (const auto& [name, is_exclusion] : {std::pair("includes", false), {"excludes", true}}) {
    const Json* conditions = field(call, name);
    if (conditions == nullptr) continue;
    if (!conditions->is_object()) return std::string(name) + " is not a map";
    const auto capabilities = texts_of(field(*conditions, "caps"));
    const auto machines = texts_of(field(*conditions, "arches"));
    const Json* kernel = field(*conditions, "minKernel");
    if (!capabilities || !machines || (kernel != nullptr && !kernel->is_string()))
      return std::string(name) + " has caps, arches or minKernel of another kind";
    const bool is_machine =
        native() != nullptr &&
        std::find(machines->begin(), machines->end(), native()->go_name) != machines->end();
    const bool is_kernel = kernel != nullptr && has_kernel(kernel->get<std::string>());
    if (is_exclusion)
      meant = meant && !is_machine && !is_kernel;
    else
      meant = meant && capabilities->empty() && (machines->empty() || is_machine) &&
              (kernel == nullptr || is_kernel);
  }
  return {};
}

/// Conditions on one argument are alternatives, as engines have them: no value is two at once.
bool has_alternatives(const std::vector<scmp_arg_cmp>& conditions) {
  std::array<unsigned, kMostArguments> seen{};
  return std::any_of(conditions.begin(), conditions.end(), [&](const scmp_arg_cmp& one) {
    return ++seen.at(one.arg) > 1;
  });
}

Reader::Complaint Reader::add_call(const Json& call) {
  if (!call.is_object()) return "syscalls is not a list of rules";
  const auto names = texts_of(field(call, "names"));
  if (!names || names->empty()) return "a rule has no list of names";
  std::uint32_t action = 0;
  std::vector<scmp_arg_cmp> conditions;
  bool meant = false;
  for (auto complaint : {read_action(call, "action", "errnoRet", action),
                         read_conditions(call, conditions),
                         is_meant(call, meant)})
    if (complaint) return "the rule for " + quote(names->front()) + ": " + *complaint;
  if (!meant) return {};
  std::vector<std::vector<scmp_arg_cmp>> alternatives = {conditions};
  if (has_alternatives(conditions)) {
    alternatives.clear();
    for (const scmp_arg_cmp& one : conditions)
      alternatives.push_back({one});
  }
  for (const std::string& name : *names)
    for (const auto& all : alternatives)
      if (rules_.add(action, name, all) != 0) return "the rule for " + quote(name) + " is refused";
  return {};
}

Reader::Complaint Reader::read_calls(const Json& profile) {
  const Json* list = field(profile, "syscalls");
  if (list == nullptr) return {};
  if (!list->is_array()) return "syscalls is not a list of rules";
  for (const Json& call : *list)
    if (auto complaint = add_call(call)) return complaint;
  return {};
}

Error unusable(const std::string& name, const std::string& complaint) {
  return {Blame::usage,
          "use " + quote(name) + " as a profile of system calls: " + complaint,
          {},
          "see config-linux.md of the OCI runtime specification"};
}

}  // namespace

Result<Filter> compile_profile(const std::string& json, const std::string& name) {
  const Json profile = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!profile.is_object()) return unusable(name, "it is not a map in JSON");
  std::uint32_t action = 0;
  if (auto complaint = Reader::read_action(profile, "defaultAction", "defaultErrnoRet", action))
    return unusable(name, *complaint);
  Rules rules(action);
  Reader reader(rules);
  // Architectures first: rules count for those that are there.
  if (auto complaint = reader.read_architectures(profile)) return unusable(name, *complaint);
  if (auto complaint = reader.read_calls(profile)) return unusable(name, *complaint);
  return rules.finish();
}

Result<Filter> read_profile(const std::string& path) {
  auto text = read_text_file(path, kMostBytes);
  if (!text) {
    Error error = std::move(text.error());
    if (error.hint.empty()) error.hint = "write default, none or the file of a profile";
    return error;
  }
  return compile_profile(*text, path);
}

}  // namespace berth::seccomp
