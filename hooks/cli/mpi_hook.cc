// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/mpi_hook.h"

#include "base/fd.h"
#include "hooks/cli/mpi_memory.h"
#include "hooks/mpi/mpi.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

constexpr int kFirstImage = 3;

Result<Tree> open_tree_of_images(std::size_t count) {
  std::vector<std::unique_ptr<Layer>> layers;
  for (std::size_t i = count; i-- > 0;) {
    const int fd = kFirstImage + static_cast<int>(i);

    struct stat info {};

    if (::fstat(fd, &info) != 0) return refused("fstat", "look into the image", errno);
    if (S_ISDIR(info.st_mode)) {
      layers.push_back(layer_of_directory(fd));
      continue;
    }
    auto layer = layer_of_image(fd);
    if (!layer) return std::move(layer.error());
    layers.push_back(std::move(*layer));
  }
  return Tree(std::move(layers));
}

/// None where the launcher has said none.
std::vector<std::string> environment_in(const std::string& state) {
  const auto json = nlohmann::json::parse(state, nullptr, false);
  if (!json.is_object() || !json.contains("process")) return {};
  return json.at("process").value("env", std::vector<std::string>());
}

std::vector<int> files_of_images(std::size_t count) {
  std::vector<int> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back(kFirstImage + static_cast<int>(i));
  return all;
}

Result<MpiSwap> find_anew(const MpiQuestion& question,
                          std::size_t images,
                          const MpiMemory& memory) {
  auto image = open_tree_of_images(images);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(layer_of_directory(root.get()));
  Tree node(std::move(layers));
  MpiSwap swap = find_mpi(question, *image, node);
  // What was missing may come: that is looked for again.
  if (swap.refused.empty()) memory.write(swap, node.files_read());
  return swap;
}

/// An image is looked into here, which may be anybody's; this bounds what it can make us take.
/// Hooks that are programs are asked afterwards, and have what they had.
class BoundMemory {
 public:
  BoundMemory() {
    constexpr rlim_t kMost = 512UL << 20;
    if (::getrlimit(RLIMIT_DATA, &before_) != 0) return;
    const rlimit limit{std::min(kMost, before_.rlim_cur), before_.rlim_max};
    (void)::setrlimit(RLIMIT_DATA, &limit);  // less than before is never refused
  }

  BoundMemory(const BoundMemory&) = delete;
  BoundMemory& operator=(const BoundMemory&) = delete;
  BoundMemory(BoundMemory&&) = delete;
  BoundMemory& operator=(BoundMemory&&) = delete;

  ~BoundMemory() { (void)::setrlimit(RLIMIT_DATA, &before_); }  // not above the hard one

 private:
  rlimit before_{RLIM_INFINITY, RLIM_INFINITY};
};

}  // namespace

Result<Edits> ask_mpi_hook(const MpiLook& look, std::vector<std::string>& warnings) {
  const BoundMemory bound;
  const MpiQuestion question{look.rule, look.libraries, environment_in(look.state)};
  const MpiMemory memory(look.memory, question, files_of_images(look.images));
  auto known = memory.read();
  auto swap = known ? Result<MpiSwap>(std::move(*known)) : find_anew(question, look.images, memory);
  if (!swap) return std::move(swap.error());
  const bool is_insisted = look.rule != "auto";
  if (!swap->has_mpi && is_insisted) swap->refused = "the image has no MPI that is known";
  if (swap->refused.empty()) return std::move(swap->edits);
  if (is_insisted)
    return Error{Blame::config,
                 "put this node's MPI in the place of the image's: " + swap->refused,
                 {},
                 "use the image's own: --mpi-hook=off"};
  warnings.push_back("continuing with the image's own MPI: " + swap->refused);
  return Edits{.who = "mpi", .says = "the image's own stays: " + swap->refused};
}

}  // namespace berth::hooks
