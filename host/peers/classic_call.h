// How do we call a node of the 2009 system? As its own clients do: connect, call once, close. It serves one connection
// at a time, so one that stays open would block all others.
#pragma once

#include "net/dial.h"
#include "net/read_buffer.h"
#include "peers/left_connections.h"
#include "peers/peer_environment.h"
#include "serving/asio.h"
#include "serving/message_scanner.h"

#include <p2p/node_address.h>
#include <p2p/peers.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <functional>
#include <memory>
#include <string>

namespace p2p::host {

class Loop;

// One call. Every method: [own loop].
class ClassicCall final : public std::enable_shared_from_this<ClassicCall> {
 public:
  using Done = std::function<void(Result<std::string>)>;

  struct Limits {
    Duration connect_timeout{};
    std::uint64_t message_bytes_max = 0;  // of the reply
  };

  // `left` belongs to this loop.
  ClassicCall(Loop& loop, const PeerEnvironment& environment, LeftConnections& left, NodeAddress to,
              std::string message, Peers::Expect expect, Limits limits, Done done);

  // `done` runs exactly once, not before this returns; see Peers::call_classic.
  void start(Duration deadline);

  // Ends the call, unless it has ended: as `cancelled` when nothing was sent, as `closed` when it may have been
  // executed.
  void cancel();

 private:
  void on_connected(Result<asio::ip::tcp::socket> connected);
  void send();
  void read();
  void wait_for_close();
  void watch(Duration patience, ErrorKind kind, const char* what);
  void leave_connection();
  void end(Result<std::string> result);
  void fail(ErrorKind kind, const std::string& what) { end(Error{kind, to_.name() + ": " + what}); }

  Loop& loop_;
  const PeerEnvironment& environment_;
  LeftConnections& left_;
  const NodeAddress to_;
  const std::string message_;
  const Peers::Expect expect_;
  const Limits limits_;
  Done done_;
  TimePoint started_at_{};
  TimePoint deadline_{};
  asio::ip::tcp::socket socket_;
  const std::shared_ptr<net::Dial> dial_;
  asio::steady_timer patience_;
  bool is_sent_ = false;
  bool is_written_ = false;  // whole
  MessageScanner scanner_;
  net::ReadBuffer input_;
};

}  // namespace p2p::host
