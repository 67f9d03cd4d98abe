// May this voter promise and accept (A1, A2)? The textbook's acceptor, one instance an epoch. Whether a change is
// allowed is asked elsewhere (granter.h, map/apply.h).
#pragma once

#include "cluster/embedded/messages.h"

namespace p2p::cluster {

// On disk, synced, before anything is answered by it (A1).
struct VoterState {
  Epoch slot = 0;  // what follows belongs to this slot alone
  Ballot promised = {};
  Ballot accepted = {};  // empty: nothing
  Change change = {};    // that was accepted

  friend bool operator==(const VoterState&, const VoterState&) = default;
};

class Voter final {
 public:
  // `saved`: from disk.
  explicit Voter(VoterState saved) : state_(std::move(saved)) {}

  // The slot after the newest map begins; what belongs to another is over.
  void begin(Epoch slot);

  // Of the current slot. False: a higher ballot has been promised, and nothing has changed.
  bool promise(const Ballot& ballot);
  bool accept(const Ballot& ballot, const Change& change);
  bool may_accept(const Ballot& ballot) const { return ballot >= state_.promised; }

  bool has_accepted() const { return !state_.accepted.empty(); }
  const VoterState& state() const { return state_; }

 private:
  VoterState state_;
};

}  // namespace p2p::cluster
