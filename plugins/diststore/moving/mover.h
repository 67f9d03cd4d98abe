// How do keys reach the node that owns them now? Driven by what is held, not by events: as long as a look finds keys
// that another node owns, they are sent there in acknowledged batches, and deleted here only when their receiver has
// confirmed count and digest, and they are unchanged.
#pragma once

#include "moving/classic_giver.h"
#include "moving/last_words.h"
#include "moving/progress.h"
#include "moving/receipts.h"
#include "replication/move_plan.h"
#include "serving/store.h"

#include <p2p/completion.h>
#include <p2p/drain.h>
#include <p2p/log.h>
#include <p2p/strand.h>

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

// Batches that one node of the 2009 system may have, given to it or waiting for that: it never waits for the next one.
inline constexpr std::size_t kClassicBatchesMax = kGivenAtOnce + 2;

class Mover final : public std::enable_shared_from_this<Mover> {
 public:
  // `drain`: whom to tell how the hand-over goes; null: nobody.
  Mover(Logger& log, std::shared_ptr<Strand> strand, std::shared_ptr<Store> store,
        std::shared_ptr<ReceiptBook> receipts, std::shared_ptr<Drain> drain = nullptr);

  // Puts that are kept are handed over from now on. Once. [any thread]
  void start();

  // The store's standing has changed: looks at every key by the new ring. [any thread]
  void look();

  // Somebody claims keys, and this node is not clean: looks, unless it does so anyway. [any thread]
  void look_for_claimant();

  // This node is about to leave: what is put here for others' keys is kept and handed over from now on. [any thread]
  void begin_leave() { store_->kept_puts->keep_all(); }

  // This node leaves, and is off the ring already: moves every key to its owner, whatever the ring becomes meanwhile
  // and however often that takes, then calls `done`. [any thread]
  void hand_over(Completion done);

  // The node ends: nothing is sent or deleted any more. A line for each node that owns keys which are still here: how
  // many, of how many, and why; each leaves a receipt. Keys of which this node itself is the owner, because it has not
  // left its ring, are no business of others. [any thread]
  std::vector<std::string> give_up();

  // Nothing is sent any more; the `done` of an unfinished hand_over() is called. The keys stay. [any thread]
  void stop();

  // By the ring of `era`, all keys were looked at, and none is here that belongs elsewhere. [any thread]
  bool is_clean(Era era) const noexcept {
    // In this order: a pass for what was kept forgets the era before it counts.
    return kept_seen_.load() == store_->kept_puts->count() && clean_era_.load() == era;
  }

  const MoveProgress& progress() const noexcept { return progress_; }
  std::int64_t keys_moved_out() const noexcept { return keys_moved_out_.load(std::memory_order_relaxed); }

 private:
  // What goes to one receiver during one pass.
  struct Transfer {
    Receipt receipt;
    TimePoint began{};
    bool has_failed = false;  // gets nothing more in this pass
    bool is_classic = false;
    std::size_t in_flight = 0;  // batches
  };

  // One look at all keys, by one standing.
  struct Pass {
    Pass(std::shared_ptr<const Standing> by, std::size_t batch_bytes_max)
        : standing(std::move(by)), plan(batch_bytes_max) {}

    std::shared_ptr<const Standing> standing;
    MovePlan plan;
    ScanPosition scanned;
    std::size_t in_flight = 0;          // batches, and at the end receipts
    std::size_t classic_in_flight = 0;  // among them, to nodes of the 2009 system
    bool is_off_ring = false;           // this node leaves
    bool is_void = false;               // the ring has changed: it only waits for what is in flight
    bool is_clean = true;               // nothing has failed or been refused
    bool is_finishing = false;
    std::map<Location, Transfer> transfers;
  };

  struct Sent {
    MoveBatch batch;
    std::vector<std::uint64_t> digests;  // of the items, in their order
  };

  // All of the following: [own strand].
  void begin_pass();
  void step();
  void go_on();
  void pay_for(TimePoint since);
  void scan_some();
  void send(MoveBatch batch);
  void give_classically(MoveBatch batch);
  Transfer& transfer_to(const Location& receiver);
  std::vector<wire::MovedItem> fill(Sent& sent) const;
  void replied(const Sent& sent, const Result<std::string>& reply);
  void taken(const Sent& sent, const wire::TransferReply& reply);
  void failed(const Sent& sent, const Error& error);
  bool delete_confirmed(const HeldKey& held);
  bool may_send_to(const Location& receiver) const;
  void classic_given(const Location& to, std::span<const HeldKey> given, const std::string& why_not_all);
  void note_failure(const Location& receiver, const std::string& why);
  std::string why_not(const Location& receiver);
  std::int64_t milliseconds_since(TimePoint begin) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(strand_->now() - begin).count();
  }
  void ask_for_receipts();
  void got_receipt(const Location& receiver, const Result<std::string>& reply);
  void end_transfer(const Location& receiver, const Transfer& transfer);
  void end_pass();
  void put_kept();
  void finish_hand_over();
  void all_is_said();
  void conclude();
  void begin_pass_after(Duration pause);
  void say_progress();
  bool is_stopped() const noexcept { return is_stopped_.load(std::memory_order_relaxed); }

  Logger& log_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<Store> store_;
  const std::shared_ptr<ReceiptBook> receipts_;
  const std::shared_ptr<Drain> drain_;
  const std::shared_ptr<ClassicGiver> classic_giver_;
  const std::shared_ptr<LastWords> last_words_;
  MoveProgress progress_;
  std::atomic<std::int64_t> keys_moved_out_{0};
  std::atomic<Era> clean_era_{0};
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> has_heirs_{false};              // when it began to hand over, there were others
  std::atomic<std::uint64_t> handed_over_keys_{0};  // since it is off its ring, with a value

  std::mutex failures_mutex_;
  std::map<Location, std::string> failures_;  // why a receiver has last not got what it should

  std::optional<Pass> pass_;
  Duration retry_pause_;  // after the next pass with a failure
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Timer> step_timer_;
  bool is_step_due_ = false;
  Duration debt_{};  // time worked that no pause has paid for
  std::unique_ptr<Timer> progress_timer_;
  std::set<Location> failing_;      // receivers of whose failure the log has told
  std::set<Location> disagreeing_;  // receivers whose ring was another one: they get our table
  std::atomic<std::uint64_t> last_session_;
  std::atomic<std::int64_t> kept_seen_{0};  // puts that were kept when the last pass began
  bool is_saying_last_words_ = false;
  bool is_all_said_ = false;
  Completion handed_over_;
};

}  // namespace p2p::diststore
