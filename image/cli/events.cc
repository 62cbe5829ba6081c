// SPDX-License-Identifier: Apache-2.0
#include "image/cli/events.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

/// One line. Names are bytes: what is not UTF-8 comes out as U+FFFD.
std::string text_of(const Json& event) {
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Thousandths are enough, and 0.1 shall not be 0.1000000001.
double rounded(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

std::string progress_event(const Pace& pace, double seconds) {
  Json event;
  event["event"] = "progress";
  event["bytes"] = pace.bytes;
  event["total"] = pace.total > 0 ? Json(pace.total) : Json();
  event["rate"] = or_null(pace.rate);
  event["left"] = or_null(pace.seconds);
  event["seconds"] = rounded(seconds);
  return text_of(event);
}

std::string result_event(const Summary& summary) {
  Json event;
  event["event"] = "result";
  event["source"] = summary.source;
  event["image"] = summary.output;
  event["size"] = summary.bytes_out;
  event["content"] = summary.bytes_in;
  event["layers"] = summary.layers;
  event["entries"] = summary.names;
  event["hidden"] = summary.counts.hidden;
  event["duplicates"] = summary.in_vain;
  event["left_out"] = {{"devices", summary.losses.devices},
                       {"xattrs", summary.losses.xattrs},
                       {"setuid", summary.losses.setuid}};
  event["digest"] = summary.digest;
  event["root_hash"] = summary.root_hash.empty() ? Json() : Json(summary.root_hash);
  event["seconds"] = rounded(summary.seconds);
  return text_of(event);
}

std::string shared_event(const Summary& summary) {
  Json event;
  event["event"] = "result";
  event["source"] = summary.source;
  event["image"] = summary.output;
  event["size"] = summary.bytes_out;
  event["digest"] = summary.digest;
  event["shared"] = true;
  return text_of(event);
}

std::string error_event(const Error& error, int status) {
  Json event;
  event["event"] = "error";
  event["message"] = sentence_of(error);
  event["hint"] = error.hint.empty() ? Json() : Json(error.hint);
  event["status"] = status;
  return text_of(event);
}

std::string stopped_event(int number) {
  Json event;
  event["event"] = "stopped";
  event["signal"] = number;
  event["status"] = 128 + number;
  return text_of(event);
}

}  // namespace berth::cli
