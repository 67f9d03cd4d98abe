// How does what other nodes say as primaries reach this node's copies: in order, or not at all? The other end of
// links.h: the sessions that others have made, and what the copies have to say in them. Told what happens, and says
// what to answer; no socket, clock or thread. Every method: [own strand].
#pragma once

#include "agreed/links.h"
#include "agreed/sessions.h"

#include <p2p/units.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

// What a copy has to say, and no reply of `deliver` could carry, is sent again until it is known to have come: so
// often, and with such pauses. Together they are longer than a break that a connection survives.
inline constexpr unsigned kAnswerTriesMax = 4;
inline constexpr Duration kAnswerPause = std::chrono::milliseconds(50);
inline constexpr Duration kAnswerDeadline = std::chrono::milliseconds(500);

using CallToken = std::uint64_t;  // names a call that waits for its reply; the shell's own

struct SessionEffects {
  struct Said {
    replication::Node from = replication::kNoNode;
    std::vector<replication::Message> messages;
  };
  struct Reply {
    CallToken call = 0;
    bool is_taken = false;
    Numbered answers = {};
  };
  struct Answer {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
    Numbered said;
  };
  struct End {
    replication::Node to = replication::kNoNode;
    SessionId session = 0;
  };

  // In this order, for Replicas.
  std::vector<replication::Node> gone;
  std::vector<Said> said;
  // For the wire.
  std::vector<Reply> replies;
  std::vector<Answer> answers;
  std::vector<End> ends;

  void clear() noexcept {
    gone.clear();
    said.clear();
    replies.clear();
    answers.clear();
    ends.clear();
  }
};

class IncomingSessions final {
 public:
  // Ends any other session of this node, and tells its maker, for whom that may be the newer one: calls overtake each
  // other.
  void on_open(replication::Node from, SessionId session, SessionEffects& effects);
  // Answered by flush(), or at once where there is no such session.
  void on_deliver(SessionId session, Numbered said, CallToken call, SessionEffects& effects);
  // Something was lost: the session ends, and its maker is told.
  void hang_up(replication::Node from, SessionEffects& effects);

  // What a copy says to its primary. Without a session it is lost.
  void answer(replication::Node to, replication::Message message);
  // unsent: this node's own host surely did not send it, which does not count as one of the tries for kUnsentMax.
  enum class Outcome : std::uint8_t { taken, not_taken, failed, unsent };
  void on_answered(SessionId session, Outcome outcome, TimePoint now, SessionEffects& effects);

  // Replies to all calls that were taken, with what the copies have to say by now.
  void flush(TimePoint now, SessionEffects& effects);
  TimePoint next_wakeup() const;  // for the next flush(); TimePoint::max(): nothing is to be done

 private:
  struct Early {
    std::vector<replication::Message> messages;
    CallToken call = 0;
  };
  struct Session {
    SessionId id = 0;
    CallNumber taken = 0;
    CallNumber answered = 0;
    std::map<CallNumber, Early> early = {};
    std::vector<CallToken> waiting = {};  // for the next flush
    std::vector<replication::Message> answers = {};
    bool is_ready = false;  // in ready_
    // By a call of this node's own.
    Numbered unconfirmed = {};
    bool is_sent = false;
    unsigned tries = 0;
    TimePoint retry_at = TimePoint::max();
    TimePoint unsent_since = TimePoint::max();
  };
  using Sessions = std::unordered_map<replication::Node, Session>;

  Sessions::iterator find(SessionId session);
  void end(Sessions::iterator session, SessionEffects& effects);
  void take(replication::Node from, Session& session, Early said, SessionEffects& effects);
  void mark_ready(replication::Node node, Session& session);
  void flush(replication::Node node, Session& session, TimePoint now, SessionEffects& effects);

  Sessions sessions_;  // by their makers
  std::unordered_map<SessionId, replication::Node> makers_;
  std::vector<replication::Node> ready_;
  std::vector<replication::Node> unconfirmed_;  // have sessions with something unconfirmed
};

}  // namespace p2p::diststore::agreed
