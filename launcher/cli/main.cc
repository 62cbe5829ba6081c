// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/map_ahead.h"
#include "launcher/cli/verbs.h"
#include "launcher/enter/trace.h"

#include <unistd.h>

namespace {

/// Straight to the descriptors: a program that is about to become another one buffers nothing.
class OwnStreams : public berth::cli::Streams {
 public:
  void out(std::string_view text) override {
    const int number = berth::write_fully(1, text.data(), text.size());
    if (number != 0) trouble_ = number;
  }

  void err(std::string_view text) override {
    (void)berth::write_fully(2, text.data(), text.size());  // nobody is left to be told
  }

  /// The errno of what could not be written to standard output, or 0.
  [[nodiscard]] int trouble() const { return trouble_; }

 private:
  int trouble_ = 0;
};

}  // namespace

int main(int count, char** words) {
  berth::map_code_ahead();
  OwnStreams streams;
  berth::cli::Session session{streams, {}, ::getppid(), berth::enter::Trace::now()};
  for (char** variable = environ; *variable != nullptr; ++variable)
    session.environment.emplace_back(*variable);
  const std::vector<std::string> all(words + (count > 0 ? 1 : 0), words + count);
  const int code = berth::cli::main_verb(all, session);
  if (code != 0 || streams.trouble() == 0) return code;
  berth::cli::print(session,
                    berth::refused("write", "write to standard output", streams.trouble()));
  return 1;
}
