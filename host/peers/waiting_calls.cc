#include "peers/waiting_calls.h"

#include <p2p/assert.h>

#include <utility>

namespace p2p::host {

std::int32_t WaitingCalls::add(ReplyHandler& taker, TimePoint deadline, Urgency urgency) {
  Index index = free_;
  if (index != kNone) {
    free_ = places_[index].earlier;
  } else {
    index = static_cast<Index>(places_.size());
    P2P_ASSERT(index < (Index{1} << kIndexBits), "the caller keeps [host] peer_calls_max");
    places_.emplace_back();
  }
  Place& place = places_[index];
  place.taker = &taker;
  place.deadline = deadline;
  place.is_given_out = true;
  place.is_urgent = urgency == Urgency::must_try;
  place.was_sent = false;
  // Zero is no id, so no use count is zero.
  place.use = place.use + 1 == kUses ? 1 : place.use + 1;
  link(index);
  ++waiting_;
  urgent_ += place.is_urgent ? 1 : 0;
  return static_cast<std::int32_t>(place.use << kIndexBits | index);
}

WaitingCalls::Place* WaitingCalls::find(std::int32_t sequence) {
  const auto id = static_cast<std::uint32_t>(sequence);
  const Index index = id & ((Index{1} << kIndexBits) - 1);
  if (sequence <= 0 || index >= places_.size()) return nullptr;
  Place& place = places_[index];
  return place.is_given_out && place.use == id >> kIndexBits ? &place : nullptr;
}

const ReplyHandler* WaitingCalls::find_taker(std::int32_t sequence) const {
  const Place* place = const_cast<WaitingCalls*>(this)->find(sequence);
  return place != nullptr ? place->taker : nullptr;
}

ReplyHandler* WaitingCalls::take(std::int32_t sequence) {
  Place* place = find(sequence);
  if (place == nullptr) return nullptr;
  const auto index = static_cast<Index>(place - places_.data());
  ReplyHandler* taker = place->taker;
  if (taker != nullptr) {
    unlink(index);
    --waiting_;
    urgent_ -= place->is_urgent ? 1 : 0;
  } else {
    --late_;
  }
  free(index);
  return taker;
}

void WaitingCalls::sent(std::int32_t sequence) {
  if (Place* place = find(sequence)) place->was_sent = true;
}

WaitingCalls::Waiting WaitingCalls::take_overdue(TimePoint now) {
  if (first_ == kNone || places_[first_].deadline > now) return {};
  const Index index = first_;
  unlink(index);
  --waiting_;
  urgent_ -= places_[index].is_urgent ? 1 : 0;
  ++late_;
  return {std::exchange(places_[index].taker, nullptr), places_[index].was_sent};
}

std::vector<WaitingCalls::Waiting> WaitingCalls::clear() {
  std::vector<Waiting> all;
  all.reserve(waiting_);
  for (Index index = first_; index != kNone; index = places_[index].later) {
    all.push_back({places_[index].taker, places_[index].was_sent});
  }
  *this = WaitingCalls();
  return all;
}

std::optional<TimePoint> WaitingCalls::next_deadline() const {
  if (first_ == kNone) return std::nullopt;
  return places_[first_].deadline;
}

void WaitingCalls::check() const {
  P2P_ASSERT(check_list() == waiting_, "those that wait are counted");
  P2P_ASSERT(check_free() + waiting_ + late_ == places_.size(), "a place is free, waited for or late");
}

std::size_t WaitingCalls::check_list() const {
  std::size_t count = 0;
  std::size_t urgent = 0;
  Index before = kNone;
  for (Index index = first_; index != kNone; before = index, index = places_[index].later) {
    const Place& place = places_[index];
    P2P_ASSERT(place.taker != nullptr && place.is_given_out, "a waiting call has a handler");
    P2P_ASSERT(place.earlier == before, "the list leads back the way it came");
    P2P_ASSERT(before == kNone || places_[before].deadline <= place.deadline, "the earliest deadline comes first");
    P2P_ASSERT(++count <= places_.size(), "the list ends");
    urgent += place.is_urgent ? 1 : 0;
  }
  P2P_ASSERT(urgent == urgent_, "those that are urgent are counted");
  P2P_ASSERT(last_ == before, "the list ends with the last one");
  return count;
}

std::size_t WaitingCalls::check_free() const {
  std::size_t count = 0;
  for (Index index = free_; index != kNone; index = places_[index].earlier) {
    P2P_ASSERT(!places_[index].is_given_out && places_[index].taker == nullptr, "a free place belongs to no call");
    P2P_ASSERT(++count <= places_.size(), "the list ends");
  }
  return count;
}

// Usually after the last one: few kinds of calls have shorter deadlines than others.
void WaitingCalls::link(Index index) {
  Index before = last_;
  while (before != kNone && places_[before].deadline > places_[index].deadline) before = places_[before].earlier;
  const Index after = before == kNone ? first_ : places_[before].later;
  places_[index].earlier = before;
  places_[index].later = after;
  (before == kNone ? first_ : places_[before].later) = index;
  (after == kNone ? last_ : places_[after].earlier) = index;
}

void WaitingCalls::unlink(Index index) {
  const Place& place = places_[index];
  (place.earlier == kNone ? first_ : places_[place.earlier].later) = place.later;
  (place.later == kNone ? last_ : places_[place.later].earlier) = place.earlier;
}

void WaitingCalls::free(Index index) {
  Place& place = places_[index];
  place.taker = nullptr;
  place.is_given_out = false;
  place.earlier = std::exchange(free_, index);
}

}  // namespace p2p::host
