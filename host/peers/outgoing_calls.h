// Which calls wait to be written to one node, and in which order do they go? Those between locators first: a vote or a
// lease waits for no data but what is being written, and one more batch where another went before it. Pure.
#pragma once

#include "peers/waiting_calls.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::host {

// Of data that is written at once; what is more urgent goes between one batch and the next. No more than is kept for
// reuse, so that no memory is given back for it.
inline constexpr std::size_t kDataBatchBytesMax = 256 * 1024;

class OutgoingCalls final {
 public:
  // `append(out)` writes the message behind what is in `out`.
  template <class Append>
  void add(std::int32_t sequence, Urgency urgency, Append append) {
    Queue& queue = of(urgency);
    const std::size_t before = queue.messages.size();
    append(queue.messages);
    queue.calls.push_back({sequence, queue.messages.size() - before});
  }

  bool empty() const noexcept { return of(Urgency::must_try).empty() && of(Urgency::fails_fast).empty(); }
  std::size_t bytes(Urgency urgency) const noexcept { return of(urgency).messages.size() - of(urgency).taken_bytes; }

  // Moves the next batch into `batch`, which is empty, without the calls for which `is_wanted(sequence)` is false.
  template <class IsWanted>
  void take(std::string& batch, IsWanted is_wanted) {
    Urgency turn = was_urgent_ ? Urgency::fails_fast : Urgency::must_try;
    take(of(turn), batch, is_wanted);
    if (batch.empty()) {
      turn = was_urgent_ ? Urgency::must_try : Urgency::fails_fast;
      take(of(turn), batch, is_wanted);
    }
    was_urgent_ = turn == Urgency::must_try && !batch.empty();
  }

  // All that wait, which it forgets.
  std::vector<std::int32_t> clear();

 private:
  struct Call {
    std::int32_t sequence;
    std::size_t bytes;
  };
  struct Queue {
    std::string messages;  // one behind the other
    std::vector<Call> calls;
    std::size_t taken_bytes = 0;  // of the former
    std::size_t taken_calls = 0;

    bool empty() const noexcept { return taken_calls == calls.size(); }
  };

  Queue& of(Urgency urgency) noexcept { return queues_[static_cast<std::size_t>(urgency)]; }
  const Queue& of(Urgency urgency) const noexcept { return queues_[static_cast<std::size_t>(urgency)]; }

  template <class IsWanted>
  static void take(Queue& queue, std::string& batch, IsWanted is_wanted);
  static void forget_taken(Queue& queue);

  std::array<Queue, 2> queues_;
  bool was_urgent_ = false;  // the last batch
};

template <class IsWanted>
void OutgoingCalls::take(Queue& queue, std::string& batch, IsWanted is_wanted) {
  // As a rule it is one batch, which changes places with the empty one.
  const bool is_whole = queue.taken_bytes == 0 && queue.messages.size() <= kDataBatchBytesMax;
  if (is_whole) batch.swap(queue.messages);
  std::string& from = is_whole ? batch : queue.messages;
  std::size_t kept = 0;
  for (; queue.taken_calls < queue.calls.size() && (is_whole || kept < kDataBatchBytesMax); ++queue.taken_calls) {
    const Call& call = queue.calls[queue.taken_calls];
    const char* const message = from.data() + queue.taken_bytes;
    queue.taken_bytes += call.bytes;
    if (!is_wanted(call.sequence)) continue;
    if (!is_whole)
      batch.append(message, call.bytes);
    else if (message != batch.data() + kept)
      std::char_traits<char>::move(batch.data() + kept, message, call.bytes);
    kept += call.bytes;
  }
  batch.resize(kept);
  forget_taken(queue);
}

}  // namespace p2p::host
