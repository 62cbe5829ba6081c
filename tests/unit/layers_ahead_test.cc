// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "image/layers/decoder.h"
#include "image/layers/hasher.h"
#include "image/layers/pieces.h"
#include "image/source/digest.h"

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace berth::layers {
namespace {

using Pieces = std::vector<std::shared_ptr<Piece>>;

class PiecePoolTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kCount = PiecePool::kReserve + 4;

  void TearDown() override {
    stop_ = true;
    pool_->wake();
    for (std::thread& thread : threads_)
      thread.join();
  }

  void take(unsigned turn, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      taken_.push_back(pool_->take(turn, stop_));
  }

  /// A thread that waits for one piece, and what becomes of it.
  std::shared_ptr<std::atomic<bool>> wait_for_one(unsigned turn) {
    auto has_it = std::make_shared<std::atomic<bool>>(false);
    threads_.emplace_back([this, turn, has_it] {
      const auto piece = pool_->take(turn, stop_);
      *has_it = piece != nullptr;
      while (piece && !stop_)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return has_it;
  }

  static bool turns_true(const std::atomic<bool>& flag) {
    for (unsigned i = 0; i < 5000 && !flag; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return flag;
  }

  std::shared_ptr<PiecePool> pool_ = PiecePool::create(kCount);
  std::atomic<bool> stop_{false};
  Pieces taken_;
  std::vector<std::thread> threads_;
};

TEST_F(PiecePoolTest, TheLayerBeingReadIsNeverLeftWithoutPieces) {
  take(1, 4);
  const auto ahead = wait_for_one(1);
  EXPECT_FALSE(*ahead) << "took what is kept for the layer being read";
  take(0, PiecePool::kReserve);
  EXPECT_EQ(taken_.size(), kCount);
  EXPECT_FALSE(*ahead);
}

TEST_F(PiecePoolTest, WhatTheTreeTakesIsMissingAheadButNotForTheLayerBeingRead) {
  constexpr std::size_t kBudget = kCount * PiecePool::kPieceSize;
  pool_ = PiecePool::create(kCount, kBudget);
  take(1, 3);
  pool_->set_tree(kBudget);
  const auto ahead = wait_for_one(1);
  EXPECT_FALSE(*ahead);
  take(0, PiecePool::kReserve);
  EXPECT_EQ(taken_.size(), 3 + PiecePool::kReserve);
}

TEST_F(PiecePoolTest, WindowsCountUntilTheyAreTakenBack) {
  pool_ = PiecePool::create(kCount, kCount * PiecePool::kPieceSize + PiecePool::kLargestWindow);
  pool_->add_window(0, PiecePool::kLargestWindow);
  take(1, 1);
  pool_->add_window(1, 4 * PiecePool::kPieceSize);
  const auto ahead = wait_for_one(1);
  EXPECT_FALSE(*ahead);
  pool_->take_back_window(1);
  EXPECT_TRUE(turns_true(*ahead));
}

TEST_F(PiecePoolTest, WhatComesBackGoesToTheNearestLayer) {
  take(1, 4);
  const auto farther = wait_for_one(3);
  const auto nearer = wait_for_one(2);
  taken_.pop_back();
  EXPECT_TRUE(turns_true(*nearer));
  EXPECT_FALSE(*farther);
  taken_.pop_back();
  EXPECT_TRUE(turns_true(*farther));
}

TEST_F(PiecePoolTest, ALayerGetsTheReserveWhenItsTurnComes) {
  take(1, 4);
  const auto waiting = wait_for_one(1);
  pool_->begin_turn(1);
  EXPECT_TRUE(turns_true(*waiting));
}

TEST_F(PiecePoolTest, AStopEndsTheWaiting) {
  take(0, kCount);
  std::atomic<bool> stop{false};
  std::atomic<bool> is_over{false};
  std::thread waiting([&] {
    EXPECT_EQ(pool_->take(0, stop), nullptr);
    is_over = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_over);
  stop = true;
  pool_->wake();
  waiting.join();
  EXPECT_TRUE(is_over);
}

TEST_F(PiecePoolTest, KeepsItsMemoryWhenAllPiecesWereInUse) {
  take(0, kCount);
  std::set<const Piece*> first;
  for (const auto& piece : taken_)
    first.insert(piece.get());
  taken_.clear();
  take(0, kCount);
  for (const auto& piece : taken_)
    EXPECT_TRUE(first.contains(piece.get()));
}

TEST(Hasher, DigestsPiecesInTheirOrder) {
  std::string all;
  Hasher hasher;
  for (unsigned i = 0; i < 200; ++i) {
    auto piece = std::make_shared<Piece>();
    piece->bytes.assign(1000 + i, static_cast<char>(i));
    piece->used = 1000 + i / 2;
    all.append(piece->bytes.data(), piece->used);
    hasher.add(std::move(piece));
  }
  EXPECT_EQ(hasher.take(), source::digest_of(all));
}

TEST(Hasher, SharesThreadsWithOthers) {
  for (const unsigned threads : {1U, 3U}) {
    const auto shared = std::make_shared<HashThreads>(threads);
    std::vector<std::string> all(5);
    auto given_up = std::make_unique<Hasher>(shared);
    std::vector<std::unique_ptr<Hasher>> hashers;
    for (std::size_t i = 0; i < all.size(); ++i)
      hashers.push_back(std::make_unique<Hasher>(shared));
    for (unsigned i = 0; i < 300; ++i) {
      auto piece = std::make_shared<Piece>();
      piece->bytes.assign(std::size_t{i} * 31, static_cast<char>(i));
      piece->used = piece->bytes.size();
      all.at(i % 5).append(piece->bytes.data(), piece->used);
      if (given_up) given_up->add(piece);
      hashers.at(i % 5)->add(std::move(piece));
      if (i == 150) given_up.reset();
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      EXPECT_EQ(hashers.at(i)->take(), source::digest_of(all.at(i)));
  }
}

TEST(Hasher, WaitsUntilPiecesMayBeUsedAgain) {
  Hasher hasher;
  std::string all;
  const auto piece = std::make_shared<Piece>();
  for (unsigned i = 0; i < 100; ++i) {
    hasher.wait(0);
    piece->bytes.assign(1 << 16, static_cast<char>(i));
    piece->used = piece->bytes.size();
    all.append(piece->bytes.data(), piece->used);
    hasher.add(piece);
  }
  EXPECT_EQ(hasher.take(), source::digest_of(all));
}

TEST(HashedInput, MayBeAskedAgainAtItsEnd) {
  std::string all;
  for (unsigned i = 0; i < 40'000; ++i)
    all += "line " + std::to_string(i * i) + " of a blob of several pieces, which are used again\n";
  UniqueFd memory(::memfd_create("blob", MFD_CLOEXEC));
  ASSERT_EQ(write_fully(memory.get(), all.data(), all.size()), 0);
  source::Blob blob{std::make_shared<const UniqueFd>(std::move(memory)), 0, all.size(), "blob"};
  blob.digest = source::digest_of(all);
  for (unsigned round = 0; round < 20; ++round) {
    HashedInput input(blob);
    std::size_t size = 0;
    for (auto piece = input.next(); piece && !piece->empty(); piece = input.next())
      size += piece->size();
    EXPECT_EQ(size, all.size());
    for (unsigned i = 0; i < 9; ++i)
      EXPECT_EQ(*input.next(), "");
    EXPECT_TRUE(input.finish());
  }
}

TEST(Hasher, MayBeGivenUp) {
  const auto piece = std::make_shared<Piece>();
  piece->bytes.resize(1 << 20);
  piece->used = 1 << 20;
  {
    Hasher hasher;
    for (unsigned i = 0; i < 100; ++i)
      hasher.add(piece);
  }
  EXPECT_EQ(piece.use_count(), 1);
}

}  // namespace
}  // namespace berth::layers
