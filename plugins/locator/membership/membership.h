// Who is in the network? The interface of a membership core: told the time and what arrived, it lists what it wants
// done. It knows no clock, no thread and no wire; the locator's shell (node.h) and the simulator obey its effects.
#pragma once

#include "membership/member.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace p2p::membership {

// --- what nodes say to each other ------------------------------------------------------------------------------------

// "I want to be a member." Answered with the whole table.
struct Join {
  Member self;
  friend bool operator==(const Join&, const Join&) = default;
};

// "This row is news; tell it to the first member that is not among these names." Answered when it is applied.
struct PassOn {
  Member row;
  std::vector<std::string> authorities;  // names of nodes that know already, or that could not be reached
  friend bool operator==(const PassOn&, const PassOn&) = default;
};

// "Is your table like mine?" Answered with a fingerprint alone when it is, else with the whole table.
struct Compare {
  View ours;
  friend bool operator==(const Compare&, const Compare&) = default;
};

// "Whom do you know?" For a node of the 2009 system, which can be compared with in no other way; answered with a View
// without a fingerprint, whose rows have no known life.
struct Survey {
  friend bool operator==(const Survey&, const Survey&) = default;
};

using Message = std::variant<Join, PassOn, Compare, Survey>;

// How the text of an Error begins when a Join reached the node that sent it, which has called itself by another name.
inline constexpr std::string_view kIsThisNode = "this very node: ";

// --- what a core asks for --------------------------------------------------------------------------------------------

using CallId = std::uint64_t;

struct OutgoingCall {
  CallId id = 0;  // comes back in call_ended()
  Location to;
  Message message;
  bool is_classic = false;  // in the 2009 system's own form: PassOn and Survey only
  friend bool operator==(const OutgoingCall&, const OutgoingCall&) = default;
};

enum class ChangeKind : std::uint8_t {
  joined,
  restarted,  // in the ring already, but in a new life: whatever it held is gone
  leaving,    // leaves the ring by its own wish, and still hands over what it holds
  left,
  gone,  // one that was leaving, and off the ring already
};

// How it is known that a member has left or is gone. What is said about each stands in change_text.h.
enum class Departure : std::uint8_t {
  own_word,  // it said so itself
  hearsay,   // another node said so
  refused,   // nobody takes connections there any more
  silent,    // its machine does not answer, while others do
  replaced,  // somebody else answers in its place
  overdue,   // it said that it leaves, and has not ended within kClassicLeaveMax
};

struct RingChange {
  ChangeKind kind = ChangeKind::joined;
  Location location;
  Departure how = Departure::own_word;  // of left and gone
  friend bool operator==(const RingChange&, const RingChange&) = default;
};

// Everything in here is a wish; the core works on whether it is fulfilled or not.
struct Effects {
  std::vector<RingChange> changes;  // of the ring, in this order; never about this node
  std::vector<OutgoingCall> calls;
  bool table_changed = false;  // view() differs from before
  bool refuted = false;        // somebody had this node removed, and it announced itself again
  // The network knows that this node leaves the ring (withdraw) or has left it (leave), as far as it can be told.
  bool farewell_told = false;
};

// --- what a core is told ---------------------------------------------------------------------------------------------

enum class Outcome : std::uint8_t {
  answered,
  rejected,  // the node is there and would not do it
  refused,   // nobody listens there; nothing was executed
  silent,    // no answer in time; it may have been executed
  classic,   // a node of the 2009 system, which does not know the message; nothing was executed
  broken,    // the connection ended before the answer; it may have been executed
  unheard,   // no answer to the connect, or no way there; nothing was executed
  stranger,  // who answers there is not that member; nothing was executed
  unable,    // this node was not able to ask; says nothing about the other, and nothing was executed
};

struct CallResult {
  Outcome outcome = Outcome::silent;
  View view;  // when answered
};

// Not thread-safe; `now` never goes back.
class Membership {
 public:
  virtual ~Membership() = default;

  // A message of another node. The answer goes back to it; an Error says why it is turned away.
  virtual Result<View> handle(const Message& message, TimePoint now, Effects& effects) = 0;

  // How a call of Effects::calls ended. Each ends once; an unknown id is ignored.
  virtual void call_ended(CallId id, const CallResult& result, TimePoint now, Effects& effects) = 0;

  // Rows of another node's table, however they came here.
  virtual void merge(const std::vector<Member>& rows, TimePoint now, Effects& effects) = 0;

  // This node's Join was answered, and the answer is merged: asks others who else has joined meanwhile.
  virtual void compare_after_join(TimePoint now, Effects& effects) = 0;

  // The 2009 system's calls, which know no incarnation. `authorities` are names.
  virtual void classic_add(const Location& location, std::vector<std::string> authorities, TimePoint now,
                           Effects& effects) = 0;
  virtual void classic_remove(const Location& location, std::vector<std::string> authorities, TimePoint now,
                              Effects& effects) = 0;

  // This node is about to join through `via`, a node of the 2009 system that knows `members`: itself among them, by the
  // name under which it is a member.
  virtual void classic_join(const Location& via, const std::vector<Location>& members, TimePoint now,
                            Effects& effects) = 0;

  // Somebody on this node could not reach `location`: it is asked at once, and what comes of that counts.
  virtual void connect_failed(const Location& location, TimePoint now, Effects& effects) = 0;

  // Announces that this node leaves the ring: the others take over what it owns while it still answers them.
  // Effects::farewell_told follows once, now or with a later call_ended(). At most once.
  virtual void withdraw(TimePoint now, Effects& effects) = 0;

  // Announces that this node has left and is about to end; Effects::farewell_told follows as above. At most once, after
  // the withdrawal's.
  virtual void leave(TimePoint now, Effects& effects) = 0;

  // Does what is due; call it at next_wakeup() or as soon after as possible. Earlier does no harm.
  virtual void tick(TimePoint now, Effects& effects) = 0;
  virtual TimePoint next_wakeup() const = 0;

  virtual const Member& self() const = 0;
  virtual View view() const = 0;                      // with every row
  virtual std::vector<Location> members() const = 0;  // alive ones, sorted by name; this node until it withdraws
};

}  // namespace p2p::membership
