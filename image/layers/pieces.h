// SPDX-License-Identifier: Apache-2.0
// The memory in which layers wait, decompressed, for their turn: a fixed number of pieces that all
// layers share, so that an import needs no more whatever the image.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace berth::layers {

struct Piece {
  std::vector<char> bytes;
  std::size_t used = 0;
};

/// Thread-safe. Layers are read one after the other, and each has the number of its turn. Some
/// pieces are kept for the layer whose turn it is; the rest goes to the nearest layer that wants
/// one.
class PiecePool : public std::enable_shared_from_this<PiecePool> {
 public:
  static constexpr std::size_t kPieceSize = 512UL * 1024;  ///< bytes
  static constexpr std::size_t kReserve = 12;              ///< pieces for the layer being read

  static constexpr std::size_t kNoBudget = static_cast<std::size_t>(-1);

  /// `count` pieces, more than kReserve or all of them for one layer at a time; fewer while they
  /// and what else is counted here take more than `budget` bytes.
  static std::shared_ptr<PiecePool> create(std::size_t count, std::size_t budget = kNoBudget);

  /// Waits for a piece, which comes back to the pool with its last owner. Null when `is_stopped`
  /// has become true; whoever sets it calls wake().
  std::shared_ptr<Piece> take(unsigned turn, const std::atomic<bool>& is_stopped);

  /// Says whose turn it is: never an earlier one than before.
  void begin_turn(unsigned turn);

  void wake();

  static constexpr std::size_t kLargestWindow = std::size_t{128} << 20;  ///< bytes

  /// Counts what a layer's decompression keeps besides the pieces, until all of it is taken back.
  void add_window(unsigned turn, std::size_t bytes);
  void take_back_window(unsigned turn);

  /// What the tree takes by now. Cheap.
  void set_tree(std::size_t bytes) { tree_.store(bytes, std::memory_order_relaxed); }

 private:
  PiecePool(std::size_t count, std::size_t budget) : count_(count), budget_(budget) {}

  [[nodiscard]] std::size_t count_now(std::size_t others = 0) const;
  [[nodiscard]] std::size_t window_to_come() const;
  [[nodiscard]] bool may_take(unsigned turn) const;
  void give_back(std::unique_ptr<Piece> piece, unsigned turn);

  const std::size_t count_;
  const std::size_t budget_;
  std::atomic<std::size_t> tree_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Piece>> free_;
  std::size_t used_ = 0;
  std::size_t all_windows_ = 0;              ///< bytes
  std::map<unsigned, std::size_t> windows_;  ///< by turn
  std::map<unsigned, std::size_t> held_;     ///< pieces in use by turn
  unsigned turn_ = 0;
  std::multiset<unsigned> waiting_;  ///< turns
};

}  // namespace berth::layers
