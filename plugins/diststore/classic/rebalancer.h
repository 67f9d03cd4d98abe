// How do keys reach the node that owns them now? Driven by what is stored, not by events: as long as a scan finds keys
// that another node owns, they are sent there in acknowledged batches, and deleted here only if the receiver has
// confirmed count and digest and they are unchanged.
#pragma once

#include "classic/classic_giver.h"
#include "classic/classic_store.h"
#include "classic/core/move_plan.h"
#include "classic/last_words.h"
#include "classic/progress.h"
#include "classic/receipts.h"

#include <p2p/completion.h>
#include <p2p/drain.h>
#include <p2p/log.h>
#include <p2p/strand.h>
#include <p2p/thread_check.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

// Batches for one node of the 2009 system, being given or queued: it never waits for the next one.
inline constexpr std::size_t kClassicBatchesMax = kGivenAtOnce + 2;

// Short at first: a receiver that refused may soon listen, learn of the new ring, or be removed from it.
inline constexpr Duration kRetryPauseMin = std::chrono::milliseconds(20);

class Rebalancer final : public std::enable_shared_from_this<Rebalancer> {
 public:
  // `drain` learns how the hand-over proceeds; may be null.
  Rebalancer(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<ClassicStore> store,
             std::shared_ptr<ReceiptBook> receipts, std::shared_ptr<Drain> drain = nullptr);

  // From now on kept puts are handed over. Called once. [any thread]
  void start();

  // The store's ownership snapshot has changed: rescans every key by the new ring. [any thread]
  void rescan();

  // Another node has requested keys, and this node has not handed over fully: scans, unless a scan is due anyway. [any
  // thread]
  void scan_for_receiver();

  // This node is about to leave: from now on puts for other nodes' keys are kept and handed over (H26). [any thread]
  void begin_leave() { store_->kept_puts->keep_all(); }

  // This node leaves, and is off the ring already: moves every key to its owner, through ring changes and in as many
  // rounds as that takes, then calls `done`. [any thread]
  void hand_over(Completion done);

  // The node ends: nothing is sent or deleted any more. Returns a line for each node that owns keys which are still
  // here: how many, of how many, and why; each leaves a receipt. Keys that this node itself owns, because it has not
  // left its ring, do not count. [any thread]
  std::vector<std::string> give_up();

  // Sends nothing more, and calls the `done` of an unfinished hand_over(). The keys stay. [any thread]
  void stop();

  // By the ring of `view_version`, all keys were scanned, and none is here that belongs elsewhere (H15). [any thread]
  bool is_handed_over(ViewVersion view_version) const noexcept {
    // In this order: a round for kept puts resets the view version before it counts.
    return kept_seen_.load() == store_->kept_puts->count() && handed_over_in_.load() == view_version;
  }

  const MoveProgress& progress() const noexcept { return progress_; }
  std::int64_t keys_moved_out() const noexcept { return keys_moved_out_.load(std::memory_order_relaxed); }

 private:
  // What goes to one receiver during one round.
  struct Transfer {
    Receipt receipt;
    TimePoint began{};
    bool has_failed = false;  // gets nothing more in this round
    bool is_classic = false;
    std::size_t in_flight = 0;  // batches
  };

  // One scan of all keys, by one ownership snapshot.
  struct Round {
    Round(std::shared_ptr<const OwnershipSnapshot> by, std::size_t batch_bytes_max)
        : ownership(std::move(by)), plan(batch_bytes_max) {}

    std::shared_ptr<const OwnershipSnapshot> ownership;
    MovePlan plan;
    ScanPosition scanned;
    std::size_t in_flight = 0;          // batches, and at the end receipts
    std::size_t classic_in_flight = 0;  // among them, to nodes of the 2009 system
    bool is_off_ring = false;           // this node leaves
    bool is_void = false;               // the ring has changed: it only waits for what is in flight
    bool is_handed_over = true;         // nothing has failed or been refused
    bool is_finishing = false;
    std::map<NodeAddress, Transfer> transfers;
  };

  struct Sent {
    MoveBatch batch;
    std::vector<std::uint64_t> digests;  // of the items, in their order
  };

  // All of the following: [own strand].
  void begin_round();
  void step();
  void go_on();
  void pay_for(TimePoint since) { debt_ += strand_->now() - since; }
  void scan_some();
  void send(MoveBatch batch);
  void give_classically(MoveBatch batch);
  Transfer& transfer_to(const NodeAddress& receiver);
  std::vector<wire::MovedItem> fill(Sent& sent) const;
  void replied(const Sent& sent, const Result<std::string>& reply);
  void taken(const Sent& sent, const wire::TransferReply& reply);
  void failed(const Sent& sent, const Error& error);
  bool delete_confirmed(const StoredKey& stored);
  bool may_send_to(const NodeAddress& receiver) const;
  void classic_given(const NodeAddress& to, std::span<const StoredKey> given, const std::string& why_not_all);
  void note_failure(const NodeAddress& receiver, const std::string& why);
  std::string why_not(const NodeAddress& receiver);
  std::int64_t milliseconds_since(TimePoint begin) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(strand_->now() - begin).count();
  }
  void ask_for_receipts();
  void got_receipt(const NodeAddress& receiver, const Result<std::string>& reply);
  void end_transfer(const NodeAddress& receiver, const Transfer& transfer);
  void end_round();
  void put_kept();
  bool may_learn_of_members();
  void finish_hand_over();
  void all_is_said();
  void conclude();
  void begin_round_after(Duration pause);
  void say_progress();
  // Everything on the strand calls this first, so the thread is checked here for all.
  bool is_stopped() const noexcept {
    P2P_ASSERT_THREAD(strand_->is_current());
    return is_stopped_.load(std::memory_order_relaxed);
  }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<ClassicStore> store_;
  const std::shared_ptr<ReceiptBook> receipts_;
  const std::shared_ptr<Drain> drain_;
  const std::shared_ptr<ClassicGiver> classic_giver_;
  const std::shared_ptr<LastWords> last_words_;
  MoveProgress progress_;
  std::atomic<std::int64_t> keys_moved_out_{0};
  std::atomic<ViewVersion> handed_over_in_{0};
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> has_heirs_{false};              // there were others when the hand-over began
  std::atomic<std::uint64_t> handed_over_keys_{0};  // since this node left its ring, with a value

  std::mutex failures_mutex_;
  std::map<NodeAddress, std::string> failures_;  // why a receiver's last transfer failed

  std::optional<Round> round_;
  Duration retry_pause_;  // after the next round with a failure
  std::optional<TimePoint> no_member_since_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Timer> step_timer_;
  bool is_step_due_ = false;
  Duration debt_{};  // time worked, not yet balanced by a pause
  std::unique_ptr<Timer> progress_timer_;
  std::set<NodeAddress> failing_;      // receivers whose failure has been logged
  std::set<NodeAddress> disagreeing_;  // receivers with a different ring: they get our table
  // Sessions of different donors, and of different lives of one, must differ; within one they count up.
  std::atomic<std::uint64_t> last_session_;
  std::atomic<std::int64_t> kept_seen_{0};  // puts that were kept when the last round began
  bool is_saying_last_words_ = false;
  bool is_all_said_ = false;
  Completion handed_over_;
};

}  // namespace p2p::diststore
