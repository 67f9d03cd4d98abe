// How does one question to the entries end? By its answer or when its time is over, whichever comes first; what comes
// later is dropped. A primary that has lost the majority has no answer until it serves again.
#pragma once

#include "spaces/entry_access.h"
#include "spaces/pauses.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace p2p::diststore {

template <class Answer>
class Attempt final : public std::enable_shared_from_this<Attempt<Answer>> {
 public:
  using Then = EntryAccess::Then<Answer>;

  Attempt(std::shared_ptr<Pauses> pauses, Then then) : pauses_(std::move(pauses)), then_(std::move(then)) {}
  ~Attempt() { forget_limit(); }

  // Calls `ask` with what is to be called with the answer. `then` runs at most once: with the answer, or as timed_out
  // after `time` or in stop() of the pauses. It is dropped with the question.
  template <class Ask>
  static void run(const std::shared_ptr<Pauses>& pauses, Duration time, Then then, const Ask& ask) {
    const auto attempt = std::make_shared<Attempt>(pauses, std::move(then));
    try {
      ask([attempt](Result<Answer> answer) { attempt->end(std::move(answer)); });
    } catch (...) {
      if (attempt->is_ended_) throw;  // by what the answer led to
      attempt->end(Error{ErrorKind::timed_out, "asking for it has failed"});
    }
    attempt->limit(time);
  }

 private:
  void end(Result<Answer> answer) {
    if (is_ended_.exchange(true)) return;
    forget_limit();
    std::exchange(then_, nullptr)(std::move(answer));
  }

  // Only once it is known that the answer is not there at once, as most are that need no other node.
  void limit(Duration time) {
    if (is_ended_) return;
    limit_ = pauses_->add(time, [weak = this->weak_from_this()](Pauses::Turn) {
      if (const auto attempt = weak.lock()) attempt->end(Error{ErrorKind::timed_out, "there was no answer in time"});
    });
    if (is_ended_) forget_limit();  // whoever ended it may have come before the number
  }
  void forget_limit() {
    if (const std::uint64_t number = limit_.exchange(0)) pauses_->cancel(number);
  }

  const std::shared_ptr<Pauses> pauses_;
  Then then_;
  std::atomic<bool> is_ended_{false};
  std::atomic<std::uint64_t> limit_{0};
};

}  // namespace p2p::diststore
