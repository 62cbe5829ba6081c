// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/pin_program.h"

#include "base/fd.h"
#include "base/text.h"
#include "launcher/pin/machine_text.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace berth::cli {

namespace {

constexpr std::size_t kMostText = 16U << 20U;

}  // namespace

/// It gets no variables, and of files the one.
Status PinProgram::start(const std::string& topology, bool with_devices) {
  topology_ = topology;
  const char* source = topology.empty() ? "/dev/null" : topology.c_str();
  // Whether it is a regular file is asked by who reads it.
  const UniqueFd input(::open(source, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!input.is_open()) return refused("open", "read the topology " + quote(source), errno);
  std::vector<std::string> words;
  if (!topology.empty()) words.emplace_back("--topology");
  if (with_devices) words.emplace_back("--devices");
  return program_.start("berth-pin", "", std::move(words), {}, {input.get()});
}

Error PinProgram::unusable(const std::string& topology, const std::string& why) {
  return Error{Blame::usage,
               "use " + quote(topology) + " as a topology" + (why.empty() ? "" : ": " + why),
               {},
               why.empty() ? "make one where the machine is: lstopo --of xml node.xml"
                           : "make one without devices: lstopo --of xml --no-io node.xml"};
}

Error PinProgram::cannot_say(const std::string& said) const {
  const std::string line = quote(split(said, '\n')[0]);
  // Of a file that is none, hwloc says nothing of use.
  if (!topology_.empty())
    return unusable(topology_,
                    said.starts_with(pin::kTooMuch) ? line.substr(1, line.size() - 2) : "");
  return Error{Blame::host,
               "find the CPUs of this node: " +
                   (line.size() > 2 ? line.substr(1, line.size() - 2) : "berth-pin says nothing"),
               {},
               "leave out --pin, --pin-near and --mem-bind=local"};
}

Result<std::string> PinProgram::read() {
  auto answer = program_.read(kMostText);
  if (!answer) return std::move(answer.error());
  if (answer->end != AskedProgram::Answer::End::good || !answer->text.ends_with("\nend\n"))
    return cannot_say(answer->text);
  return std::move(answer->text);
}

}  // namespace berth::cli
