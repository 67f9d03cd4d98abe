// May a node that has handed over everything end? Nodes of the 2009 system hand over by puts, unasked, and notice a
// failure only when nobody listens: one that leaves at the same moment may put keys here for as long as it lives. So
// each of them is told once more that this node has left. A node that has executed that call puts nothing here any
// more; one that is handing over executes nothing until it has finished.
#pragma once

#include "classic/classic_store.h"

#include <p2p/log.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace p2p::diststore {

// How long such a node may be silent, and put nothing here, before this one ends anyway.
inline constexpr Duration kLastWordPatience = std::chrono::seconds(5);

class LastWords final : public std::enable_shared_from_this<LastWords> {
 public:
  LastWords(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store)
      : log_(log), strand_(std::move(strand)), store_(std::move(store)) {}

  // Called once. `done` runs once, on the strand, when no node may put anything here any more; `progressed` at
  // intervals until then. [own strand]
  void say(std::function<void()> progressed, std::function<void()> done);

  // Stops waiting; no callback runs any more. [any thread]
  void stop();

 private:
  // A node to be told; `since`: the first try, or the last one during which something was put here.
  struct Word {
    NodeAddress node;
    TimePoint since;
    std::int64_t taken = 0;  // puts taken by then
  };

  void tell(Word word);
  void told(Word word, const Result<Done>& result);
  void ended();
  void watch();
  std::int64_t taken() const {
    return store_->kept_puts->count() + store_->forwarder->forwarded() + store_->classics->puts_passed_on();
  }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<ClassicStore> store_;
  std::atomic<bool> is_stopped_{false};

  // [own strand]
  std::function<void()> progressed_;
  std::function<void()> done_;
  std::size_t open_ = 0;
  std::vector<Word> again_;  // unreached so far: retried at the next watch
  std::unique_ptr<Timer> timer_;
};

}  // namespace p2p::diststore
