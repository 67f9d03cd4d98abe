// What is a call in flight? Its bytes, its deadline, and the handler that is called when it ends. Calls are pooled and
// their buffers reused: in the steady state a call allocates nothing.
#pragma once

#include "engine/fork_watch.h"
#include "net/deadline_wheel.h"
#include "rules/failed_attempt.h"
#include "wire/frame.h"

#include <p2p/callback.h>
#include <p2p/client_outcome.h>
#include <p2p/handlers.h>
#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

class Link;

// How an attempt ended, for the handler.
struct Arrival {
  Failure* failure = nullptr;            // the call has ended with this; may be moved from
  std::string_view message;              // otherwise: the whole reply, empty for a call that only waits for the ring
  Codec* codec = nullptr;                // positioned at the result
  bool may_have_run = false;             // an earlier attempt may have been executed
  bool is_codec_spoiled = false;         // set by the handler: reading threw an exception
  std::optional<std::int64_t> view;      // set by the handler: the view in the reply
  FailedAttempt failed_attempt;          // for a handler that returns Handled::again
  std::uint64_t operations_highest = 0;  // not 0: the operation's number is to be above it
};
enum class Handled : std::uint8_t {
  done,   // the call has ended
  again,  // the reply reports a failure: `failed_attempt` decides whether the call is retried or called back with it
};
// Called on the client's thread until it returns done; nothing follows a failure.
using Handler = Callback<Handled(Arrival&), 96>;

enum class Aim : std::uint8_t {
  owner,    // of `key`
  node,     // `to` only, one attempt
  ring,     // no node: the handler runs as soon as the ring is known
  refresh,  // no node: the handler runs after the ring has been fetched
};

enum class CallState : std::uint8_t {
  idle,     // not in use
  waiting,  // for the ring
  queued,   // in its link's queue, unsent
  sent,     // by its link, at least in part
  pausing,  // before the next attempt
  done,     // the handler has run, but a link or a list still refers to it
};

struct Call : net::DeadlineWheel::Entry {
  std::string frame;
  FrameInfo info;
  std::string key;
  Aim aim = Aim::owner;
  std::optional<NodeAddress> to;
  TimePoint deadline{};
  bool is_repeatable = false;
  bool has_operation = false;  // its frame names one: it is done once, however often it is sent
  bool may_have_run = false;   // an attempt at this call, or at the one it was split from, may have been executed
  Handler handler;
  std::optional<std::uint64_t> since_view;  // of a request for what has changed of the ring: that ring's view

  // --- the engine's ---
  CallState state = CallState::idle;
  bool is_listed = false;  // in a list of the engine, which releases it
  std::uint32_t attempts = 0;
  std::optional<Failure> last;    // why it has not been answered yet
  const Link* avoided = nullptr;  // the link that just failed: another one is preferred. Only compared, never used

  // --- the link's ---
  Link* link = nullptr;  // while queued, sent, or done and still referred to
  TimePoint sent_at{};
  std::int32_t sequence = 0;
  std::uint64_t end_offset = 0;  // of its last byte among all bytes of the connection
};

// How many calls are kept for reuse, and how large their buffers may be; anything above is freed.
inline constexpr std::size_t kPooledCallsMax = 16'384;
inline constexpr std::size_t kPooledFrameBytesMax = 4 * 1024;

// [any thread]
class CallPool final {
 public:
  ~CallPool();

  // As if new, except that its strings keep their memory; the caller owns it until give(). In a forked child, where the
  // mutex may be locked forever, nothing is pooled.
  Call* take();
  void give(Call* call) noexcept;

 private:
  const ForkWatch forks_;
  std::mutex mutex_;
  std::vector<Call*> free_;
};

}  // namespace p2p::client
