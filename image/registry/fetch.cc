// SPDX-License-Identifier: Apache-2.0
#include "image/registry/fetch.h"

#include "base/text.h"
#include "image/registry/explain.h"
#include "image/registry/patience.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace berth::registry {

namespace {

/// Progress that gives all tries back: less of it could go on for ever.
constexpr std::uint64_t kProgress = 64UL * 1024;

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool skip_text(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

class Download::BodySink : public Sink {
 public:
  explicit BodySink(Fetch& fetch) : fetch_(fetch) {}

  bool begin(const Exchange& head) override { return fetch_.begin(head); }

  bool take(std::string_view bytes) override { return fetch_.take(bytes); }

 private:
  Fetch& fetch_;
};

Download::Fetch::Fetch(Download& download, Http& http, const Job& job)
    : download_(download),
      http_(http),
      job_(job),
      part_(download.parts_[job.part]),
      position_(job.piece * download.window_.piece),
      end_(job.is_stream ? part_.size : position_ + download.size_of(job.part, job.piece)) {
  if (job.is_stream) return;
  const std::lock_guard lock(download_.mutex_);
  piece_ = &download_.progress_[job.part].pieces.at(job.piece);
  opened_ = job.piece;
}

/// "bytes=A-B", or nothing where the whole is wanted.
std::string Download::Fetch::range() const {
  if (job_.is_stream || (position_ == 0 && end_ == part_.size)) return {};
  return "Range: bytes=" + std::to_string(position_) + "-" + std::to_string(end_ - 1);
}

Error Download::Fetch::wrong_size(const std::string& found) const {
  return Error{Blame::image,
               "trust " + quote(part_.name) + ": it has " + found + " bytes, not " +
                   std::to_string(part_.size),
               {},
               "what the registry sends is not what its manifest says: tell its owner"};
}

/// "bytes A-B/SIZE" with the A that we asked for (RFC 9110, section 14.4).
bool Download::Fetch::is_range_right(const std::string& header) {
  std::string_view text = header;
  if (!skip_text(text, "bytes ")) return false;
  const auto from = take_number(text);
  if (!from || *from != position_ || !skip_text(text, "-")) return false;
  const auto to = take_number(text);
  if (!to || *to < *from || !skip_text(text, "/")) return false;
  const auto size = take_number(text);
  if (size && *size != part_.size) problem_ = wrong_size(std::to_string(*size));
  return !problem_;
}

bool Download::Fetch::begin(const Exchange& head) {
  skip_ = 0;
  if (head.status == 206) {
    if (is_range_right(head.header("content-range"))) return true;
    if (!problem_)
      problem_ = Error{Blame::image,
                       "read " + quote(part_.name) + ": other bytes come than were asked for"};
    return false;
  }
  const std::string length = head.header("content-length");
  if (head.status != 200 || (!length.empty() && length != std::to_string(part_.size))) {
    problem_ = head.status == 200 ? wrong_size(length.substr(0, 20))
                                  : explain(head, "the registry", part_.name);
    return false;
  }
  is_whole_ = !job_.is_stream && !range().empty();
  skip_ = position_;
  return !is_whole_;
}

/// The piece to fill, once there is room for it; null when it is there already or all has to end.
Download::Piece* Download::Fetch::next_piece(std::uint64_t number) {
  std::unique_lock lock(download_.mutex_);
  Progress& progress = download_.progress_[job_.part];
  // Somebody waits for a piece that no connection will bring, unless this one becomes free for it.
  const auto is_needed_elsewhere = [&] { return download_.is_anything_missed(job_.part, number); };
  download_.changed_.wait(lock, [&] {
    return download_.stop_.load() != 0 || download_.held_ < download_.window_.pieces ||
           download_.wanted_.count({job_.part, number}) != 0 || is_needed_elsewhere();
  });
  if (is_needed_elsewhere()) {
    is_too_far_ = true;
    return nullptr;
  }
  opened_ = number;
  progress.next = std::max(progress.next, number + 1);
  if (progress.pieces.count(number) != 0) return nullptr;
  return download_.open_piece(job_.part, number);
}

bool Download::Fetch::take(std::string_view bytes) {
  if (download_.stop_.load() != 0) return false;
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  bytes.remove_prefix(skipped);
  skip_ -= skipped;
  while (!bytes.empty()) {
    if (position_ == end_) {
      problem_ =
          end_ == part_.size
              ? wrong_size("more than " + std::to_string(end_))
              : Error{Blame::image,
                      "read " + quote(part_.name) + ": other bytes come than were asked for"};
      return false;
    }
    const std::uint64_t number = position_ / download_.window_.piece;
    if (opened_ != number) piece_ = next_piece(number);
    if (is_too_far_) return false;
    const std::uint64_t piece_end = std::min((number + 1) * download_.window_.piece, end_);
    const auto step =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), piece_end - position_));
    if (piece_ != nullptr)
      std::memcpy(piece_->bytes.data() + position_ % download_.window_.piece, bytes.data(), step);
    bytes.remove_prefix(step);
    position_ += step;
    // The last one is not ready before the answer has ended: more bytes may come, and must not.
    if (position_ == end_ || position_ < piece_end) continue;
    if (piece_ != nullptr) download_.close_piece(job_.part, number);
    piece_ = nullptr;
  }
  return download_.stop_.load() == 0;
}

