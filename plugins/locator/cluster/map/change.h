// What can change in a cluster map? A change is a list of requests, each of them short: what follows from one for the
// partitions is computed by whoever applies it (apply.h; M3).
#pragma once

#include "cluster/map/cluster_map.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace p2p::cluster {

using PartitionNumber = std::uint32_t;

// --- members ---------------------------------------------------------------------------------------------------------

// A node becomes a member (J1). `member.state` and `since` are not looked at: it is up from this epoch on.
struct Join {
  Member member;
  friend bool operator==(const Join&, const Join&) = default;
};

// What a process says of itself: it is reachable again, runs in a later boot (B2), or runs other services by now (M6).
struct Up {
  NodeId node;
  Boot boot;
  NodeAddress address;
  std::vector<std::string> services = {};
  bool holds_partitions = true;
  std::uint32_t feature_level = 1;
  bool takes_copies = true;
  friend bool operator==(const Up&, const Up&) = default;
};

struct Down {
  NodeId node;
  Boot boot;  // the one whose end this is: a later one that the map has meanwhile is not meant
  friend bool operator==(const Down&, const Down&) = default;
};

struct Leave {
  NodeId node;
  Boot boot;
  friend bool operator==(const Leave&, const Leave&) = default;
};

// A member that is down or leaving, does not vote, and holds nothing, is one no more (J3, J4).
struct Remove {
  NodeId node;
  friend bool operator==(const Remove&, const Remove&) = default;
};

// What an operator says of a member, by its configuration or by an order; what is not named stays as it is.
struct Describe {
  NodeId node;
  std::optional<std::string> zone = std::nullopt;
  std::optional<std::uint32_t> weight = std::nullopt;
  friend bool operator==(const Describe&, const Describe&) = default;
};

// The feature level in force rises, to at most what every member knows (M7).
struct RaiseFeatureLevel {
  std::uint32_t to = 1;
  friend bool operator==(const RaiseFeatureLevel&, const RaiseFeatureLevel&) = default;
};

// Changes nothing else (A6): it must be alone in its change.
struct SetVoters {
  std::vector<NodeId> voters;
  friend bool operator==(const SetVoters&, const SetVoters&) = default;
};

// --- partitions ------------------------------------------------------------------------------------------------------

struct AddLearner {
  PartitionNumber partition = 0;
  NodeId node;
  friend bool operator==(const AddLearner&, const AddLearner&) = default;
};

struct RemoveLearner {
  PartitionNumber partition = 0;
  NodeId node;
  Epoch since = 0;  // of the assignment that is to end
  friend bool operator==(const RemoveLearner&, const RemoveLearner&) = default;
};

// A learner has everything: the word of the primary of `term` (I3).
struct PutInSync {
  PartitionNumber partition = 0;
  NodeId node;
  Epoch term = 0;
  Epoch since = 0;  // of the learner's assignment
  friend bool operator==(const PutInSync&, const PutInSync&) = default;
};

// A copy is out of sync: the word of the primary of `term`, or of the planner that saw that term (I1). Never the
// primary.
struct TakeOutOfSync {
  PartitionNumber partition = 0;
  NodeId node;
  Epoch term = 0;
  friend bool operator==(const TakeOutOfSync&, const TakeOutOfSync&) = default;
};

// Another member of in_sync becomes the primary (I2, H1).
struct MovePrimary {
  PartitionNumber partition = 0;
  NodeId to;
  Epoch term = 0;
  friend bool operator==(const MovePrimary&, const MovePrimary&) = default;
};

// The primary of `term` wants a term of its own (H1: it had consented to a move that nobody decided).
struct RenewTerm {
  PartitionNumber partition = 0;
  NodeId primary;
  Epoch term = 0;
  friend bool operator==(const RenewTerm&, const RenewTerm&) = default;
};

// All of in_sync is down, and will not come back with its data: the partition begins empty, at this node (I9). Or one
// node is all of it, is up, and has lost the data in memory by itself: nobody but it asks for that, for itself or,
// where it runs no store any more, for another one, to which it consents.
struct StartEmpty {
  PartitionNumber partition = 0;
  NodeId at;
  Epoch term = 0;
  friend bool operator==(const StartEmpty&, const StartEmpty&) = default;
};

using Request = std::variant<Join, Up, Down, Leave, Remove, Describe, RaiseFeatureLevel, SetVoters, AddLearner,
                             RemoveLearner, PutInSync, TakeOutOfSync, MovePrimary, RenewTerm, StartEmpty>;

// A new member, and three or four copies of each partition that it is to get, fit in.
inline constexpr std::size_t kRequestsMax = 4096;

struct Change {
  std::vector<Request> requests;
  friend bool operator==(const Change&, const Change&) = default;
};

// For logs: "up 1f0c…, in sync 17 1f0c…".
std::string text(const Change& change);

}  // namespace p2p::cluster
