#include "ctl/copy_writes.h"

#include "ctl/store_client.h"
#include "text/foreign_text.h"

#include <p2p/units.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace p2p::ctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration kTick = std::chrono::milliseconds(100);  // of progress, and until an interrupt is seen
// Before an attempt is repeated, doubled each time. The client has tried for --timeout by then, unless the first
// attempt may have been executed.
constexpr Duration kPauseMin = std::chrono::milliseconds(100);
constexpr Duration kPauseMax = std::chrono::seconds(2);

constexpr std::size_t kKeyTextBytes = 100;

Duration pause_after(int attempts) { return std::min(kPauseMin * (1 << std::min(attempts - 1, 10)), kPauseMax); }

std::string text_of_key(const std::string& key) { return "'" + host::foreign_text(key, kKeyTextBytes) + "'"; }

}  // namespace

CopyWrites::CopyWrites(client::Client& to, CopyWritesOptions options)
    : to_(to), options_(std::move(options)), slots_(kCopyWritesMax) {
  for (std::size_t slot = kCopyWritesMax; slot-- > 0;) free_.push_back(slot);
}

CopyWrites::~CopyWrites() {
  while (in_flight_ > 0) wait();
}

void CopyWrites::add(CopyEntry entry) {
  while (!is_over() && !has_room_for(entry)) wait();
  if (is_over()) return;
  const std::size_t slot = free_.back();
  free_.pop_back();
  bytes_ += entry.bytes();
  is_alone_ = entry.bytes() >= kCopyAloneBytes;
  slots_[slot] = {std::move(entry)};
  send(slot);
}

bool CopyWrites::has_room_for(const CopyEntry& entry) const {
  const bool is_empty = free_.size() == kCopyWritesMax;
  if (is_empty) return true;
  return entry.bytes() < kCopyAloneBytes && !is_alone_ && bytes_ + entry.bytes() <= kCopyBytesMax && !free_.empty();
}

void CopyWrites::wait() {
  std::vector<Ended> ended;
  {
    const bool repeats = !repeated_.empty() && !is_over();
    const TimePoint due = repeats ? repeated_.begin()->first : TimePoint::max();
    std::unique_lock hold(mutex_);
    happened_.wait_until(hold, std::min(Clock::now() + kTick, due), [&] { return !ended_.empty() || is_woken_; });
    ended.swap(ended_);
    is_woken_ = false;
  }
  for (const auto& [slot, outcome] : ended) take(slot, outcome);
  repeat_what_is_due();
  show_progress();
}

void CopyWrites::wake() {
  const std::lock_guard hold(mutex_);
  is_woken_ = true;
  happened_.notify_one();
}

void CopyWrites::finish() {
  while (in_flight_ > 0 || (!is_over() && !repeated_.empty())) wait();
}

void CopyWrites::send(std::size_t slot) {
  const CopyEntry& entry = slots_[slot].entry;
  client::CallOptions options;
  options.if_absent = !options_.overwrites;
  options.is_repeatable = options_.overwrites;
  if (entry.ends_at) {
    options.ttl = *entry.ends_at - Clock::now();
    if (*options.ttl <= Duration::zero()) {
      ++tally_.expired;
      return release(slot);
    }
  }
  ++slots_[slot].attempts;
  ++in_flight_;
  to_.write(
      entry.key, entry.value,
      [this, slot](client::Outcome<client::Written> outcome) {
        const std::lock_guard hold(mutex_);
        ended_.emplace_back(slot, std::move(outcome));
        happened_.notify_one();
      },
      options);
}

void CopyWrites::repeat_what_is_due() {
  if (is_over()) return;
  const TimePoint now = Clock::now();
  while (!repeated_.empty() && repeated_.begin()->first <= now) {
    const std::size_t slot = repeated_.begin()->second;
    repeated_.erase(repeated_.begin());
    send(slot);
  }
}

void CopyWrites::take(std::size_t slot, const client::Outcome<client::Written>& outcome) {
  --in_flight_;
  if (!outcome.ok()) return take_failure(slot, outcome.failure());
  ++tally_.copied;
  tally_.bytes += slots_[slot].entry.bytes();
  release(slot);
}

// A write with a condition that may have been executed does no harm a second time: it finds the key there.
void CopyWrites::take_failure(std::size_t slot, const client::Failure& failure) {
  const Slot& it = slots_[slot];
  if (failure.is_condition_failed) {
    ++tally_.already_there;
    return release(slot);
  }
  if (failure.kind == ErrorKind::invalid) return fail(slot, failure.text);
  if (it.attempts < kCopyAttemptsMax && failure.kind != ErrorKind::not_found) {
    repeated_.emplace(Clock::now() + pause_after(it.attempts), slot);
    return;
  }
  if (failure.kind == ErrorKind::closed && it.entry.bytes() >= kFrameBytesMaxLeast) {
    return fail(slot,
                fmt::format("a node ended the connection over these {} bytes each time, as it does when a message is "
                            "larger than its [host] frame_bytes_max: {}",
                            it.entry.bytes(), failure.text));
  }
  if (!error_) {
    error_ = Error{failure.kind, fmt::format("the network to copy to did not take the key {}: {}",
                                             text_of_key(it.entry.key), failure.text)};
  }
  release(slot);
}

void CopyWrites::fail(std::size_t slot, const std::string& why) {
  ++tally_.failed;
  if (failures_.size() < kCopyFailuresMax) failures_.push_back(text_of_key(slots_[slot].entry.key) + ": " + why);
  release(slot);
}

void CopyWrites::release(std::size_t slot) {
  bytes_ -= slots_[slot].entry.bytes();
  slots_[slot] = {};
  free_.push_back(slot);
}

void CopyWrites::show_progress() {
  const TimePoint now = Clock::now();
  if (now - shown_at_ < kTick) return;
  shown_at_ = now;
  options_.on_progress(tally_);
}

}  // namespace p2p::ctl
