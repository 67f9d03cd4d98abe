// What has this voter promised to members, and what does that forbid (L2, L4 to L7)? All of it is forgotten by a
// restart, so that a voter which has restarted behaves as if it had promised to everyone (L6).
#pragma once

#include "cluster/lease_rules.h"
#include "cluster/map/apply.h"
#include "cluster/messages.h"

#include <p2p/units.h>

#include <unordered_map>
#include <vector>

namespace p2p::cluster {

// What the change that a voter has accepted would do, as long as nobody knows whether it is decided (L5).
struct AcceptedEffect {
  bool changes_voters = false;
  std::vector<NodeId> losers = {};  // whose primaries or boots it takes
};
AcceptedEffect effect_of(const ClusterMap& map, const ClusterMap& changed);

class LeaseGranter final {
 public:
  // `own_boot`: that of this voter's process, which proves that those before it have ended (L4).
  LeaseGranter(const LeaseRules& rules, const NodeId& self, Boot own_boot, TimePoint now);

  // L6: another set of voters, or this process has just begun.
  void fear_everyone(TimePoint now);

  // Another map: consents of other terms are void, members that are gone are forgotten.
  void begin(const ClusterMap& map);

  // The process of `node` that ran in `boot`, and all before it, have ended (L4). From whom, and how it is known:
  // evidence.h.
  void note_ended(const NodeId& node, std::uint64_t boot);
  void note_consents(const NodeId& node, const std::vector<Consent>& consents);

  // True: promised. `accepted`: of the change that this voter has accepted in the current slot; null: none.
  bool grant(const NodeId& node, const AcceptedEffect* accepted, TimePoint now);

  // How long promises still forbid a change (L4); 0: they do not. If they do, who holds them gets no more for a while
  // (L7).
  Duration forbidden_for(const ClusterMap& map, const ClusterMap& changed, TimePoint now);

  // Until when `node` may act by what this voter promised.
  TimePoint promised_until(const NodeId& node) const;
  bool has_ended(const NodeId& node, const Boot& boot) const;

 private:
  struct Asker {
    TimePoint promised_until = TimePoint::min();
    TimePoint refused_until = TimePoint::min();  // L7
    std::uint64_t ended_boot = 0;                // the highest that is known to have ended
    std::vector<Consent> consents = {};
  };

  bool is_forbidden(const ClusterMap& map, const Loss& loss, TimePoint now) const;
  bool has_consented(const ClusterMap& map, const Loss& loss) const;
  const Asker* find(const NodeId& node) const;

  LeaseRules rules_;
  TimePoint feared_until_;
  std::unordered_map<NodeId, Asker> askers_;
};

}  // namespace p2p::cluster
