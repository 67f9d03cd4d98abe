// Who decides where a call goes? The engine: one thread that routes each call to its key's owner, retries what may be
// retried, ends calls past their deadline, and keeps its ring up to date. The rules are in rules/, the connections in
// Link.
#pragma once

#include "engine/asio.h"
#include "engine/call.h"
#include "engine/fork_watch.h"
#include "engine/link.h"
#include "net/back_off.h"
#include "rules/operations.h"
#include "rules/ring.h"
#include "rules/view_watch.h"
#include "wire/store_messages.h"

#include <p2p/client.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace p2p::client {

// A node that could not be reached, or did not answer like one, is retried in the background, with this
// back-off; calls take an alternate node until it answers.
inline constexpr net::BackOff kDownPause{.first = std::chrono::milliseconds(100), .max = std::chrono::seconds(5)};
// One that accepts the connection but is silent or no node of ours is left alone for longer: that rarely changes soon.
inline constexpr net::BackOff kSilentPause{.first = std::chrono::seconds(1), .max = std::chrono::seconds(60)};
// How long a node is left alone after it said that it is stopping; by then the ring says so too.
inline constexpr Duration kLeavingPause = std::chrono::seconds(1);

// Handlers of one turn, after which their output is flushed: busy callers must not delay it forever.
inline constexpr int kTurnHandlersMax = 64;

// Bytes queued for one node within a turn above which they are sent at once, so that the node has work while the turn
// goes on. About a hundred small calls, or two parts of a batch of writes.
inline constexpr std::size_t kEarlyFlushBytes = 8 * 1024;

// Timeout for asking one node for the ring, and how many nodes are asked before a bounded back-off.
inline constexpr Duration kRefreshTimeout = std::chrono::seconds(1);
inline constexpr std::size_t kRefreshCandidatesMax = 16;
inline constexpr net::BackOff kUnansweredPause{.first = std::chrono::milliseconds(20),
                                               .max = std::chrono::milliseconds(500)};

// No call lives longer; small enough not to overflow a clock.
inline constexpr Duration kTimeoutMax = std::chrono::hours(10 * 365 * 24);

class Engine final {
 public:
  explicit Engine(Options options);
  ~Engine();  // ends every call; not on the engine's thread

  const Options& options() const noexcept { return options_; }

  // A call to fill in: frame, info, key, aim, to, deadline, is_repeatable, may_have_run, handler. [any thread]
  Call& take_call() { return *pool_.take(); }
  // Sends it. The handler runs on the engine's thread, or within submit() when `calls_max` is reached or the call does
  // not fit. [any thread]
  void submit(Call& call);
  bool fits(const Call& call) const noexcept;  // its message is within `request_bytes_max` [any thread]
  // Returns a call that was not submitted. [any thread]
  void drop(Call& call) noexcept { pool_.give(&call); }

  // The name of a new operation; without a number where not all members of the network are known to remember it. [any
  // thread]
  OperationId name_operation();

  TimePoint deadline_of(const CallOptions& options) const noexcept;  // within kTimeoutMax [any thread]
  bool is_current() const noexcept {                                 // [any thread]
    return !is_in_child() && std::this_thread::get_id() == thread_.get_id();
  }
  // In a forked child, which lacks the engine's thread: submit() refuses, and the engine must not be destroyed. [any
  // thread]
  bool is_in_child() const noexcept { return forks_.is_in_child(); }
  Stats stats() const noexcept;  // [any thread]

  // --- [engine's thread] ---
  const std::shared_ptr<const Ring>& known_ring() const noexcept { return ring_; }
  Codec& codec();

 private:
  // A link's callbacks. The link no longer holds a call that it passes.
  friend class Link;
  TimePoint now() const noexcept { return now_; }
  void begin_turn() noexcept;  // around each of a link's handlers; some of them make a turn
  void end_turn() { --turn_depth_; }
  void wants_flush(Link& link) { dirty_.push_back(link.shared_from_this()); }  // once: flush() at the end of the turn
  Call* greeting();                                                            // connected: the call to open with
  void answered(Link& link, Call& call, std::string_view message);
  void lost(Link& link, Call& call, FailedAttempt how) { set_back(call, std::move(how), &link); }
  void let_go(Call& call) noexcept;  // a call that is done
  void closed(Link& link, LinkState was, const Failure& why);

