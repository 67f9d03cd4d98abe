#include "cluster/planner/voters.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace p2p::cluster {

namespace {

using ByZone = std::map<std::string_view, std::size_t>;

class Election final {
 public:
  Election(const ClusterMap& map, const Ages& ages, TimePoint now, const Policy& policy)
      : map_(map), ages_(ages), now_(now), policy_(policy) {}

  std::optional<SetVoters> result() {
    const std::size_t wanted = voters_wanted(members_that_stay());
    std::vector<Slot> voters = elect(wanted);
    if (voters.empty() || voters == map_.voters) return {};
    const bool all_fit = std::ranges::all_of(map_.voters, [&](Slot voter) { return is_fit(voter); });
    // Members of equal merit are no reason for a change.
    if (all_fit && map_.voters.size() == voters.size() && fullest_zone(map_.voters) <= fullest_zone(voters)) return {};
    SetVoters set;
    for (const Slot voter : voters) set.voters.push_back(map_.at(voter).id);
    return set;
  }

 private:
  std::size_t members_that_stay() const {
    std::size_t staying = 0;
    for (std::size_t at = 0; at < map_.members.size(); ++at) {
      const Member& one = map_.members[at];
      const bool stays = !one.id.empty() && one.state != MemberState::leaving;
      staying += stays && !ages_.is_given_up(static_cast<Slot>(at)) ? 1 : 0;
    }
    return staying;
  }

  // A member that is down gets no vote, but keeps the one it has for a while.
  bool is_fit(Slot node) const {
    const Member& member = map_.at(node);
    if (member.id.empty() || member.state == MemberState::leaving) return false;
    return member.is_up() || (map_.is_voter(node) && !ages_.is_down_for(node, policy_.replace_voter_after, now_));
  }

  std::vector<Slot> elect(std::size_t wanted) const {
    std::vector<Slot> voters;
    ByZone in_zone;
    while (voters.size() < wanted) {
      const Slot best = best_of(voters, in_zone, false);
      const Slot node = best != kNoSlot ? best : best_of(voters, in_zone, true);
      if (node == kNoSlot) break;
      voters.push_back(node);
      ++in_zone[map_.at(node).zone];
    }
    if (voters.size() % 2 == 0 && !voters.empty()) voters.pop_back();  // the number is odd
    std::ranges::sort(voters);
    return voters;
  }

  // Of the zone with the fewest voters so far; there one that votes already and is up, then one that votes already.
  // `unfit`: of the voters that are to be replaced, and for whom there is nobody; one that leaves or was given up is
  // not held back.
  Slot best_of(const std::vector<Slot>& voters, ByZone& in_zone, bool unfit) const {
    const auto rank = [&](Slot node) {
      return std::tuple(in_zone[map_.at(node).zone], !map_.is_voter(node), !map_.is_up(node), node);
    };
    Slot best = kNoSlot;
    for (std::size_t at = 0; at < map_.members.size(); ++at) {
      const auto node = static_cast<Slot>(at);
      const bool may_stay =
          map_.is_voter(node) && map_.at(node).state != MemberState::leaving && !ages_.is_given_up(node);
      const bool stands = unfit ? may_stay && !is_fit(node) : is_fit(node);
      if (!stands || std::ranges::find(voters, node) != voters.end()) continue;
      if (best == kNoSlot || rank(node) < rank(best)) best = node;
    }
    return best;
  }

  std::size_t fullest_zone(const std::vector<Slot>& voters) const {
    ByZone in_zone;
    std::size_t fullest = 0;
    for (const Slot voter : voters) fullest = std::max(fullest, ++in_zone[map_.at(voter).zone]);
    return fullest;
  }

  const ClusterMap& map_;
  const Ages& ages_;
  TimePoint now_;
  const Policy& policy_;
};

}  // namespace

std::size_t voters_wanted(std::size_t members) { return members >= 5 ? 5 : members >= 3 ? 3 : 1; }

std::optional<SetVoters> change_of_voters(const ClusterMap& map, const Ages& ages, TimePoint now,
                                          const Policy& policy) {
  return Election(map, ages, now, policy).result();
}

}  // namespace p2p::cluster
