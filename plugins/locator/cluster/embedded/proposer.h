// How does one slot get decided by this node (A2)? The textbook's proposer: promises of a majority, then accepts of a
// majority.
#pragma once

#include "cluster/back_off.h"
#include "cluster/embedded/messages.h"

#include <p2p/units.h>

#include <optional>
#include <set>

namespace p2p::cluster {

// A round that has not ended by then is begun anew. Longer than a slow disk takes twice, shorter than anybody waits
// for.
inline constexpr Duration kRoundMax = std::chrono::milliseconds(250);
// A round that a majority has refused is over, and the next begins so long after it began: what is refused again and
// again costs little, and what is more urgent does not wait for long.
inline constexpr Duration kRefusedRoundMax = std::chrono::milliseconds(50);

class Proposer final {
 public:
  Proposer(const NodeId& self, Boot boot) : self_(self), boot_(boot) {}

  // Begins a round for the slot after `map`. Without a change it ends what others began, and stops if that is nothing.
  // `promised`: the highest ballot that this node's voter knows.
  Prepare begin(const ClusterMap& map, std::optional<Change> change, const Ballot& promised, TimePoint now);

  // The accepts to send, once a majority of `map`'s voters have promised.
  std::optional<Accept> on_promised(const ClusterMap& map, const NodeId& voter, const Promised& promised);

  // What is decided, once a majority have accepted.
  std::optional<Change> on_accepted(const ClusterMap& map, const NodeId& voter, const Accepted& accepted);

  // Another proposer's higher ballot ends the round. Any other reason may be that of one voter alone: it ends when so
  // many have refused that no majority is left.
  void on_rejected(const ClusterMap& map, const NodeId& voter, const Rejected& rejected);

  void stop() { phase_ = Phase::idle; }
  // Or waits, as the last one was refused.
  bool is_running(TimePoint now) const { return now < runs_until(); }
  TimePoint runs_until() const;

 private:
  enum class Phase : std::uint8_t { idle, preparing, accepting, refused };

  // Counts the voter; true when it completes a majority.
  bool count(const ClusterMap& map, const NodeId& voter);
  bool is_of_this_round(const ClusterMap& map, Epoch slot, const Ballot& ballot, Phase phase) const;

  NodeId self_;
  Boot boot_;
  Phase phase_ = Phase::idle;
  Epoch slot_ = 0;
  Ballot ballot_;
  std::uint64_t round_seen_ = 0;  // the highest of any ballot
  std::optional<Change> change_;
  Ballot change_ballot_;       // under which it was accepted; empty: this node's own
  std::set<NodeId> voters_;    // that have promised or accepted, as asked for
  std::set<NodeId> refusers_;  // of the same
  TimePoint begun_at_{};
  unsigned tries_ = 0;  // rounds for the slot
};

}  // namespace p2p::cluster
