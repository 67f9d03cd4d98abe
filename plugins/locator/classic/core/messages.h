// Which messages do classic members exchange, and what does the core (classic_membership.h) ask for? Plain values, no
// bytes: the adapter and the simulator apply the core's effects.
#pragma once

#include "classic/core/member.h"
#include "membership/membership.h"

#include <p2p/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace p2p::classic {

// --- what nodes say to each other ------------------------------------------------------------------------------------

// "I want to be a member." Answered with the whole table.
struct Join {
  Member self;
  friend bool operator==(const Join&, const Join&) = default;
};

// "This row is new; pass it on to the first member that is not among these names." Answered when it is applied.
struct PassOn {
  Member row;
  std::vector<std::string> visited_nodes;  // names of nodes that already have it, or that could not be reached
  friend bool operator==(const PassOn&, const PassOn&) = default;
};

// "Does your table equal mine?" Answered with a fingerprint alone when it does, else with the whole table.
struct Compare {
  View ours;
  friend bool operator==(const Compare&, const Compare&) = default;
};

// "Whom do you know?" For a node of the 2009 system, the only way to compare with it; answered with a View without a
// fingerprint, whose rows have no known life.
struct Survey {
  friend bool operator==(const Survey&, const Survey&) = default;
};

using Message = std::variant<Join, PassOn, Compare, Survey>;

// Prefix of an Error's text when a Join reached its own sender under another name.
inline constexpr std::string_view kIsThisNode = "this very node: ";

// --- what a core asks for --------------------------------------------------------------------------------------------

using CallId = std::uint64_t;

struct OutgoingCall {
  CallId id = 0;  // comes back in call_ended()
  NodeAddress to;
  Message message;
  bool is_classic = false;  // in the 2009 system's own form: PassOn and Survey only
  friend bool operator==(const OutgoingCall&, const OutgoingCall&) = default;
};

using membership::ChangeKind;

// How it is known that a member has left or is gone. change_text.h has the wording of each.
enum class Departure : std::uint8_t {
  own_word,  // it said so itself
  hearsay,   // another node said so
  refused,   // it no longer accepts connections
  silent,    // its machine does not answer, while others do
  replaced,  // something else answers in its place
  overdue,   // it said that it was leaving, and did not end within kClassicLeaveMax
};

struct MembershipChange {
  ChangeKind kind = ChangeKind::joined;
  NodeAddress address;
  Departure how = Departure::own_word;  // of left and gone
  friend bool operator==(const MembershipChange&, const MembershipChange&) = default;
};

// Everything in here is a request; the core works whether or not it is carried out.
struct Effects {
  std::vector<MembershipChange> changes;  // of the ring, in this order; never about this node
  std::vector<OutgoingCall> calls;
  bool table_changed = false;  // view() differs from before
  bool refuted = false;        // this node had been removed by another, and announced itself again
  // The announcement that this node leaves the ring (withdraw) or has left it (leave) has been made, or given up.
  bool farewell_done = false;
};

// --- input -----------------------------------------------------------------------------------------------------------

enum class CallOutcome : std::uint8_t {
  answered,
  rejected,  // the node is there and rejected it
  refused,   // connection refused; nothing was executed
  silent,    // no answer in time; it may have been executed
  classic,   // a node of the 2009 system, which does not know the message; nothing was executed
  broken,    // the connection ended before the answer; it may have been executed
  unheard,   // no answer to the connect, or no route; nothing was executed
  stranger,  // something else answers there; nothing was executed
  unable,    // this node could not even try; says nothing about the other, and nothing was executed
};

struct CallResult {
  CallOutcome outcome = CallOutcome::silent;
  View view;  // when answered
};

}  // namespace p2p::classic
