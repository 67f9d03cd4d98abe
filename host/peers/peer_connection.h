// How do we call one other node from one loop? Over a single connection that opens with a hello, carries many calls at
// once and matches replies by sequence id; every call has a deadline, and every failure its own kind of error.
#pragma once

#include "config/live_duration.h"
#include "net/dial.h"
#include "net/read_buffer.h"
#include "net/write_queue.h"
#include "peers/outage.h"
#include "peers/outgoing_calls.h"
#include "peers/peer_environment.h"
#include "peers/waiting_calls.h"
#include "serving/asio.h"
#include "serving/forward_message.h"
#include "serving/limits.h"
#include "serving/message_scanner.h"

#include <p2p/log.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

class Loop;

struct PeerLimits {
  LiveDuration connect_timeout;
  LiveDuration hello_timeout;
  LiveDuration idle_timeout;            // the other side's; we close after half of it
  std::uint32_t calls_max = 0;          // in flight, of all connections to one node
  std::uint64_t queue_bytes_max = 0;    // waiting to be sent, of all connections to one node
  std::uint64_t message_bytes_max = 0;  // of one call and of one reply
};

// A connection with outstanding calls is looked at: does the other machine acknowledge what was sent? At ticks of a
// clock that all connections share; before the fourth, nothing can be certain.
inline constexpr Duration kSilenceTick = std::chrono::milliseconds(250);
inline constexpr int kSilenceTicksFirst = 4;
// When it counts as gone, and its outstanding calls fail: after this time without an acknowledgment, and so many
// retransmissions by the kernel (0.2, 0.6 s after the first). Whatever the process at the other end does, its kernel
// acknowledges within a round trip.
inline constexpr Duration kSilenceLeast = std::chrono::milliseconds(800);
inline constexpr unsigned kRepetitionsLeast = 2;

// Of calls between locators, beside those limits: votes, leases and changes of the map wait for no data (A3, L1). A
// node that answers has a few under way; one that does not, those of call_timeout: some twenty a second, and three for
// each change of the map, of which there may be fifty a second. A whole map of hundreds of members has some hundred kB.
inline constexpr std::size_t kUrgentCallsMax = 1000;
inline constexpr std::uint64_t kUrgentBytesMax = 1 << 20;

// Messages are unframed strict binary: the one form that the 2009 system understands, so that a hello never confuses
// it. Every method: [own loop].
class PeerConnection final : public std::enable_shared_from_this<PeerConnection> {
 public:
  using Reply = std::function<void(Result<std::string>)>;

  // One of `connections` to this node, one per loop: it gets its share of the limits.
  PeerConnection(Loop& loop, NodeAddress to, const PeerEnvironment& environment,
                 std::shared_ptr<const PeerLimits> limits, std::size_t connections);
  ~PeerConnection();

  // Sends a call with encoded arguments `body`; connects first if needed. `reply` runs exactly once, later, with the
  // whole reply message or as Peers::call says.
  void call(std::string_view service, std::string_view method, std::string_view body, TimePoint deadline,
            Urgency urgency, Reply reply);

  // Forwards a call in the same way. `taker` is called once, never before this returns.
  void forward(const ForwardRequest& request, TimePoint deadline, ReplyHandler& taker);

  // The other side is known to be there: earlier failures no longer count.
  void has_joined() noexcept { outage_.is_over(); }

  // Fails unsent calls with `cancelled`, and sent ones, which may have been executed, with `closed`. Stays closed.
  void shut_down();
  bool is_idle() const noexcept { return state_ == State::closed && waiting_.empty(); }

 private:
  enum class State : std::uint8_t { closed, connecting, greeting, ready, shut };
  // Of the machine at the other end, towards what was sent.
  enum class Silence : std::uint8_t { none, possible, certain };

  void connect();
  void on_connected(Result<asio::ip::tcp::socket> connected);
  void greet();
  void on_hello(const Result<std::string>& reply);
  void became_ready();
  void watch_idleness();
  void watch_silence(int ticks);
  Silence silence();
  bool is_wanted(std::int32_t sequence);

  // Why a call with `bytes` of arguments is refused; nothing: it is taken.
  std::optional<Error> refusal_of(std::size_t bytes, Urgency urgency);
  // Gives the call its id, lets `append(out, id)` write it, and sees that it is sent.
  template <class Append>
  void enqueue(ReplyHandler& taker, TimePoint deadline, Urgency urgency, Append append);
  std::int32_t expect(TimePoint deadline, ReplyHandler& taker, Urgency urgency);
  void arm();
  void expire();
  // The error for a call that is overdue and unsent.
  Error why_unsent() const;

  void schedule_flush();
  void flush();
  void read();
  void on_read(error_code failure, std::size_t bytes);
  bool take_replies(net::ReadBuffer& input);
  bool take_reply(std::string_view message);

  // Closes the connection; every open call ends with `error`, not before this call returns.
  void fail_all(Error error);
  // The same for a failure of the stream; before the hello is answered it counts as the answer.
  void broke(Error error);
  // The same, and the node counts as unreachable.
  void no_way_through(Error error);
  // Reports a node that may be gone to our locator, which checks and decides.
  void report(ErrorKind kind);
  Error is_classic() const {
    return {ErrorKind::unsupported, to_.name() + " is a node of the 2009 system, and does not speak to nodes of ours"};
  }
  void close_socket() noexcept;
  static void fail_later(Loop& loop, ReplyHandler& taker, Error error, bool was_sent = false);

  Loop& loop_;
  const NodeAddress to_;
  const PeerEnvironment& environment_;
  const std::shared_ptr<const PeerLimits> shared_limits_;
  const PeerLimits& limits_;
  const std::size_t calls_max_;
  const std::uint64_t queue_bytes_max_;

  State state_ = State::closed;
  Outage outage_;
  std::uint64_t generation_ = 0;  // of the socket: operations of an older one are void
  asio::ip::tcp::socket socket_;
  std::shared_ptr<net::Dial> dial_;  // while connecting
  std::size_t first_address_ = 0;    // to try: the one after an address where something else answered
  asio::steady_timer patience_;      // for idleness
  asio::steady_timer expiry_;
  asio::steady_timer silence_;
  bool is_watching_silence_ = false;
  WaitingCalls waiting_;

  OutgoingCalls queue_;    // that wait for the hello or for the socket
  bool was_used_ = false;  // since the last idleness check
  net::WriteQueue output_;
  bool is_armed_ = false;
  bool is_flush_scheduled_ = false;
  net::ReadBuffer input_{kReadBytes};
  MessageScanner scanner_;
};

}  // namespace p2p::host
