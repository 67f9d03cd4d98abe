#include "cluster/embedded/proposer.h"

#include <algorithm>
#include <utility>

namespace p2p::cluster {

Prepare Proposer::begin(const ClusterMap& map, std::optional<Change> change, const Ballot& promised, TimePoint now) {
  round_seen_ = std::max(round_seen_, promised.round) + 1;
  ballot_ = Ballot{.generation = map.generation, .round = round_seen_, .boot = boot_.number, .proposer = self_};
  tries_ = slot_ == map.epoch + 1 ? tries_ + 1 : 1;
  phase_ = Phase::preparing;
  slot_ = map.epoch + 1;
  change_ = std::move(change);
  change_ballot_ = Ballot{};
  voters_.clear();
  refusers_.clear();
  begun_at_ = now;
  return {.slot = slot_, .ballot = ballot_};
}

bool Proposer::is_of_this_round(const ClusterMap& map, Epoch slot, const Ballot& ballot, Phase phase) const {
  return phase_ == phase && slot == slot_ && ballot == ballot_ && map.epoch + 1 == slot_;
}

bool Proposer::count(const ClusterMap& map, const NodeId& voter) {
  if (!map.is_voter(map.slot_of(voter))) return false;
  return voters_.insert(voter).second && voters_.size() == map.majority();
}

std::optional<Accept> Proposer::on_promised(const ClusterMap& map, const NodeId& voter, const Promised& promised) {
  if (!is_of_this_round(map, promised.slot, promised.ballot, Phase::preparing)) return std::nullopt;
  if (promised.accepted > change_ballot_) {
    change_ballot_ = promised.accepted;
    change_ = promised.change;
  }
  if (!count(map, voter)) return std::nullopt;
  voters_.clear();
  refusers_.clear();
  phase_ = change_ ? Phase::accepting : Phase::idle;
  if (!change_) return std::nullopt;
  return Accept{.slot = slot_, .ballot = ballot_, .change = *change_};
}

std::optional<Change> Proposer::on_accepted(const ClusterMap& map, const NodeId& voter, const Accepted& accepted) {
  if (!is_of_this_round(map, accepted.slot, accepted.ballot, Phase::accepting) || !count(map, voter))
    return std::nullopt;
  phase_ = Phase::idle;
  return std::exchange(change_, std::nullopt);
}

void Proposer::on_rejected(const ClusterMap& map, const NodeId& voter, const Rejected& rejected) {
  round_seen_ = std::max(round_seen_, rejected.promised.round);
  if (!is_of_this_round(map, rejected.slot, rejected.ballot, phase_) || phase_ == Phase::idle) return;
  if (rejected.promised > ballot_) {
    phase_ = Phase::idle;
    return;
  }
  if (!map.is_voter(map.slot_of(voter)) || voters_.contains(voter)) return;
  refusers_.insert(voter);
  if (map.voters.size() - refusers_.size() < map.majority()) phase_ = Phase::refused;
}

TimePoint Proposer::runs_until() const {
  switch (phase_) {
    case Phase::idle:
      return TimePoint::min();
    case Phase::preparing:
    case Phase::accepting:
      return begun_at_ + after_tries(kRoundMax, tries_);
    case Phase::refused:
      return begun_at_ + after_tries(kRefusedRoundMax, tries_);
  }
  return TimePoint::min();
}

}  // namespace p2p::cluster
