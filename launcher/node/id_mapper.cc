// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/id_mapper.h"

#include "base/text.h"
#include "launcher/node/host_program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace berth::node {

namespace {

std::vector<std::string> words_for(const char* program,
                                   const std::string& pid,
                                   const std::vector<IdExtent>& map) {
  std::vector<std::string> words = {program, pid};
  for (const IdExtent& extent : map)
    for (const unsigned number : {extent.inside, extent.outside, extent.count})
      words.push_back(std::to_string(number));
  return words;
}

bool run(std::vector<std::string> words) {
  const std::vector<char*> pointers = pointers_to(words);
  const pid_t keeper = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become_host_program(pointers.data(), -1, -1, keeper);
  if (child < 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool IdMapper::map(int process) const {
  const std::string place = place_of(process);
  const std::string pid = place.substr(place.rfind('/') + 1);
  return !maps_.users.empty() && !pid.empty() && run(words_for(kUserMapper, pid, maps_.users)) &&
         run(words_for(kGroupMapper, pid, maps_.groups));
}

}  // namespace berth::node
