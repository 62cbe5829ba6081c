// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/limits.h"

#include "base/numbers.h"
#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace berth::request {

namespace {

using Values = std::vector<std::string>;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc{} || rest != end) return std::nullopt;
  return number;
}

/// As podman writes them too: 64m, 64MB.
std::optional<std::uint64_t> size_in(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (text.size() > 1 && text.back() == 'B') text.pop_back();
  const auto size = parse_size(text);
  return size ? std::optional(*size) : std::nullopt;
}

/// "1.5" in microseconds of each 100 ms.
std::optional<std::uint64_t> cpus_in(std::string_view text) {
  constexpr std::uint64_t kPeriod = 100'000;
  constexpr std::uint64_t kLeast = 1000;  // the kernel takes no less
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = dot == 0 ? 0 : whole_number(text.substr(0, dot));
  if (!whole || *whole > Numbers::kMost) return std::nullopt;
  std::string digits(text.substr(std::min(dot + 1, text.size())));
  if (digits.size() > 5 || (dot + 1 == text.size())) return std::nullopt;
  digits.resize(5, '0');
  const auto part = whole_number(digits);
  if (!part) return std::nullopt;
  const std::uint64_t all = *whole * kPeriod + *part;
  return all < kLeast ? std::nullopt : std::optional(all);
}

Error unfit(LimitKind kind, const std::string& value, const std::string& hint) {
  const std::string option = "--" + std::string(names_of(kind).option);
  return {Blame::usage, "use " + quote(value) + " as " + option, {}, hint};
}

/// Of what is bounded once, the last one counts; of devices and such, each by itself.
void put(Request& request, GroupLimit limit) {
  auto& limits = request.group.limits;
  std::erase_if(limits, [&](const GroupLimit& one) {
    const bool has_keys = one.kind != LimitKind::cpuset_cpus &&
                          one.kind != LimitKind::cpuset_mems &&
                          one.kind != LimitKind::cpuset_partition;
    return one.kind == limit.kind && (!has_keys || one.key == limit.key);
  });
  limits.push_back(std::move(limit));
}

template <LimitKind kind>
Values texts_of(const Request& request) {
  Values values;
  for (const GroupLimit& limit : request.group.limits)
    if (limit.kind == kind) values.push_back(limit.text);
  return values;
}

template <LimitKind kind>
Status set_size(Request& request, const std::string& value) {
  const bool may_be_unbounded = kind == LimitKind::memory_swap && value == "-1";
  const auto size = may_be_unbounded ? kUnbounded : size_in(value);
  if (!size) return unfit(kind, value, "write a number of bytes, or one with K, M, G or T");
  put(request, {kind, {}, *size, value});
  return Done{};
}

Status set_cpus(Request& request, const std::string& value) {
  const auto cpus = cpus_in(value);
  if (!cpus) return unfit(LimitKind::cpus, value, "write how many, 0.01 at least: --cpus=1.5");
  put(request, {LimitKind::cpus, {}, *cpus, value});
  return Done{};
}

template <LimitKind kind>
Status set_weight(Request& request, const std::string& value) {
  constexpr std::uint64_t kMost = 10'000;
  const auto weight = whole_number(value);
  if (!weight || *weight == 0 || *weight > kMost)
    return unfit(kind, value, "write a number from 1 to 10000; 100 is what others have");
  put(request, {kind, {}, *weight, value});
  return Done{};
}

template <LimitKind kind>
Status set_numbers(Request& request, const std::string& value) {
  const auto numbers = parse_numbers(value);
  if (!numbers) return unfit(kind, value, "write numbers and ranges of them: 0-3,8");
  put(request, {kind, to_text(*numbers), 0, value});
  return Done{};
}

Status set_partition(Request& request, const std::string& value) {
  if (value != "root" && value != "isolated")
    return unfit(LimitKind::cpuset_partition, value, "write root or isolated");
  put(request, {LimitKind::cpuset_partition, value, 0, value});
  return Done{};
}

Status set_pids(Request& request, const std::string& value) {
  const auto count = value == "-1" ? kUnbounded : whole_number(value);
  if (!count || *count == 0)
    return unfit(LimitKind::pids, value, "write how many processes and threads there may be");
  put(request, {LimitKind::pids, {}, *count, value});
  return Done{};
}

/// "/dev/sda:10M".
template <LimitKind kind>
Status add_device_rate(Request& request, const std::string& value) {
  const std::size_t colon = value.rfind(':');
  const bool counts_bytes = kind == LimitKind::read_bps || kind == LimitKind::write_bps;
  if (colon != value.npos && value.front() == '/') {
    const std::string rate = value.substr(colon + 1);
    const auto number = counts_bytes ? size_in(rate) : whole_number(rate);
    if (number && *number != 0) {
      put(request, {kind, value.substr(0, colon), *number, value});
      return Done{};
    }
  }
  return unfit(kind,
               value,
               counts_bytes ? "write a device and how many bytes a second: /dev/sda:10M"
                            : "write a device and how many operations a second: /dev/sda:100");
}

