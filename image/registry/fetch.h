// SPDX-License-Identifier: Apache-2.0
// What one connection of a download does: it fetches one piece, or, from a server that sends no
// parts, all pieces in a row; resumes where it broke off; and goes to the next place when one
// fails.
#pragma once

#include "image/registry/download.h"
#include "image/registry/patience.h"

namespace berth::registry {

class Download::Fetch {
 public:
  Fetch(Download& download, Http& http, const Job& job);

  /// Until the job's pieces are ready, or its part has failed, or all has to end.
  void run();

  /// The part's bytes from `position_` on; false when no more are wanted.
  bool take(std::string_view bytes);

  /// The head of a success; false when its body is not what we can use.
  bool begin(const Exchange& head);

 private:
  enum class After { done, again, failed };

  Result<Exchange> ask();
  After judge(const Result<Exchange>& outcome);
  After judge_end(const Exchange& exchange);
  After go_on_elsewhere(const Error& error);
  After try_again(Exchange failed, Patience& patience);
  bool was_address_stale(const Exchange& outcome);
  bool is_range_right(const std::string& header);
  void end(const std::optional<Error>& failure);
  Piece* next_piece(std::uint64_t number);
  [[nodiscard]] std::string range() const;
  [[nodiscard]] Error wrong_size(const std::string& found) const;

  Download& download_;
  Http& http_;
  const Job job_;
  const Part& part_;
  std::uint64_t position_;  ///< the next byte of the part that we want
  std::uint64_t end_;       ///< behind the last one
  std::uint64_t skip_ = 0;  ///< bytes of this answer that we have already
  Piece* piece_ = nullptr;  ///< the one that `position_` is in; null: it is not wanted
  std::optional<std::uint64_t> opened_ = {};  ///< the number of the piece that was last asked for
  std::optional<Error> problem_ = {};         ///< with the body
  bool is_whole_ = false;                     ///< it turned out that parts are not sent
  bool is_too_far_ = false;                   ///< earlier bytes are wanted than come now
  std::size_t place_ = 0;
  bool was_short_cut_ = false;
};

}  // namespace berth::registry
