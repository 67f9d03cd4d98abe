// How do we call one other node from one loop? Over a single connection that opens with a hello, carries many calls at
// once and matches replies by sequence id; every call has a deadline, and every way to fail its own kind of error.
#pragma once

#include "config/live_duration.h"
#include "peers/classic_nodes.h"
#include "peers/peer_identity.h"
#include "serving/asio.h"
#include "serving/message_scanner.h"

#include <p2p/log.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace p2p::host {

class Loop;

struct PeerLimits {
  LiveDuration connect_timeout;
  LiveDuration hello_timeout;
  LiveDuration idle_timeout;            // of the other side; we close after half of it
  std::uint32_t calls_max = 0;          // in flight
  std::uint64_t queue_bytes_max = 0;    // waiting to be sent
  std::uint64_t message_bytes_max = 0;  // of one call and of one reply
};

// Messages are unframed strict binary: the one form that the 2009 system understands, so that a hello never confuses
// it. Every method: [own loop].
class PeerConnection final : public std::enable_shared_from_this<PeerConnection> {
 public:
  using Reply = std::function<void(Result<std::string>)>;

  PeerConnection(Loop& loop, Location to, const PeerIdentity& identity, ClassicNodes& classics,
                 std::shared_ptr<const PeerLimits> limits, Logger& log);

  // Sends a call with encoded arguments `body`; connects first where needed. `reply` runs exactly once, later, with the
  // whole reply message or as Peers::call says.
  void call(std::string_view service, std::string_view method, std::string_view body, TimePoint deadline, Reply reply);

  // Fails everything with `cancelled` and stays closed.
  void shut_down();
  bool is_idle() const noexcept { return state_ == State::closed && pending_.empty(); }

 private:
  enum class State : std::uint8_t { closed, connecting, greeting, ready, shut };
  struct Queued {
    std::int32_t sequence;
    std::string bytes;
  };
  struct Pending {
    Reply reply;
    std::multimap<TimePoint, std::int32_t>::iterator deadline;
  };

  void connect();
  void resolve_then_connect();
  void connect_to(const asio::ip::tcp::endpoint& endpoint);
  void on_connected(error_code failure);
  void greet();
  void on_hello(const Result<std::string>& reply);
  void became_ready();
  void watch_idleness();
  std::string take_queued();

  std::int32_t expect(TimePoint deadline, Reply reply);
  void arm();
  void expire();

  void schedule_flush();
  void flush();
  void read();
  void on_read(error_code failure, std::size_t bytes);
  bool take_replies();
  bool take_reply(std::string_view message);

  // Closes the connection; every open call ends with `error`, not before this call returns.
  void fail_all(Error error);
  Error is_classic() const {
    return {ErrorKind::unsupported, to_.name() + " is a node of the 2009 system, and does not speak to nodes of ours"};
  }
  void close_socket() noexcept;
  static void deliver_later(Loop& loop, Reply reply, Result<std::string> result);

  Loop& loop_;
  const Location to_;
  const PeerIdentity& identity_;
  ClassicNodes& classics_;
  const std::shared_ptr<const PeerLimits> shared_limits_;
  const PeerLimits& limits_;
  Logger& log_;

  State state_ = State::closed;
  std::uint64_t generation_ = 0;  // of the socket: operations of an older one are void
  asio::ip::tcp::socket socket_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer patience_;  // for connect and hello, then for idleness
  asio::steady_timer expiry_;
  std::unordered_map<std::int32_t, Pending> pending_;
  std::multimap<TimePoint, std::int32_t> deadlines_;
  std::int32_t last_sequence_ = 0;

  std::vector<Queued> queued_;  // calls that wait for the hello or for the socket
  std::uint64_t queued_bytes_ = 0;
  bool was_used_ = false;  // since the last look at idleness
  std::string writing_;
  bool is_writing_ = false;
  bool is_flush_scheduled_ = false;
  std::string received_;
  std::vector<char> block_;
  MessageScanner scanner_;
};

}  // namespace p2p::host
