// What do the members of a cluster say to each other, beside what their agreement needs? Plain values, no bytes.
#pragma once

#include "cluster/embedded/messages.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace p2p::cluster {

// To the coordinator: "these are to be in one of the next changes". Said again until the map shows it.
struct Suggest {
  std::vector<Request> requests;
};

// A node wants to be a member, and asks one (J1).
struct AskToJoin {
  Member joiner;
};

// The coordinator to a primary: let another copy have these (H1).
struct BeginHandOver {
  std::vector<Consent> partitions;  // and the terms they are in
  std::vector<NodeId> to;           // of each
};

// To the voters: the sender has found that these processes are gone, by a connect that was refused (E1).
struct Report {
  struct Gone {
    NodeId node;
    std::uint64_t boot = 0;  // and all before it
    friend bool operator==(const Gone&, const Gone&) = default;
  };
  std::vector<Gone> gone = {};
};

// A voter to the others: all members that it hears nothing of (E2). Said again while there are any, and once when there
// are none any more.
struct Unheard {
  std::vector<NodeId> nodes;
};

using MemberRequest =
    std::variant<Renew, Prepare, Accept, Announce, FetchMap, Adopt, Suggest, AskToJoin, BeginHandOver, Report, Unheard>;

}  // namespace p2p::cluster
