// Who is in the network? What the locator's shell (locator_shell.h) requires of a membership implementation: the shell
// passes it the time and events, and applies the effects. How members agree, and what they send each other, is up
// to the implementation: to the shell their messages are bytes. It has no clock and no thread.
#pragma once

#include <p2p/locator.h>
#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::membership {

// --- what an implementation asks for ---------------------------------------------------------------------------------

using CallId = std::uint64_t;

// A message for another node, to be sent at once.
struct OutgoingCall {
  CallId id = 0;  // comes back in call_ended()
  NodeAddress to;
  std::string message;  // whole, without a service prefix
  Duration deadline{};
  int form = 0;  // how the implementation's Carrier sends it
};

// Sends a call. `ended` runs exactly once, on any thread, with the bytes of the reply or with the error of Peers::call.
using Carrier = std::function<void(OutgoingCall call, std::function<void(Result<std::string>)> ended)>;

enum class ChangeKind : std::uint8_t {
  joined,
  restarted,  // already in the ring, but in a new life: whatever it held is gone
  leaving,    // leaves the ring by its own choice, and is still handing over what it holds
  left,
  gone,       // one that was leaving, and off the ring already
  ownership,  // the members are the same, but own other keys: `address` means nothing
};

struct MembershipChange {
  ChangeKind kind = ChangeKind::joined;
  NodeAddress address;
  std::string text = {};    // for the log: "127.0.0.1:9901 has left"
  bool is_trouble = false;  // a member ended without leaving properly: an operator should look at it
  // After the change; null: what the placement makes of the members. An implementation gives all its views, or none.
  std::shared_ptr<const RingView> view = {};
  friend bool operator==(const MembershipChange&, const MembershipChange&) = default;
};

enum class JoinOutcome : std::uint8_t {
  joined,
  absent,   // nobody there, or nobody that lets this node in
  silent,   // there may be a node that has not answered
  is_self,  // it is this node, under another name
};

// The outcome of a join().
struct JoinEnd {
  NodeAddress via;
  JoinOutcome outcome = JoinOutcome::absent;
  std::vector<NodeAddress> waits_for = {};  // joined: `via` has joined nobody yet, and waits for these itself
  std::string why = {};                     // not joined: in words
};

// This node is part of a network from now on.
struct Entry {
  enum class How : std::uint8_t {
    joined,
    founded,
    returned,  // to the network that it remembers
  };
  How how = How::founded;
  std::optional<NodeAddress> via = {};  // joined: one that let it in
};

// Requests: the implementation works whether or not they are carried out.
struct Effects {
  std::vector<MembershipChange> changes;  // of the ring, in this order; never about this node
  std::vector<OutgoingCall> calls;
  std::vector<JoinEnd> joins;         // to be handled after the changes have been started
  std::optional<Entry> entered = {};  // once
  // What it remembered is no more, or is not to be had: look for a network, and join it.
  bool looks_for_network = false;
  // Between the search and the entry: whom this node waits for, and what can be done; "": it waits no longer.
  std::optional<std::string> waiting = {};
  std::vector<std::string> warnings;  // for the log
  bool table_changed = false;         // encode_table() differs from before
  // The other nodes know, as far as they can, what the last run_services() said.
  bool services_known = false;
  // The announcement that this node leaves the ring (withdraw) or has left it (leave) has been made, or given up.
  bool farewell_done = false;
};

// --- input -----------------------------------------------------------------------------------------------------------

// What speaks against a member. An implementation decides what it counts.
struct Evidence {
  enum class Kind : std::uint8_t {
    unreachable,  // a service on this node could not connect to it
  };
  NodeAddress about;
  Kind kind = Kind::unreachable;
};

// Not thread-safe; `now` never goes back.
class Membership {
 public:
  virtual ~Membership() = default;

  // Asks `via` to let this node in. Effects::joins reports the outcome once, now or with a later call_ended(), unless
  // this node leaves first. `patience`: how long `via` may take for its first answer.
  virtual void join(const NodeAddress& via, Duration patience, TimePoint now, Effects& effects) = 0;

  // It remembers a network, and looks for it by itself: nobody is to be joined before Effects::looks_for_network.
  virtual bool remembers_network() const = 0;

  // The search for a network has ended: `via` has let this node in, or waits for it; nullopt: nobody is there, and it
  // founds one. Effects::entered follows, now or later.
  virtual void enter(const std::optional<NodeAddress>& via, TimePoint now, Effects& effects) = 0;

  // How a call of Effects::calls ended. Each ends once; an unknown id is ignored.
  virtual void call_ended(CallId id, const Result<std::string>& reply, TimePoint now, Effects& effects) = 0;

  virtual void report(const Evidence& evidence, TimePoint now, Effects& effects) = 0;

  // The result of another node's encode_table(), however it arrived.
  virtual Result<Done> merge_table(std::string_view table, TimePoint now, Effects& effects) = 0;

  // This node runs these services from now on; sorted. Effects::services_known follows, now or later.
  virtual void run_services(std::vector<std::string> names, TimePoint now, Effects& effects) = 0;

  // Announces that this node leaves the ring: the others take over what it owns while it still answers them.
  // Effects::farewell_done follows once, now or with a later call_ended(). At most once.
  virtual void withdraw(TimePoint now, Effects& effects) = 0;

  // Announces that this node has left and is about to end; Effects::farewell_done follows as above. At most once, after
  // the withdrawal's.
  virtual void leave(TimePoint now, Effects& effects) = 0;

  // Does what is due; call it at next_wakeup() or as soon after as possible. Earlier does no harm.
  virtual void tick(TimePoint now, Effects& effects) = 0;
  virtual TimePoint next_wakeup() const = 0;

  // The node stops: nothing is asked of this any more. Answers the calls of others that it has kept, or drops them.
  virtual void halt() = 0;

  // The nodes that this one waits for before it is part of a network, for the answers to joiners; empty: none.
  virtual void waits_for(std::vector<NodeAddress> others) = 0;

  // This node is part of its network, and its ring shows it. Once.
  virtual void note_joined() = 0;

  virtual std::vector<NodeAddress> members() const = 0;  // on the ring, sorted by name; this node until it withdraws
  virtual std::string encode_table() const = 0;          // all it knows of members, for another node's merge_table()
};

}  // namespace p2p::membership
