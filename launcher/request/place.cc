// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/place.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace berth::request {

namespace {

using Values = std::vector<std::string>;

Status set_pin(Request& request, const std::string& value) {
  const auto* const known =
      std::find_if(kPins.begin(), kPins.end(), [&](const auto& one) { return one.first == value; });
  if (known == kPins.end())
    return Error{Blame::usage,
                 "pin ranks to " + quote(value),
                 {},
                 "write none, pu, core, l3, numa, socket or auto"};
  request.placing.pin = known->second;
  return Done{};
}

Values pin_of(const Request& request) {
  if (request.placing.pin == Pin::none) return {};
  const auto* const known = std::find_if(kPins.begin(), kPins.end(), [&](const auto& one) {
    return one.second == request.placing.pin;
  });
  return {std::string(known->first)};
}

/// "0x00f0", the lowest CPU in the lowest bit.
std::optional<Numbers> parse_mask(std::string_view text) {
  Numbers numbers;
  text.remove_prefix(2);
  if (text.empty() || text.size() > Numbers::kMost / 4) return std::nullopt;
  for (unsigned digit = 0; !text.empty(); ++digit, text.remove_suffix(1)) {
    const char* const end = text.data() + text.size();
    unsigned bits = 0;
    if (std::from_chars(end - 1, end, bits, 16).ptr != end) return std::nullopt;
    for (unsigned bit = 0; bit < 4; ++bit)
      if ((bits >> bit & 1U) != 0) numbers.add(4 * digit + bit);
  }
  return numbers.is_empty() ? std::nullopt : std::optional(numbers);
}

Status set_pin_map(Request& request, const std::string& value) {
  Placing& placing = request.placing;
  placing.lists.clear();
  placing.map = value == "spread" ? PinMap::spread : PinMap::packed;
  if (value == "packed" || value == "spread") return Done{};
  for (const std::string& text : split(value, ':')) {
    auto numbers = text.starts_with("0x") ? parse_mask(text) : parse_numbers(text);
    if (!numbers || placing.lists.size() == Numbers::kMost)
      return Error{Blame::usage,
                   "place ranks " + quote(value),
                   {},
                   "write packed, spread, or the CPUs of each rank: --pin-map=0-7:8-15, "
                   "--pin-map=0xff:0xff00"};
    placing.lists.push_back(std::move(*numbers));
  }
  return Done{};
}

Values pin_map_of(const Request& request) {
  const Placing& placing = request.placing;
  std::string text;
  for (const Numbers& list : placing.lists)
    text += (text.empty() ? "" : ":") + to_text(list);
  if (!text.empty()) return {text};
  return placing.map == PinMap::spread ? Values{"spread"} : Values{};
}

bool is_kind(const std::string& text) {
  return text == "gpu" || text == "nic" || text == "none";
}

bool is_device_name(const std::string& text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789_.:-") == std::string::npos;
}

Status set_pin_near(Request& request, const std::string& value) {
  Placing& placing = request.placing;
  placing.devices.clear();
  placing.near = value == "none"  ? Near::nothing
                 : value == "gpu" ? Near::gpu
                 : value == "nic" ? Near::nic
                                  : Near::named;
  if (placing.near != Near::named) return Done{};
  placing.devices = split(value, ',');
  if (std::any_of(placing.devices.begin(), placing.devices.end(), is_kind))
    return Error{Blame::usage,
                 "place ranks near " + quote(value) + ": it is one kind of devices, or names",
                 {},
                 "write --pin-near=gpu, and leave it to the MPI to choose a network card near "
                 "there; or name each rank's device in turn: --pin-near=mlx5_0,3b:00.0"};
  if (std::all_of(placing.devices.begin(), placing.devices.end(), is_device_name)) return Done{};
  return Error{Blame::usage,
               "place ranks near " + quote(value),
               {},
               "write gpu, nic, none, or devices as lspci or the system calls them: "
               "--pin-near=mlx5_0,3b:00.0"};
}

Values pin_near_of(const Request& request) {
  std::string devices;
  switch (request.placing.near) {
    case Near::nothing:
      break;
    case Near::gpu:
      return {"gpu"};
    case Near::nic:
      return {"nic"};
    case Near::named:
      for (const std::string& one : request.placing.devices)
        devices += (devices.empty() ? "" : ",") + one;
      return {devices};
  }
  return {};
}

Status set_memory(Request& request, const std::string& value) {
  Placing& placing = request.placing;
  placing.nodes = {};
  if (value == "none") placing.memory = MemBind::none;
  if (value == "local") placing.memory = MemBind::local;
  if (value == "interleave") placing.memory = MemBind::interleave;
  if (value == "none" || value == "local" || value == "interleave") return Done{};
  auto nodes = parse_numbers(value);
  if (!nodes)
    return Error{Blame::usage,
                 "take memory from " + quote(value),
                 {},
                 "write local, interleave, none, or the numbers of memory nodes: --mem-bind=0-1,4"};
  placing.memory = MemBind::list;
  placing.nodes = std::move(*nodes);
  return Done{};
}

Values memory_of(const Request& request) {
  switch (request.placing.memory) {
    case MemBind::none:
      break;
    case MemBind::local:
      return {"local"};
    case MemBind::interleave:
      return {"interleave"};
    case MemBind::list:
      return {to_text(request.placing.nodes)};
  }
  return {};
}

Status set_topology(Request& request, const std::string& value) {
  if (value.empty())
    return Error{Blame::usage,
                 "read a topology from ''",
                 {},
                 "name a file that 'lstopo --of xml' has written"};
  request.topology = value;
  return Done{};
}

Status set_ranks(Request& request, const std::string& value) {
  const char* end = value.data() + value.size();
  const auto [rest, trouble] = std::from_chars(value.data(), end, request.ranks);
  if (trouble == std::errc{} && rest == end && request.ranks > 0 && request.ranks <= Numbers::kMost)
    return Done{};
  return Error{Blame::usage,
               "plan for " + quote(value) + " ranks on a node",
               {},
               "write a whole number from 1 to " + std::to_string(Numbers::kMost)};
}

Status set_plan(Request& request, const std::string& value) {
  if (!value.empty() && value != "txt" && value != "svg")
    return Error{Blame::usage,
                 "show a plan as " + quote(value),
                 {},
                 "write --plan, or who is where with --plan=txt or --plan=svg"};
  request.plan_only = true;
  request.drawing = value.empty() ? Drawing::none : value == "txt" ? Drawing::text : Drawing::svg;
  return Done{};
}

Values plan_of(const Request& request) {
  if (!request.plan_only) return {};
  return {request.drawing == Drawing::none ? "" : request.drawing == Drawing::text ? "txt" : "svg"};
}

}  // namespace

