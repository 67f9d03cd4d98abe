// How do calls reach one node? Over a single connection that carries many at once, answered in their order. Before it,
// on another one, the probe tells a node of ours from anything else that may listen there (wire/probe.h): nobody else
// is sent a frame. It opens with a greeting, the question for the ring: nothing else is sent before that is answered.
#pragma once

#include "engine/asio.h"
#include "engine/call.h"
#include "engine/connecting.h"

#include <p2p/client_outcome.h>
#include <p2p/location.h>
#include <p2p/units.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

// An unanswered connection on which nothing has come for so long is not given further calls while others can take them.
// A node whose answers take this long is on its way to being given up by its peers.
inline constexpr Duration kStuckAfter = std::chrono::seconds(1);

// How much leaves in one write, and what is read at once at first; a reply that is longer makes room for itself.
inline constexpr std::size_t kWriteBytes = 256 * 1024;
inline constexpr std::size_t kReadBytes = 64 * 1024;

class Link;

enum class LinkState : std::uint8_t { closed, connecting, probing, greeting, ready };

// Whom a link tells. What it tells of, it holds no more.
class LinkHome {
 public:
  virtual ~LinkHome() = default;

  virtual TimePoint now() const noexcept = 0;
  virtual void begin_turn() noexcept = 0;  // around each of its handlers; some of them make a turn
  virtual void end_turn() = 0;
  virtual void wants_flush(Link& link) = 0;  // once: call flush() at the end of the turn

  virtual Call* greeting(Link& link) = 0;  // the connection stands: what it opens with
  virtual void answered(Link& link, Call& call, std::string_view message) = 0;
  virtual void lost(Link& link, Call& call, Setback how) = 0;  // with the effect that it may have had
  virtual void let_go(Call& call) noexcept = 0;                // of a call that is done
  virtual void closed(Link& link, LinkState was, const Failure& why) = 0;
};

// What its owner remembers of the node.
struct Health {
  std::uint32_t failures = 0;  // since the last greeting that was answered well
  TimePoint retry_at{};        // when it is tried again, if it has failed
  TimePoint leaving_until{};   // it said that it stops
};

struct LinkLimits {
  Duration connect_timeout{};
  std::size_t reply_bytes_max = 0;
};

// Every method: [the client's thread].
class Link final : public std::enable_shared_from_this<Link> {
 public:
  Link(asio::io_context& io, LinkHome& home, Location to, LinkLimits limits);

  const Location& to() const noexcept { return to_; }
  Health& health() noexcept { return health_; }

  void open();               // begins to connect, unless it has
  void enqueue(Call& call);  // opens it where needed
  void flush();
  void become_ready();  // the greeting has been answered well

  // A call that it holds is done: it is not sent if it has not been, and let go when its reply is there.
  void abandon(Call& call);

  // Ends the connection; calls that were done are let go, the others are lost. May be used again.
  void close(const Failure& why);

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
  void wait_at_most(State during, ErrorKind how, const char* what);
  void on_connected(asio::ip::tcp::socket* connected, const std::string& why_not);
  void probe();
  void read_probe_answer();
  void greet();
  void want_flush();
  void fill();
  void put(Call& call);
  void wait_for_room();
  void read();
  bool take_replies(const std::vector<char>& received);
  bool take_reply(std::string_view message);
  void end_over_reply(std::size_t bytes);
  void make_room();
  template <class Handler>
  auto guarded(Handler handler);

  asio::io_context& io_;
  LinkHome& home_;
  const Location to_;
  const LinkLimits limits_;
  Health health_;

  State state_ = State::closed;
  std::uint64_t generation_ = 0;  // of the socket: operations of an older one are void
  asio::ip::tcp::socket socket_;
  std::shared_ptr<Connecting> connecting_;  // while it connects
  asio::steady_timer patience_;
  bool is_probed_ = false;  // since it was opened: a node of ours listens there
  std::string answer_;      // to the probe, as far as it has come

  Call* greeting_ = nullptr;
  std::deque<Call*> queue_;
  std::deque<Call*> sent_;
  std::size_t live_ = 0;  // calls in both that are not done, but for the greeting
  std::size_t queued_bytes_ = 0;
  std::int32_t last_sequence_ = 0;
  TimePoint used_at_{};
  TimePoint received_at_{};

  std::string writing_;
  std::size_t written_ = 0;   // bytes of writing_ that the system has
  std::uint64_t put_ = 0;     // bytes of the connection up to the end of writing_
  std::uint64_t handed_ = 0;  // bytes of the connection that the system has
  bool is_waiting_for_room_ = false;
  bool is_flush_wanted_ = false;

  std::vector<char> received_;  // empty while replies are taken from it
  std::size_t begin_ = 0;       // of what is not taken yet
  std::size_t end_ = 0;
};

}  // namespace p2p::client
