#include "net/deadline_wheel.h"

#include <algorithm>

namespace p2p::net {
namespace {

constexpr std::uint64_t kNotInWheel = 0;  // ticks of entries are 1 at least
constexpr std::uint64_t kGathered = UINT64_MAX;

}  // namespace

void DeadlineWheel::link(List& list, Entry& entry) noexcept {
  entry.previous_ = nullptr;
  entry.next_ = list.first;
  if (list.first != nullptr) list.first->previous_ = &entry;
  list.first = &entry;
}

DeadlineWheel::List& DeadlineWheel::list_of(const Entry& entry) noexcept {
  return entry.due_tick_ == kGathered ? due_ : slots_[entry.due_tick_ % kSlots];
}

void DeadlineWheel::unlink(Entry& entry) noexcept {
  if (entry.previous_ != nullptr) {
    entry.previous_->next_ = entry.next_;
  } else {
    list_of(entry).first = entry.next_;
  }
  if (entry.next_ != nullptr) entry.next_->previous_ = entry.previous_;
  entry.next_ = entry.previous_ = nullptr;
}

void DeadlineWheel::add(Entry& entry, TimePoint at) noexcept {
  const auto since = std::max<Duration>(at - epoch_, Duration::zero());
  const auto tick = static_cast<std::uint64_t>((since + kTick - Duration(1)) / kTick);
  entry.due_tick_ = std::max(tick, tick_ + 1);
  link(slots_[entry.due_tick_ % kSlots], entry);
  ++count_;
}

void DeadlineWheel::remove(Entry& entry) noexcept {
  if (entry.due_tick_ == kNotInWheel) return;
  unlink(entry);
  entry.due_tick_ = kNotInWheel;
  --count_;
}

void DeadlineWheel::gather(std::uint64_t tick) noexcept {
  Entry* entry = slots_[tick % kSlots].first;
  while (entry != nullptr) {
    Entry* const next = entry->next_;
    if (entry->due_tick_ <= tick) {
      unlink(*entry);
      entry->due_tick_ = kGathered;
      link(due_, *entry);
    }
    entry = next;
  }
}

DeadlineWheel::Entry* DeadlineWheel::take_due(TimePoint now) noexcept {
  const auto reached = static_cast<std::uint64_t>(std::max<Duration>(now - epoch_, Duration::zero()) / kTick);
  if (count_ == 0) {
    tick_ = std::max(tick_, reached);
    return nullptr;
  }
  // After a long pause each slot is visited once; all that was due then is still due.
  if (reached > tick_ + kSlots) {
    for (std::uint64_t tick = reached - kSlots + 1; tick <= reached; ++tick) gather(tick);
    tick_ = reached;
  }
  while (due_.first == nullptr && tick_ < reached) gather(++tick_);
  Entry* const entry = due_.first;
  if (entry != nullptr) remove(*entry);
  return entry;
}

DeadlineWheel::Entry* DeadlineWheel::take_any() noexcept {
  if (count_ == 0) return nullptr;
  Entry* entry = due_.first;
  for (std::size_t slot = 0; entry == nullptr; ++slot) entry = slots_[slot].first;
  remove(*entry);
  return entry;
}

}  // namespace p2p::net
