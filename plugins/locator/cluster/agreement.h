// What has been decided, and may this node act as the map says? All that the locator requires of whatever agrees on
// cluster maps: the embedded voters (embedded/), or an engine of its own that others run. Above it nobody knows ballots
// or voters' promises; the map's voters are there those that may ask for changes (decision 43). Not thread-safe; `now`
// never goes back.
#pragma once

#include "cluster/embedded/effects.h"
#include "cluster/map/recover.h"
#include "cluster/messages.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <memory>
#include <optional>
#include <vector>

namespace p2p::cluster {

// What goes on without a majority of its voters, when an operator says so (J5).
class Recoverable {
 public:
  virtual ~Recoverable() = default;

  // An operator goes on with these survivors, of which this node is one. It leaves its generation at once, for good
  // when that is on disk, and opens the next one when they have left it too, and all leases of it have run out.
  // Whoever calls it has checked that no majority of the voters is there. An error changes nothing.
  virtual Result<Done> recover(const Recovery& recovery, AgreementEffects& effects) = 0;
  // Whom this node, which recovers, waits for.
  virtual std::vector<NodeId> unconfirmed() const = 0;
  // One of these, which knows more than this node, and what this node cannot go on from: others vote by that than the
  // operator has given up or named, or kDecreesMax is reached.
  virtual const std::optional<NodeId>& irreconcilable() const = 0;
};

class Agreement {
 public:
  virtual ~Agreement() = default;

  // --- what is decided: each Decision is told in the effects of whatever call learns it ---

  // The newest map that this node knows to be decided; null: none. Never goes back.
  virtual std::shared_ptr<const ClusterMap> latest() const = 0;

  // A founder's M_1. Only without a map; whoever joins learns one that it is in.
  virtual void found(std::shared_ptr<const ClusterMap> map, TimePoint now, AgreementEffects& effects) = 0;

  // Asks for `change` to be what the map of `epoch` becomes, with the next tick(). Decided is this, or what somebody
  // else asked for, or nothing for now: a Decision tells it. Ignored when `epoch` is not the latest, when this node may
  // not decide, or a request of it is under way. Whoever decides has checked that the change is allowed (A5) and takes
  // nothing from a node that may still act on its lease (L4).
  virtual void decide(Epoch epoch, const Change& change, TimePoint now) = 0;
  virtual bool may_decide() const = 0;                // false without a map
  virtual bool is_deciding(TimePoint now) const = 0;  // a request of this node is under way

  // A newer history, in which void is what this node has acted by: it has no part in any any more, and what it holds
  // belongs to none. It is to begin anew, as another node (J4). Null: all is well.
  virtual std::shared_ptr<const ClusterMap> voided_by() const { return nullptr; }
  // Null: an operator's recovery is not this agreement's.
  virtual Recoverable* recoverable() { return nullptr; }

  // --- leases ---

  // Until when this node may act as primary: every map that takes that from it is decided after this moment, or after
  // it has consented. In the past: it may not.
  virtual TimePoint lease_held_until() const = 0;
  // No map after latest() had been decided at this moment; TimePoint::min(): that is not known.
  virtual TimePoint newest_at() const = 0;
  // Of another, as far as whoever may decide knows: it may act until then; its process has ended for certain.
  virtual TimePoint promised_until(const NodeId& node) const = 0;
  virtual bool has_ended(const NodeId& node, const Boot& boot) const = 0;

  // False: what this node serves hangs, and its lease is not to be renewed until it is true again (L1). True at first.
  virtual void set_healthy(bool is_healthy) = 0;
  // This node serves these partitions no more, as long as they are in these terms (H1). Replaces what was said before.
  virtual void set_consents(std::vector<Consent> consents) = 0;
  // The process of `node` with this boot, and all before it, have ended: proof, not suspicion (L4).
  virtual void note_ended(const NodeId& node, const Boot& boot) = 0;

  // --- what moves it ---

  // Does what is due; call it at next_wakeup() or as soon after as possible.
  virtual void tick(TimePoint now, AgreementEffects& effects) = 0;
  virtual TimePoint next_wakeup() const = 0;

  // The embedded one's own messages and saves. From a member, or from a node that is none; answered once, now or after
  // a save.
  virtual void on_request(const Sender& from, AgreementRequest request, RequestId id, TimePoint now,
                          AgreementEffects& effects) = 0;
  // Every reply from another node: it may bring what this one lacks (A3).
  virtual void on_reply(const Sender& from, Reply reply, TimePoint now, AgreementEffects& effects) = 0;
  virtual void on_saved(SaveId id, TimePoint now, AgreementEffects& effects) = 0;
  // Noted, with what the asker lacks: the answer to whatever else members say to each other.
  virtual Reply acknowledgement(const Sender& to) const = 0;

  virtual void check() const = 0;  // asserts what holds between calls; for tests and the simulator
};

}  // namespace p2p::cluster
