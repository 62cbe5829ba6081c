// SPDX-License-Identifier: Apache-2.0
#include "image/layers/ahead.h"

#include <malloc.h>

#include <algorithm>

namespace berth::layers {

namespace {

// Twice the layers that can be worked on at a time: some of them wait for the network or the disk.
constexpr std::size_t kFewest = 4;
constexpr std::size_t kMost = 16;

/// A thread hashes what eight CPUs decompress and compress.
constexpr unsigned kCpusForHashThread = 8;

constexpr std::size_t kMemoryForEach = 16UL * 1024 * 1024;  ///< bytes for each CPU
constexpr std::size_t kLeastMemory = 96UL * 1024 * 1024;
constexpr std::size_t kMostMemory = 192UL * 1024 * 1024;

std::size_t pieces_for(unsigned cpus) {
  const std::size_t memory =
      std::clamp<std::size_t>(cpus * kMemoryForEach, kLeastMemory, kMostMemory);
  return memory / PiecePool::kPieceSize;
}

}  // namespace

LayersAhead::LayersAhead(const std::vector<source::Layer>& layers,
                         Xattrs xattrs,
                         unsigned cpus,
                         std::function<Status()> pulse,
                         std::shared_ptr<Meter> meter,
                         std::size_t budget)
    : layers_(layers),
      xattrs_(xattrs),
      pool_(PiecePool::create(pieces_for(cpus), budget)),
      hash_threads_(std::make_shared<HashThreads>(1 + cpus / kCpusForHashThread)),
      pulse_(std::move(pulse)),
      meter_(std::move(meter)),
      most_(std::clamp<std::size_t>(cpus, kFewest, kMost)),
      left_(layers.size()) {}

LayersAhead::~LayersAhead() {
  started_.clear();
  pool_.reset();
  (void)malloc_trim(0);  // or it stays with the arenas of threads that are gone
}

std::unique_ptr<TarStream> LayersAhead::start(const source::Layer& layer,
                                              std::shared_ptr<Meter> meter) {
  return std::make_unique<TarStream>(
      layer, xattrs_, Queueing{pool_, turn_++, pulse_, std::move(meter), hash_threads_});
}

std::unique_ptr<TarStream> LayersAhead::take() {
  while (left_ > 0 && started_.size() < most_)
    started_.push_back(start(layers_[--left_], meter_));
  auto first = std::move(started_.front());
  started_.pop_front();
  return first;
}

std::unique_ptr<TarStream> LayersAhead::again(int layer) {
  return start(layers_[static_cast<std::size_t>(layer)], nullptr);
}

}  // namespace berth::layers
