// SPDX-License-Identifier: Apache-2.0
// Start files are copied by the launcher, which knows nothing of hash trees. While it does so, and
// builds the rest of the container, the server compares their bytes with the image's tree, and
// tells it in the end whether it may start a program from them.
#pragma once

#include "image/read/reader.h"
#include "image/serve/start_files.h"

#include <atomic>
#include <cstdint>
#include <vector>

namespace berth::serve {

/// What a server says of its start files, one byte.
enum class Verdict : char { good = 'g', bad = 'b' };

/// The server's end of the socket, which several threads use. The last one closes it.
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

/// The bytes to compare, in parts that two threads take in turn.
class Proof {
 public:
  static constexpr unsigned kWorkers = 2;

  Proof(read::Image& image, const std::vector<StartFile>& files, Line& line);

  /// Compares parts until none is left. The second thread that comes to the end says the verdict
  /// and leaves the line.
  void work_off();

 private:
  struct Part {
    std::uint64_t position;
    std::uint64_t size;
  };

  read::Image& image_;
  Line& line_;
  std::vector<Part> parts_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<unsigned> workers_ = kWorkers;
  std::atomic<bool> is_sound_ = true;
};

/// Works it off in threads of its own; here and now, where no thread can be had. `proof` must live
/// as long as the process.
void prove(Proof& proof);

}  // namespace berth::serve
