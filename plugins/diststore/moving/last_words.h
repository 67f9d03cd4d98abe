// May a node that has handed over everything end? Nodes of the 2009 system put what they hand over without asking, and
// know no other word for a failure than that nobody listens: one that leaves at the same moment may be in the middle of
// it, for as long as it lives. So each of them is told once more that this node has left. Who has executed that puts
// nothing to us any more; who is busy handing over executes nothing until it ends.
#pragma once

#include "serving/store.h"

#include <p2p/log.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace p2p::diststore {

// How long such a node may be silent, and put nothing here, before this one ends all the same.
inline constexpr Duration kLastWordPatience = std::chrono::seconds(5);

class LastWords final : public std::enable_shared_from_this<LastWords> {
 public:
  LastWords(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store)
      : log_(log), strand_(std::move(strand)), store_(std::move(store)) {}

  // `done` runs once, on the strand, when nobody may put anything here any more; `progressed` whenever somebody has.
  // Once. [own strand]
  void say(std::function<void()> progressed, std::function<void()> done);

  // Nobody is waited for any more, and nothing called. [any thread]
  void stop();

 private:
  // A node that is to be told; `since`: when something was last put here while it was asked, or it was first asked.
  struct Word {
    Location node;
    TimePoint since;
    std::int64_t taken = 0;  // until then
  };

  void tell(Word word);
  void told(Word word, const Result<Done>& result);
  void ended();
  void watch();
  std::int64_t taken() const {
    return store_->kept_puts->count() + store_->router->forwarded() + store_->classics->puts_passed_on();
  }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;
  std::atomic<bool> is_stopped_{false};

  // [own strand]
  std::function<void()> progressed_;
  std::function<void()> done_;
  std::size_t open_ = 0;
  std::vector<Word> again_;  // not heard yet: at the next watch
  std::unique_ptr<Timer> timer_;
};

}  // namespace p2p::diststore