  // routing.cc
  void refuse(Call& call, Failure failure);  // for a rejected call [any thread]
  void take_inbox();
  void accept(Call& call);
  void dispatch(Call& call);
  void route(Call& call);
  void send(Call& call, Link& link);
  bool is_usable(Link& link);
  std::size_t alternates() const noexcept;
  Link* other_than(const Link* owner, const Link* avoided);
  Link& link_to(const NodeAddress& at);
  void open(Link& link);  // before a closed link gets a call
  void make_room_for_connection();
  void close_idle_links();

  // engine.cc
  void run();
  void finish_turn();
  void stop();
  void tick();
  void expire(Call& call);
  void set_back(Call& call, FailedAttempt failed_attempt, Link* by);
  bool rename(Call& call, std::uint64_t above);
  void finish(Call& call, Failure failure);
  void complete(Call& call, Arrival& arrival, Link* by);
  void end(Call& call) noexcept;
  void arm_tick();
  void dispatch_all(std::vector<Call*>& list);  // those that are done are released
  void enlist(Call& call, std::vector<Call*>& list, CallState state);

  // ring_learning.cc
  void refresh(const NodeAddress* hint);
  void ask_next();
  void ask(const NodeAddress& candidate);
  void refresh_ended(bool has_learned);
  void refresh_again();
  void encode_ring_request(Call& call);
  bool learn(Codec& codec, std::optional<std::uint64_t> since_view, Failure& failure);
  void note_level(std::uint32_t level);
  bool learn_step(RingStep step, std::uint32_t level, std::uint64_t since_view, Failure& failure);
  bool adopt_if_sound(Result<std::shared_ptr<const Ring>> ring, Failure& failure);
  void adopt(std::shared_ptr<const Ring> ring);
  void adopt_lone(const NodeAddress& node);
  void saw_view(const NodeAddress& by, std::uint64_t view);
  void refresh_in_a_while();
  void end_refresh_waiters(const Failure* failure);
  void forget_strangers();

  const Options options_;
  const ForkWatch forks_;
  CallPool pool_;
  std::atomic<std::size_t> calls_in_hand_{0};
  std::mutex operations_mutex_;
  OperationNames operations_;
  std::uint32_t level_ = 0;  // of the ring
  std::atomic<bool> has_operations_{false};

  std::mutex inbox_mutex_;
  std::vector<Call*> inbox_;
  bool is_woken_ = false;

  struct Counts {
    std::atomic<std::uint64_t> calls{0}, retries{0}, alternate_nodes{0}, refreshes{0}, views{0};
  };
  Counts counts_;

  // --- [engine's thread] ---
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  TimePoint now_;
  net::DeadlineWheel wheel_;
  asio::steady_timer tick_timer_{io_};
  bool is_tick_armed_ = false;
  int turn_depth_ = 0;
  bool is_stopping_ = false;
  std::unique_ptr<Codec> codec_;
  std::vector<Call*> taken_;                     // from the inbox
  std::vector<Call*> again_;                     // retried at the end of the turn
  std::vector<std::shared_ptr<Link>> dirty_;     // want to be flushed at the end of the turn
  std::vector<std::shared_ptr<Link>> flushing_;  // taken from there

  std::unordered_map<NodeAddress, std::shared_ptr<Link>> links_;
  std::size_t open_links_ = 0;

  std::shared_ptr<const Ring> ring_;
  std::vector<Link*> owners_;  // by index in the ring's nodes(), the members first; links_ holds them
  std::size_t next_other_ = 0;
  ViewWatch views_;
  std::vector<Call*> waiting_;          // for the ring; those that are done are released by the next scan
  std::vector<Call*> refresh_waiters_;  // for the end of a refresh
  bool has_dead_waiters_ = false;

  bool is_looking_ = false;
  std::deque<NodeAddress> candidates_;
  Failure refresh_failure_{Effect::none, ErrorKind::refused, "none of the seeds has answered"};
  std::uint32_t unanswered_refreshes_ = 0;  // in a row
  TimePoint refresh_not_before_{};
  bool is_refresh_again_armed_ = false;
  asio::steady_timer refresh_timer_{io_};        // every refresh_interval
  asio::steady_timer refresh_again_timer_{io_};  // after a refresh that got no answer
  std::uint64_t calls_at_refresh_ = 0;

  std::thread thread_;
};

}  // namespace p2p::client