std::vector<Option> place_rows() {
  return {
      {{"pin",
        0,
        "PART",
        "bind each rank to CPUs of its own: none, pu, core, l3, numa, socket, auto"},
       set_pin,
       pin_of},
      {{"pin-map",
        0,
        "packed|spread|LIST",
        "the next rank beside the last one, far from it, or on the CPUs of LIST: 0-7:8-15"},
       set_pin_map,
       pin_map_of},
      {{"pin-near",
        0,
        "gpu|nic|DEVICE|none",
        "bind each rank to CPUs near its GPU, its network card or DEVICE[,...]"},
       set_pin_near,
       pin_near_of},
      {{"pin-again", 0, "", "pin a rank also where its launcher has bound it, within these CPUs"},
       [](Request& r, const std::string&) -> Status {
         r.placing.again = true;
         return Done{};
       },
       [](const Request& r) { return r.placing.again ? Values{""} : Values{}; }},
      {{"mem-bind",
        0,
        "local|interleave|LIST|none",
        "which memory nodes the program's memory is from"},
       set_memory,
       memory_of},
      {{"plan", 0, "[=txt|svg]", "print the steps or draw the node, and do nothing"},
       set_plan,
       plan_of},
      {{"topology", 0, "FILE", "plan for the machine in FILE, as 'lstopo --of xml' writes it"},
       set_topology,
       [](const Request& r) { return r.topology.empty() ? Values{} : Values{r.topology}; }},
      {{"ranks", 0, "NUMBER", "plan for that many ranks on the node"},
       set_ranks,
       [](const Request& r) { return r.ranks != 0 ? Values{std::to_string(r.ranks)} : Values{}; }},
  };
}

}  // namespace berth::request