Result<Exchange> Download::Fetch::ask() {
  Question question;
  std::optional<Url> shortcut;
  {
    const std::lock_guard lock(download_.mutex_);
    const Progress& progress = download_.progress_[job_.part];
    place_ = progress.place;
    shortcut = progress.shortcut;
  }
  was_short_cut_ = shortcut.has_value();
  problem_.reset();
  question.shortcut = &shortcut;
  if (const std::string line = range(); !line.empty()) question.headers.push_back(line);
  BodySink sink(*this);
  const Place& place = part_.places[place_];
  question.url = place.url;
  auto exchange = place.endpoint
                      ? place.endpoint->ask(http_, "blobs/" + part_.digest, question, &sink)
                      : ask_anybody(http_, download_.network_, question, &sink);
  const std::lock_guard lock(download_.mutex_);
  Progress& progress = download_.progress_[job_.part];
  if (progress.place == place_) progress.shortcut = shortcut;
  return exchange;
}

/// The next place, if there is one; else this is the end of the part.
Download::Fetch::After Download::Fetch::go_on_elsewhere(const Error& error) {
  {
    const std::lock_guard lock(download_.mutex_);
    Progress& progress = download_.progress_[job_.part];
    if (progress.place == place_ && place_ + 1 < part_.places.size()) {
      ++progress.place;
      progress.shortcut.reset();
    }
    if (progress.place != place_) return After::again;
  }
  end(error);
  return After::failed;
}

/// Of an answer that came to its end, or that we have ended.
Download::Fetch::After Download::Fetch::judge_end(const Exchange& exchange) {
  if (is_whole_ || is_too_far_) {
    end(std::nullopt);
    return After::done;
  }
  if (problem_) return go_on_elsewhere(*problem_);
  if (position_ == end_) {
    if (piece_ != nullptr) download_.close_piece(job_.part, *opened_);
    piece_ = nullptr;
    end(std::nullopt);
    return After::done;
  }
  const bool is_success = exchange.status >= 200 && exchange.status < 300;
  if (exchange.trouble == Trouble::none && is_success && exchange.status != 206)
    return go_on_elsewhere(wrong_size(std::to_string(position_)));
  return After::again;
}

Download::Fetch::After Download::Fetch::judge(const Result<Exchange>& outcome) {
  if (download_.stop_.load() != 0) return After::failed;
  if (!outcome) return go_on_elsewhere(outcome.error());
  const bool is_success = outcome->status >= 200 && outcome->status < 300;
  if (is_success || position_ == end_) return judge_end(*outcome);
  return After::again;
}

/// The address that the registry gave is good for a while only: forgets it, and answers whether the
/// refusal may be because of that.
bool Download::Fetch::was_address_stale(const Exchange& outcome) {
  if (!was_short_cut_) return false;
  const std::lock_guard lock(download_.mutex_);
  download_.progress_[job_.part].shortcut.reset();
  return outcome.status >= 400 && outcome.status < 429;
}

/// After an answer that broke off or was a refusal: waits and asks again, or goes on elsewhere.
Download::Fetch::After Download::Fetch::try_again(Exchange failed, Patience& patience) {
  const Place& place = part_.places[place_];
  const bool is_success = failed.status >= 200 && failed.status < 300;
  if (is_success && failed.trouble == Trouble::none) failed.trouble = Trouble::broken;
  if (patience.wait_after(failed, !place.endpoint || place.endpoint->is_known()))
    return After::again;
  if (download_.stop_.load() != 0) return After::failed;
  const std::string host = place.endpoint ? place.endpoint->registry() : place.url.authority;
  const After after = go_on_elsewhere(explain(failed, "the registry", host));
  if (after != After::failed) patience.restore();
  return after;
}

void Download::Fetch::run() {
  Patience patience(download_.network_);
  After after = After::again;
  while (after == After::again) {
    const std::uint64_t before = position_;
    const auto outcome = ask();
    after = judge(outcome);
    if (after != After::again || !outcome) continue;
    const bool has_moved = position_ - before >= kProgress;
    if (has_moved) patience.restore();
    if (outcome->trouble == Trouble::none && outcome->status == 206 && has_moved) continue;
    if (!was_address_stale(*outcome)) after = try_again(*outcome, patience);
  }
}

/// Takes back what is not ready, and tells those who wait.
void Download::Fetch::end(const std::optional<Error>& failure) {
  {
    const std::lock_guard lock(download_.mutex_);
    Progress& progress = download_.progress_[job_.part];
    if (failure) progress.failure = failure;
    if (is_whole_) progress.is_whole = true;
    if (job_.is_stream) progress.is_streamed = false;
    if (piece_ != nullptr) {  // else it is another connection's, if it is there
      const auto piece = progress.pieces.find(*opened_);
      if (piece != progress.pieces.end() && !piece->second.is_ready) {
        progress.pieces.erase(piece);
        --download_.held_;
        progress.next = std::min(progress.next, *opened_);
      }
    }
  }
  download_.changed_.notify_all();
}

}  // namespace berth::registry
