#include "cluster/embedded/voter.h"

#include <p2p/assert.h>

namespace p2p::cluster {

void Voter::begin(Epoch slot) {
  P2P_ASSERT(slot >= state_.slot, "slots are decided in order");
  if (slot != state_.slot) state_ = VoterState{.slot = slot};
}

bool Voter::promise(const Ballot& ballot) {
  if (ballot <= state_.promised) return false;
  state_.promised = ballot;
  return true;
}

bool Voter::accept(const Ballot& ballot, const Change& change) {
  if (!may_accept(ballot)) return false;
  state_.promised = state_.accepted = ballot;
  state_.change = change;
  return true;
}

}  // namespace p2p::cluster
