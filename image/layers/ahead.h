// SPDX-License-Identifier: Apache-2.0
// The layers of an image from the top down, those that come next being decompressed ahead, several
// at a time, within a bounded memory.
#pragma once

#include "image/layers/tar.h"
#include "image/source/open.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace berth::layers {

class LayersAhead {
 public:
  /// For a machine with so many `cpus`. `layers` must outlive this. `pulse` is called now and then
  /// by whoever waits for bytes; an error ends the waiting. `meter` measures the layers, each once.
  /// What waits and the tree together take about `budget` bytes of memory.
  LayersAhead(const std::vector<source::Layer>& layers,
              Xattrs xattrs,
              unsigned cpus,
              std::function<Status()> pulse,
              std::shared_ptr<Meter> meter = nullptr,
              std::size_t budget = PiecePool::kNoBudget);

  /// Gives back the memory of all that waited.
  ~LayersAhead();
  LayersAhead(const LayersAhead&) = delete;
  LayersAhead& operator=(const LayersAhead&) = delete;
  LayersAhead(LayersAhead&&) = delete;
  LayersAhead& operator=(LayersAhead&&) = delete;

  /// The next layer down; the one before must be gone. Call it once for each layer.
  std::unique_ptr<TarStream> take();

  /// How many bytes of memory the tree takes by now; cheap.
  void set_tree(std::size_t bytes) { pool_->set_tree(bytes); }

  /// One layer once more, when all have been taken.
  std::unique_ptr<TarStream> again(int layer);

 private:
  std::unique_ptr<TarStream> start(const source::Layer& layer, std::shared_ptr<Meter> meter);

  const std::vector<source::Layer>& layers_;
  Xattrs xattrs_;
  std::shared_ptr<PiecePool> pool_;
  std::shared_ptr<HashThreads> hash_threads_;
  std::function<Status()> pulse_;
  std::shared_ptr<Meter> meter_;
  std::size_t most_;   ///< that are decompressed at a time
  std::size_t left_;   ///< layers that have not been started
  unsigned turn_ = 0;  ///< of the next one to be started
  std::deque<std::unique_ptr<TarStream>> started_;
};

}  // namespace berth::layers
