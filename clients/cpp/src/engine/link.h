// How do calls reach one node? Pipelined over a single connection, with replies in order. First a probe, on a
// connection of its own, tells a node of ours from anything else that may listen there (wire/probe.h): only our nodes
// are sent frames. The connection opens with a greeting, a request for the ring; nothing else is sent until that is
// answered.
#pragma once

#include "engine/asio.h"
#include "engine/call.h"
#include "net/dial.h"
#include "net/read_buffer.h"
#include "net/write_queue.h"

#include <p2p/client_outcome.h>
#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

namespace p2p::client {

// A connection with unanswered calls on which nothing has arrived for this long gets no further calls while others can
// take them. A node that takes this long to answer is about to be given up by its peers.
inline constexpr Duration kStuckAfter = std::chrono::seconds(1);

// Bytes of one write, about; and of its memory, which is kept.
inline constexpr std::size_t kWriteBytes = 256 * 1024;
inline constexpr std::size_t kWriteBytesKept = 2 * kWriteBytes;
// 64 KiB is the most that one read of a loopback socket returns in practice.
inline constexpr net::ReadBuffer::Sizes kReadBytes{.first = 64 * 1024, .usual_max = 256 * 1024};

class Engine;

enum class LinkState : std::uint8_t { closed, connecting, probing, greeting, ready };

// What the engine remembers of the node.
struct Health {
  std::uint32_t failures = 0;  // since the last successful greeting
  TimePoint retry_at{};        // when it is retried, if it has failed
  TimePoint leaving_until{};   // it said that it is stopping
};

struct LinkLimits {
  Duration connect_timeout{};
  std::size_t reply_bytes_max = 0;
};

// Every method: [the client's thread].
class Link final : public std::enable_shared_from_this<Link> {
 public:
  Link(asio::io_context& io, Engine& home, NodeAddress to, LinkLimits limits);

  const NodeAddress& to() const noexcept { return to_; }
  Health& health() noexcept { return health_; }

  void open();               // starts connecting, unless it has
  void enqueue(Call& call);  // opens it where needed
  void flush();
  void become_ready();  // the greeting succeeded

  // A call that the link holds is done: it is not sent any more, and released when its reply has arrived.
  void abandon(Call& call);

  // Ends the connection; calls that are done are released, the others are lost. May be opened again. Lost calls go
  // where the fault table says or, when this client's own limit ended the connection, to the owner again.
  enum class Cause : std::uint8_t { node, own_limit };
  void close(const Failure& why, Cause cause = Cause::node);

  bool is_open() const noexcept { return state_ != State::closed; }
  bool is_ready() const noexcept { return state_ == State::ready; }
  bool is_greeting(const Call& call) const noexcept { return &call == greeting_; }
  bool is_stuck() const noexcept;
  bool has_calls() const noexcept { return live_ > 0; }
  std::size_t calls() const noexcept { return live_; }
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  TimePoint used_at() const noexcept { return used_at_; }

 private:
  using State = LinkState;

  void connect();
  void on_connected(Result<asio::ip::tcp::socket> connected);
  void probe();
  void read_probe_answer();
  void greet();
  void want_flush();
  void fill();
  void put(Call& call);
  void read();
  bool take_replies(net::ReadBuffer& input);
  bool take_reply(std::string_view message);
  void end_over_reply(std::size_t bytes);
  template <class Handler>
  auto guarded(Handler handler);

  asio::io_context& io_;
  Engine& home_;
  const NodeAddress to_;
  const LinkLimits limits_;
  Health health_;

  State state_ = State::closed;
  std::uint64_t generation_ = 0;  // of the socket: operations of an older one are ignored
  asio::ip::tcp::socket socket_;
  std::shared_ptr<net::Dial> dial_;  // while it connects
  asio::steady_timer patience_;
  bool is_probed_ = false;  // since it was opened: a node of ours listens there

  Call* greeting_ = nullptr;
  std::deque<Call*> queue_;
  std::deque<Call*> sent_;
  std::size_t live_ = 0;  // calls in both that are not done, except the greeting
  std::size_t queued_bytes_ = 0;
  std::int32_t last_sequence_ = 0;
  TimePoint used_at_{};
  TimePoint received_at_{};

  net::WriteQueue output_{kWriteBytesKept};
  bool is_flush_wanted_ = false;

  net::ReadBuffer input_{kReadBytes};
  std::size_t frame_bytes_ = 0;  // of the unfinished first reply, once its head is read
};

}  // namespace p2p::client
