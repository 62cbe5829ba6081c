// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "launcher/cli/verbs.h"

#include <unistd.h>

namespace {

/// Straight to the descriptors: a program that is about to become another one buffers nothing.
class OwnStreams : public berth::cli::Streams {
 public:
  void out(std::string_view text) override { write(1, text); }

  void err(std::string_view text) override { write(2, text); }

 private:
  static void write(int fd, std::string_view text) {
    (void)berth::write_fully(fd, text.data(), text.size());  // nobody is left to be told
  }
};

}  // namespace

int main(int count, char** words) {
  OwnStreams streams;
  berth::cli::Session session{streams, {}};
  for (char** variable = environ; *variable != nullptr; ++variable)
    session.environment.emplace_back(*variable);
  return berth::cli::main_verb(std::vector<std::string>(words + (count > 0 ? 1 : 0), words + count),
                               session);
}
