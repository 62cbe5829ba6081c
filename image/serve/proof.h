// SPDX-License-Identifier: Apache-2.0
// Start files are copied by the launcher, which knows nothing of hash trees. While it does so, and
// builds the rest of the container, the server compares their bytes with the image's tree, and
// tells it in the end whether it may start a program from them.
#pragma once

#include "image/read/reader.h"
#include "image/serve/start_files.h"

#include <atomic>
#include <vector>

namespace berth::serve {

/// What a server says of its start files, one byte.
enum class Verdict : char { good = 'g', bad = 'b' };

/// The server's end of the socket, which two threads use. The last one closes it.
class Line {
 public:
  Line(int control, unsigned users) : control_(control), users_(users) {}

  [[nodiscard]] int fd() const noexcept { return control_; }

  [[nodiscard]] bool is_used() const noexcept { return users_ > 0; }

  /// One user less.
  void leave() noexcept;

 private:
  int control_;
  std::atomic<unsigned> users_;
};

struct Proof {
  read::Image& image;
  std::vector<StartFile> files;
  Line& line;
};

/// Reads the files in a thread of its own, says the verdict on the line and leaves it. Here and
/// now, where no thread can be had. `proof` must live as long as the process.
void prove(Proof& proof);

}  // namespace berth::serve