/// "/dev/sda:50".
Status add_device_weight(Request& request, const std::string& value) {
  constexpr std::uint64_t kMost = 10'000;
  const std::size_t colon = value.rfind(':');
  if (colon != value.npos && value.front() == '/') {
    const auto weight = whole_number(std::string_view(value).substr(colon + 1));
    if (weight && *weight != 0 && *weight <= kMost) {
      put(request, {LimitKind::device_weight, value.substr(0, colon), *weight, value});
      return Done{};
    }
  }
  return unfit(
      LimitKind::device_weight, value, "write a device and a number from 1 to 10000: /dev/sda:50");
}

/// One of "1:3", "1:*" and "*:*".
bool is_device_number(const std::string& text) {
  const auto words = split(text, ':');
  return words.size() == 2 && std::all_of(words.begin(), words.end(), [](const std::string& word) {
           return word == "*" || whole_number(word);
         });
}

/// "deny a", "allow c 1:3 rw" (devices.rst). The order counts, and of two that are alike the last.
Status add_device_rule(Request& request, const std::string& value) {
  const auto words = split(value, ' ');
  const bool is_verb = words[0] == "allow" || words[0] == "deny";
  const bool is_of_all = words.size() == 2 && words[1] == "a";
  const bool is_of_some = words.size() == 4 && (words[1] == "b" || words[1] == "c") &&
                          is_device_number(words[2]) && !words[3].empty() &&
                          words[3].find_first_not_of("rwm") == std::string::npos;
  if (!is_verb || (!is_of_all && !is_of_some))
    return unfit(LimitKind::device_rule,
                 value,
                 "write allow or deny, and a rule of the kernel's: 'deny a', 'allow c 1:3 rw'");
  put(request, {LimitKind::device_rule, value, 0, value});
  return Done{};
}

/// "2M=1G". The kernel calls the pages 64KB, 2MB and 1GB.
Status add_huge_pages(Request& request, const std::string& value) {
  const std::size_t equal = std::min(value.find('='), value.size());
  std::string pages = value.substr(0, equal);
  if (pages.ends_with('B')) pages.pop_back();
  const bool is_size = size_in(pages).has_value() &&
                       std::string_view("KMG").find(pages.back()) != std::string_view::npos;
  const auto bytes = size_in(value.substr(std::min(equal + 1, value.size())));
  if (!is_size || !bytes)
    return unfit(LimitKind::hugetlb, value, "write a size of pages and how much of it: 2M=1G");
  put(request, {LimitKind::hugetlb, pages + "B", *bytes, value});
  return Done{};
}

/// "mlx5_0:hca_handle=2,hca_object=2000", as rdma.rst has them with blanks.
Status add_rdma(Request& request, const std::string& value) {
  const std::size_t colon = std::min(value.find(':'), value.size());
  std::string key = value;
  std::replace(key.begin() + static_cast<std::ptrdiff_t>(colon), key.end(), ',', ' ');
  bool is_fine = colon > 0 && colon + 1 < value.size() && value.find_first_of(" \n") == value.npos;
  for (const std::string& one :
       split(std::string_view(key).substr(std::min(colon + 1, key.size())), ' ')) {
    const std::size_t equal = std::min(one.find('='), one.size());
    const std::string name = one.substr(0, equal);
    const std::string number = one.substr(std::min(equal + 1, one.size()));
    is_fine = is_fine && (name == "hca_handle" || name == "hca_object") &&
              (number == "max" || whole_number(number));
  }
  if (!is_fine)
    return unfit(LimitKind::rdma,
                 value,
                 "write a device and its bounds: mlx5_0:hca_handle=2,hca_object=2000");
  key[colon] = ' ';
  put(request, {LimitKind::rdma, key, 0, value});
  return Done{};
}

Status set_net_class(Request& request, const std::string& value) {
  constexpr std::uint64_t kMost = 0xFFFFFFFF;
  std::uint64_t number = 0;
  const std::string digits = value.starts_with("0x") ? value.substr(2) : value;
  const char* end = digits.data() + digits.size();
  const auto [rest, trouble] =
      std::from_chars(digits.data(), end, number, value.starts_with("0x") ? 16 : 10);
  if (trouble != std::errc{} || rest != end || number > kMost)
    return unfit(LimitKind::net_class, value, "write a class as tc(8) has it: 0x100001");
  put(request, {LimitKind::net_class, {}, number, value});
  return Done{};
}

