// How do keys reach the node that owns them now? Driven by what is held, not by events: as long as a look finds keys
// that another node owns, they are sent there in acknowledged batches, and deleted here only when confirmed and
// unchanged.
#pragma once

#include "replication/move_plan.h"
#include "serving/store.h"

#include <p2p/completion.h>
#include <p2p/log.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace p2p::diststore {

class Mover final : public std::enable_shared_from_this<Mover> {
 public:
  Mover(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store);

  // The ring has changed: looks at every key now, and once more when calls that were under way have ended. [any thread]
  void look();

  // A key has arrived here that seems to be another node's: looks after a pause in which our view may catch up. [any
  // thread]
  void look_later();

  // This node leaves: moves every key to its owner in `ring_without_self`, or, once nobody listens there, to the next
  // one, who passes it on when views have settled; however often that takes. Then seals the engine, moves what was
  // written meanwhile, and calls `done`. [any thread]
  void hand_over(std::shared_ptr<const RingView> ring_without_self, Completion done);

  // Nothing is sent any more; an unfinished hand_over() is given up, its `done` called. The keys stay. [any thread]
  void stop();

  std::int64_t keys_moved_out() const noexcept { return keys_moved_out_.load(std::memory_order_relaxed); }

 private:
  struct Moved {
    std::size_t keys = 0;
    std::size_t bytes = 0;
  };

  // One look at all keys, by one view.
  struct Pass {
    Pass(std::shared_ptr<const RingView> pass_view, std::size_t batch_bytes_max)
        : view(std::move(pass_view)), plan(batch_bytes_max) {}

    std::shared_ptr<const RingView> view;
    MovePlan plan;
    ScanPosition scanned;
    std::size_t batches_in_flight = 0;
    std::map<Location, Moved> moved;
    std::set<Location> failed;  // get nothing more in this pass
  };

  // All of the following: [own strand].
  void begin_pass();
  void step();
  void post_step();
  void scan_some();
  void send(MoveBatch batch);
  std::vector<wire::Item> fill(MoveBatch& batch) const;
  void replied(const MoveBatch& batch, const Result<std::string>& reply);
  void failed(const MoveBatch& batch, const Error& error);
  void note_unreachable(const Location& receiver);
  void confirmed(const MoveBatch& batch);
  void end_pass();
  void go_on_leaving(const Pass& ended);
  void retry();
  void begin_pass_after(Duration pause);

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;
  std::atomic<std::int64_t> keys_moved_out_{0};
  std::atomic<bool> is_stopped_{false};

  std::optional<Pass> pass_;
  bool is_wanted_ = false;    // another pass, after the one under way
  bool is_settling_ = false;  // another pass, when calls under way have ended
  Duration retry_pause_;      // after the next pass with a failure
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<const RingView> ring_without_self_;  // set: this node leaves
  std::set<Location> unreachable_;                     // while leaving: nobody listens there
  bool is_sealed_ = false;
  Completion handed_over_;
};

}  // namespace p2p::diststore
