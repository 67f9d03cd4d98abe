// How does what this node says as primary reach the other nodes: in order, or not at all? One link to each node that
// has a copy; what is said about many partitions shares a call. Told what happens, and says which calls to make; no
// socket, clock or thread. Every method: [own strand].
#pragma once

#include "agreed/sessions.h"

#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

// A call has no more bytes, unless it has one message: four items of a backfill, or some thousand small writes.
inline constexpr std::size_t kCallBytesMax = 1 << 20;
// [host] frame_bytes_max of a node with copies of partitions: a call must fit, and so must one message with the largest
// value, which may have five eighths, beside 256 KiB of other items.
inline constexpr std::size_t kFrameBytesMin = 2 << 20;
// One is on its way while another is worked on. What is said meanwhile waits, and shares the next: with more in flight
// each would carry less.
inline constexpr std::size_t kCallsInFlightMax = 2;
// A node that does not answer for so long is given up, as a connection that hangs: ReplicationOptions::replica_timeout.
inline constexpr Duration kDeliverDeadline = std::chrono::seconds(1);
// A slow link is not a broken one: what is on its way may take as long as it does at 8 Mbit/s, beside that. Up to a
// bound: a value of 14 MiB.
inline constexpr std::size_t kLinkBytesPerSecondMin = 1 << 20;
inline constexpr Duration kDeliverDeadlineMax = std::chrono::seconds(15);
// In such steps it is told to the cores; small calls, which are most, are less than one.
inline constexpr Duration kAllowanceStep = std::chrono::milliseconds(50);
// A node that is there answers at once.
inline constexpr Duration kOpenDeadline = std::chrono::milliseconds(300);
// A link that broke is tried again at once, then after these pauses: I1 gives a copy 100 ms. One that breaks as soon as
// it is open waits, too: what breaks it is said again at once.
inline constexpr Duration kRedialFirst = std::chrono::milliseconds(5);
inline constexpr Duration kRedialMax = std::chrono::milliseconds(30);
// What this node's own host did not send (its queue is full, it has no descriptor, it stops) says nothing about the
// other node: the same call is made again after such pauses, in the same session. After so long it counts as a broken
// link: the host's queue to a node is that long, too, when that node takes nothing.
inline constexpr Duration kUnsentPause = std::chrono::milliseconds(10);
inline constexpr Duration kUnsentMax = std::chrono::seconds(1);
// Answers that have overtaken others: as many as can be on their way, and some.
inline constexpr std::size_t kEarlyMax = 16;
// A queue so many times as long as it may be is cut off: its copy was to be taken out long ago.
inline constexpr std::size_t kOverfullMax = 2;

struct LinkEffects {
  struct Open {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
  };
  struct Deliver {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
    std::shared_ptr<const Numbered> said;  // kept by the link until its reply
    Duration deadline{};
  };
  struct Answers {
    replication::Node from = replication::kNoNode;
    std::vector<replication::Message> messages;
  };

  std::vector<Open> opens;
  std::vector<Deliver> delivers;
  // In this order, for Replicas.
  std::vector<replication::Node> disconnected;
  std::vector<replication::Node> connected;
  std::vector<replication::Node> excused;  // not connected yet, because of this node
  std::vector<Answers> answers;
  std::vector<std::pair<replication::Node, bool>> overfull;
  std::vector<std::pair<replication::Node, Duration>> allowances;  // that what is on its way has, beside a deadline

  void clear() noexcept {
    opens.clear();
    delivers.clear();
    disconnected.clear();
    connected.clear();
    excused.clear();
    answers.clear();
    overfull.clear();
    allowances.clear();
  }
};

class Links final {
 public:
  // `draw`: a random number, never 0.
  Links(std::size_t queue_bytes_max, std::function<SessionId()> draw)
      : queue_bytes_max_(queue_bytes_max), draw_(std::move(draw)) {}

  // From now on there is a link to each of these, and to no other.
  void want(std::span<const replication::Node> nodes, TimePoint now, LinkEffects& effects);

  // Goes with the next pump(). Without an open session it is lost, as whatever is said on a broken connection.
  void send(replication::Node to, replication::Message message);

  // How calls have ended. `answers` is null if it was not taken, or nobody knows.
  void on_opened(replication::Node to, SessionId session, bool is_taken, TimePoint now, LinkEffects& effects);
  void on_delivered(replication::Node to, SessionId session, CallNumber number, Numbered* answers, TimePoint now,
                    LinkEffects& effects);
  // This node's own host surely did not send it. `number`: of a call of deliver; 0: the session was to be opened.
  void on_unsent(replication::Node to, SessionId session, CallNumber number, TimePoint now, LinkEffects& effects);

  // The other end's own calls. False: there is no such session.
  bool on_answer(SessionId session, Numbered answers, TimePoint now, LinkEffects& effects);
  void on_end(SessionId session, TimePoint now, LinkEffects& effects);

  // Calls to be made, and sessions to be opened.
  void pump(TimePoint now, LinkEffects& effects);
  TimePoint next_wakeup() const;  // for the next pump(); TimePoint::max(): nothing is to be done

  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  bool is_open(replication::Node to) const;

 private:
  enum class State : std::uint8_t { broken, opening, open };

  struct Sent {
    std::shared_ptr<const Numbered> said;
    std::size_t bytes = 0;
    TimePoint again_at = TimePoint::max();  // of a call that was not sent
  };

  struct Link {
    State state = State::broken;
    SessionId session = 0;
    CallNumber sent = 0;
    CallNumber taken = 0;  // of the answers
    std::vector<Sent> in_flight = {};
    Duration allowance{};
    std::vector<replication::Message> queue = {};
    std::size_t queue_bytes = 0;
    bool is_overfull = false;
    bool is_ready = false;  // in ready_
    std::map<CallNumber, std::vector<replication::Message>> early = {};
    unsigned failures = 0;                      // to open a session, in a row
    TimePoint unsent_since = TimePoint::max();  // nothing was sent
    TimePoint opened_at = TimePoint::min();
    TimePoint redial_at = TimePoint::min();
  };

  Link* find(replication::Node node, SessionId session);
  std::pair<const replication::Node, Link>* find(SessionId session);
  void take(replication::Node from, Link& link, Numbered& answers, TimePoint now, LinkEffects& effects);
  void close(replication::Node node, Link& link, TimePoint now, LinkEffects& effects);
  void drop_queue(replication::Node node, Link& link, LinkEffects& effects);
  static std::size_t bytes_on_the_way(const Link& link);
  static void note_allowance(replication::Node node, Link& link, LinkEffects& effects);
  void note_fullness(replication::Node node, Link& link, LinkEffects& effects);
  void mark_ready(replication::Node node, Link& link);
  void deliver(replication::Node to, Link& link, LinkEffects& effects);
  static Numbered take_queue(Link& link);
  static void make_call(replication::Node to, const Link& link, const Sent& sent, LinkEffects& effects);
  static void deliver_again(replication::Node to, Link& link, TimePoint now, LinkEffects& effects);

  const std::size_t queue_bytes_max_;
  const std::function<SessionId()> draw_;
  std::unordered_map<replication::Node, Link> links_;
  std::vector<replication::Node> ready_;  // that may have something to send
  std::size_t queued_bytes_ = 0;
};

}  // namespace p2p::diststore::agreed
