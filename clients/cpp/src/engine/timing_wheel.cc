#include "engine/timing_wheel.h"

#include <algorithm>

namespace p2p::client {
namespace {

constexpr std::uint64_t kNotInWheel = 0;  // ticks of calls are 1 at least
constexpr std::uint64_t kGathered = UINT64_MAX;

}  // namespace

void TimingWheel::link(List& list, Call& call) noexcept {
  call.previous = nullptr;
  call.next = list.first;
  if (list.first != nullptr) list.first->previous = &call;
  list.first = &call;
}

TimingWheel::List& TimingWheel::list_of(const Call& call) noexcept {
  return call.due_tick == kGathered ? due_ : slots_[call.due_tick % kSlots];
}

void TimingWheel::unlink(Call& call) noexcept {
  if (call.previous != nullptr) {
    call.previous->next = call.next;
  } else {
    list_of(call).first = call.next;
  }
  if (call.next != nullptr) call.next->previous = call.previous;
  call.next = call.previous = nullptr;
}

void TimingWheel::add(Call& call, TimePoint at) noexcept {
  const auto since = std::max<Duration>(at - epoch_, Duration::zero());
  const auto tick = static_cast<std::uint64_t>((since + kTick - Duration(1)) / kTick);
  call.due_tick = std::max(tick, tick_ + 1);
  link(slots_[call.due_tick % kSlots], call);
  ++count_;
}

void TimingWheel::remove(Call& call) noexcept {
  if (call.due_tick == kNotInWheel) return;
  unlink(call);
  call.due_tick = kNotInWheel;
  --count_;
}

void TimingWheel::gather(std::uint64_t tick) noexcept {
  Call* call = slots_[tick % kSlots].first;
  while (call != nullptr) {
    Call* const next = call->next;
    if (call->due_tick <= tick) {
      unlink(*call);
      call->due_tick = kGathered;
      link(due_, *call);
    }
    call = next;
  }
}

Call* TimingWheel::take_due(TimePoint now) noexcept {
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
  Call* const call = due_.first;
  if (call != nullptr) remove(*call);
  return call;
}

Call* TimingWheel::take_any() noexcept {
  if (count_ == 0) return nullptr;
  Call* call = due_.first;
  for (std::size_t slot = 0; call == nullptr; ++slot) call = slots_[slot].first;
  remove(*call);
  return call;
}

}  // namespace p2p::client
