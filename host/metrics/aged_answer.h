// What has the kernel answered lately? For questions that may take long, as they are asked on an I/O loop.
#pragma once

#include <p2p/units.h>

#include <chrono>
#include <mutex>
#include <optional>

namespace p2p::host {

// Scrapes are usually further apart.
inline constexpr Duration kAnswerAgeMax = std::chrono::seconds(5);

template <class Answer>
class AgedAnswer final {
 public:
  // What `ask` has said, kAnswerAgeMax ago at most. [any thread]
  template <class Ask>
  Answer of(Ask ask) {
    const std::lock_guard hold(mutex_);
    const TimePoint now = std::chrono::steady_clock::now();
    if (!answer_ || now - asked_at_ > kAnswerAgeMax) {
      answer_ = ask();
      asked_at_ = now;
    }
    return *answer_;
  }

 private:
  std::mutex mutex_;
  std::optional<Answer> answer_;
  TimePoint asked_at_{};
};

}  // namespace p2p::host
