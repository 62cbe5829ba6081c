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

/// The server's end of the socket, which is used until there is a mount, and until there is a
/// verdict. The last user closes it.
class Line {
 public:
  explicit Line(int control) : control_(control) {}

  [[nodiscard]] int fd() const noexcept { return control_; }

  /// One user more. Before there are threads.
  void join() noexcept { ++users_; }

  /// One user less.
  void leave() noexcept;

 private:
  int control_;
  std::atomic<unsigned> users_ = 1;
};

/// The bytes to compare, in parts. The server's thread takes one whenever nobody asks it for
/// anything: that costs no thread, and who asks waits for half a part on average, not for a
/// processor. Another thread takes parts where there are processors to spare.
class Proof {
 public:
  Proof(read::Image& image, const std::vector<StartFile>& files);

  /// Whether there is anything to compare, and so a verdict to come.
  [[nodiscard]] bool is_due() const noexcept { return !parts_.empty(); }

  /// Where to say the verdict. Before any part is taken.
  void join(Line& line) noexcept;

  /// Compares part after part until there is something to read from `fd`, or none is left, or
  /// somebody else uses this processor: then another thread goes on. Who finishes the last one says
  /// the verdict. For one thread.
  void go_on_until_readable(int fd, read::Reader& reader);

  /// Goes on in a thread of its own; false where none can be had. The proof must live as long as
  /// the process.
  bool go_on_beside() noexcept;

 private:
  struct Part {
    std::uint64_t position;
    std::uint64_t size;
  };

  static void* run(void* proof);

  [[nodiscard]] bool has_more() const noexcept { return next_ < parts_.size(); }

  void take_part(read::Reader& reader);
  void say_verdict() noexcept;

  read::Image& image_;
  Line* line_ = nullptr;
  std::vector<Part> parts_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> finished_ = 0;
  std::atomic<bool> is_sound_ = true;
  // Of the first thread's.
  bool is_alone_ = true;      ///< on its processor, as far as it knows
  bool has_company_ = false;  ///< another thread has been started
};

}  // namespace berth::serve
