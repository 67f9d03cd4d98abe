// How do we call one other node from one loop? Over a single connection that opens with a hello, carries many calls at
// once and matches replies by sequence id; every call has a deadline, and every way to fail its own kind of error.
#pragma once

#include "config/live_duration.h"
#include "peers/classic_nodes.h"
#include "peers/outage.h"
#include "peers/peer_identity.h"
#include "peers/waiting_calls.h"
#include "serving/asio.h"
#include "serving/forward_message.h"
#include "serving/message_scanner.h"
#include "serving/read_block.h"

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
  LiveDuration idle_timeout;            // of the other side; we close after half of it
  std::uint32_t calls_max = 0;          // in flight, of all connections to one node
  std::uint64_t queue_bytes_max = 0;    // waiting to be sent, of all connections to one node
  std::uint64_t message_bytes_max = 0;  // of one call and of one reply
};

// Messages are unframed strict binary: the one form that the 2009 system understands, so that a hello never confuses
// it. Every method: [own loop].
class PeerConnection final : public std::enable_shared_from_this<PeerConnection> {
 public:
  using Reply = std::function<void(Result<std::string>)>;

  // One of `connections` to this node, one a loop: it takes that part of the limits.
  PeerConnection(Loop& loop, Location to, const PeerIdentity& identity, ClassicNodes& classics,
                 std::shared_ptr<const PeerLimits> limits, std::size_t connections, Logger& log);
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;
  ~PeerConnection();

  // Sends a call with encoded arguments `body`; connects first where needed. `reply` runs exactly once, later, with the
  // whole reply message or as Peers::call says. While the node is known to be out of reach, calls fail at once, as the
  // last try did: see Outage.
  void call(std::string_view service, std::string_view method, std::string_view body, TimePoint deadline, Reply reply);

  // Passes a call on, in the same way. `taker` is told once, never before this returns.
  void forward(const ForwardRequest& request, TimePoint deadline, ReplyTaker& taker);

  // The other side is known to be there: what failed before says nothing any more.
  void has_joined() noexcept { outage_.is_over(); }

  // Fails what was not sent with `cancelled`, and what was, and may be executed, with `closed`. Stays closed.
  void shut_down();
  bool is_idle() const noexcept { return state_ == State::closed && waiting_.empty(); }

 private:
  enum class State : std::uint8_t { closed, connecting, greeting, ready, shut };
  struct Queued {
    std::int32_t sequence;
    std::size_t bytes;
  };

  void connect();
  void resolve_then_connect();
  void connect_to(const asio::ip::tcp::endpoint& endpoint);
  void on_connected(error_code failure);
  void greet();
  void on_hello(const Result<std::string>& reply);
  void became_ready();
  void watch_idleness();
  void take_queued(std::string& into);

  // Why a call with `bytes` of arguments is not taken; nothing: it is.
  std::optional<Error> refusal_of(std::size_t bytes);
  // Gives the call its id, lets `append(queue_, id)` write it, and sees that it is sent.
  template <class Append>
  void enqueue(ReplyTaker& taker, TimePoint deadline, Append append);
  std::int32_t expect(TimePoint deadline, ReplyTaker& taker);
  void arm();
  void expire();

  void schedule_flush();
  void flush();
  void read();
  void on_read(error_code failure, std::size_t bytes);
  void forget_written();
  void make_room();
  bool take_replies();
  bool take_reply(std::string_view message);

  // Closes the connection; every open call ends with `error`, not before this call returns.
  void fail_all(Error error);
  // The same, and the node counts as out of reach.
  void no_way_through(Error error);
  Error is_classic() const {
    return {ErrorKind::unsupported, to_.name() + " is a node of the 2009 system, and does not speak to nodes of ours"};
  }
  void close_socket() noexcept;
  static void fail_later(Loop& loop, ReplyTaker& taker, Error error, bool was_sent = false);

  Loop& loop_;
  const Location to_;
  const PeerIdentity& identity_;
  ClassicNodes& classics_;
  const std::shared_ptr<const PeerLimits> shared_limits_;
  const PeerLimits& limits_;
  const std::size_t calls_max_;
  const std::uint64_t queue_bytes_max_;
  Logger& log_;

  State state_ = State::closed;
  Outage outage_;
  std::uint64_t generation_ = 0;  // of the socket: operations of an older one are void
  asio::ip::tcp::socket socket_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer patience_;  // for connect and hello, then for idleness
  asio::steady_timer expiry_;
  WaitingCalls waiting_;

  std::string queue_;  // calls that wait for the hello or for the socket, one behind the other
  std::vector<Queued> queued_;
  bool was_used_ = false;  // since the last look at idleness
  std::string writing_;
  bool is_writing_ = false;
  bool is_armed_ = false;
  bool is_flush_scheduled_ = false;
  ReadBlock block_;
  std::size_t begin_ = 0;   // of the first reply that is not taken yet
  std::size_t end_ = 0;     // of what has been read
  std::string_view taken_;  // the block, while its replies are taken
  MessageScanner scanner_;
};

}  // namespace p2p::host