Status add_net_priority(Request& request, const std::string& value) {
  const std::size_t colon = std::min(value.find(':'), value.size());
  const auto priority =
      whole_number(std::string_view(value).substr(std::min(colon + 1, value.size())));
  if (colon == 0 || !priority || value.find_first_of(" \n") != value.npos)
    return unfit(LimitKind::net_priority, value, "write an interface and a priority: eth0:5");
  put(request,
      {LimitKind::net_priority,
       value.substr(0, colon) + " " + std::to_string(*priority),
       0,
       value});
  return Done{};
}

Status set_mode(Request& request, const std::string& value) {
  if (value != "strict" && value != "best-effort")
    return Error{
        Blame::usage, "use " + quote(value) + " as --limits", {}, "write strict or best-effort"};
  request.group.best_effort = value == "best-effort";
  return Done{};
}

template <LimitKind kind>
Option row(std::string_view value,
           std::string_view help,
           Status (*apply)(Request&, const std::string&)) {
  return {{names_of(kind).option, 0, value, help}, apply, texts_of<kind>};
}

std::vector<Option> io_rows() {
  return {
      row<LimitKind::read_bps>("PATH:SIZE",
                               "bytes a second that may be read from a block device",
                               add_device_rate<LimitKind::read_bps>),
      row<LimitKind::write_bps>("PATH:SIZE",
                                "bytes a second that may be written to it",
                                add_device_rate<LimitKind::write_bps>),
      row<LimitKind::read_iops>("PATH:NUMBER",
                                "operations a second that may read from it",
                                add_device_rate<LimitKind::read_iops>),
      row<LimitKind::write_iops>("PATH:NUMBER",
                                 "operations a second that may write to it",
                                 add_device_rate<LimitKind::write_iops>),
      row<LimitKind::io_weight>("NUMBER",
                                "its share of busy disks; 100 is what others have",
                                set_weight<LimitKind::io_weight>),
      row<LimitKind::device_weight>(
          "PATH:NUMBER", "its share of a busy block device", add_device_weight),
      row<LimitKind::device_rule>(
          "RULE", "devices that it may not use, or may: 'deny c 10:229 rw'", add_device_rule),
      row<LimitKind::rdma>(
          "DEVICE:hca_handle=N,hca_object=N", "what it may have of an RDMA device", add_rdma),
      row<LimitKind::net_class>("NUMBER", "the class of its packets, for tc(8)", set_net_class),
      row<LimitKind::net_priority>(
          "INTERFACE:NUMBER", "the priority of its packets on an interface", add_net_priority),
  };
}

}  // namespace

std::vector<Option> limit_rows() {
  std::vector<Option> rows = {
      row<LimitKind::memory>(
          "SIZE", "memory that the container may use, e.g. 512M", set_size<LimitKind::memory>),
      row<LimitKind::memory_high>(
          "SIZE", "memory above which it is slowed down", set_size<LimitKind::memory_high>),
      row<LimitKind::memory_swap>("SIZE",
                                  "memory and swap together that it may use; -1: no bound",
                                  set_size<LimitKind::memory_swap>),
      {{names_of(LimitKind::oom_group).option,
        0,
        "",
        "where its memory runs out, all of it is killed and not one process"},
       [](Request& r, const std::string&) -> Status {
         put(r, {LimitKind::oom_group});
         return Done{};
       },
       texts_of<LimitKind::oom_group>},
      row<LimitKind::cpus>("NUMBER", "how many CPUs it may keep busy, e.g. 1.5", set_cpus),
      row<LimitKind::cpu_weight>("NUMBER",
                                 "its share of busy CPUs; 100 is what others have",
                                 set_weight<LimitKind::cpu_weight>),
      row<LimitKind::cpuset_cpus>(
          "LIST", "the CPUs that it may run on", set_numbers<LimitKind::cpuset_cpus>),
      row<LimitKind::cpuset_mems>(
          "LIST", "the memory nodes that it may use", set_numbers<LimitKind::cpuset_mems>),
      row<LimitKind::cpuset_partition>("root|isolated",
                                       "have these CPUs for itself, also without balance of load",
                                       set_partition),
      row<LimitKind::pids>("NUMBER", "how many processes and threads it may have", set_pids),
      row<LimitKind::hugetlb>("PAGES=SIZE", "how much of huge pages it may use", add_huge_pages),
  };
  const std::vector<Option> io = io_rows();
  rows.insert(rows.end(), io.begin(), io.end());
  rows.push_back(
      {{"limits", 0, "strict|best-effort", "refuse a limit that cannot be enforced, or warn"},
       set_mode,
       [](const Request& r) { return r.group.best_effort ? Values{"best-effort"} : Values{}; }});
  rows.push_back({{"stats", 0, "", "say in the end what the container has used"},
                  [](Request& r, const std::string&) -> Status {
                    r.group.stats = true;
                    return Done{};
                  },
                  [](const Request& r) { return r.group.stats ? Values{""} : Values{}; }});
  return rows;
}

}  // namespace berth::request
