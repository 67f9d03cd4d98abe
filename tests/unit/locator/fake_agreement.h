// Something else than the voters decides on maps, as an engine that others run would: one object for all nodes, which
// they ask and watch. It can be told to fail in the ways that a member has to bear.
#pragma once

#include "cluster/agreement.h"
#include "cluster/lease_rules.h"
#include "cluster/map/apply.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace p2p::cluster {

class FakeEngine final {
 public:
  enum class Fault {
    none,
    lost,      // nobody hears of the request
    refused,   // it is heard, and not done
    delayed,   // until release()
    overtaken  // somebody else's change is decided first: `other`
  };
  // What becomes of the next request.
  void fail_next(Fault fault, Change other = {}) { fault_ = fault, other_ = std::move(other); }
  void release(TimePoint now) {
    if (delayed_) static_cast<void>(make(delayed_->first, std::exchange(delayed_, std::nullopt)->second, now));
  }
  bool has_delayed() const { return delayed_.has_value(); }
  // The node has no lease, and gets none until it is allowed again; others are told so at once.
  void end_lease(const NodeId& node) {
    barred_.insert(node);
    leases_.erase(node);
  }
  void allow_lease(const NodeId& node) { barred_.erase(node); }
  // What is decided meanwhile reaches the node as one whole map.
  void cut_watch(const NodeId& node) { cut_.insert(node); }
  void mend_watch(const NodeId& node) { cut_.erase(node); }

  // --- for the nodes ---
  void begin(std::shared_ptr<const ClusterMap> map) { decisions_ = {{.map = std::move(map)}}; }
  bool has_begun() const { return !decisions_.empty(); }
  const ClusterMap& newest() const { return *decisions_.back().map; }
  const std::vector<Decision>& decisions() const { return decisions_; }
  bool is_cut(const NodeId& node) const { return cut_.contains(node); }
  bool is_busy() const { return delayed_.has_value(); }

  void decide(Epoch epoch, const Change& change, TimePoint now) {
    switch (std::exchange(fault_, Fault::none)) {
      case Fault::lost:
      case Fault::refused:
        return;
      case Fault::delayed:
        delayed_ = {epoch, change};
        return;
      case Fault::overtaken:
        static_cast<void>(make(newest().epoch, other_, now));
        break;
      case Fault::none:
        break;
    }
    static_cast<void>(make(epoch, change, now));
  }
  // By somebody else. False: it is not allowed now.
  bool decide_for_others(const Change& change, TimePoint now) { return make(newest().epoch, change, now); }

  TimePoint renew(const NodeId& node, const Boot& boot, TimePoint now) {
    const Slot slot = newest().slot_of(node);
    const bool is_here = newest().is_up(slot) && newest().at(slot).boot == boot;
    if (is_here && !barred_.contains(node) && !is_cut(node)) leases_[node] = now + rules_.length;
    return promised_until(node);
  }
  TimePoint promised_until(const NodeId& node) const {
    const auto lease = leases_.find(node);
    return lease == leases_.end() ? TimePoint::min() : lease->second;
  }
  void consent(const NodeId& node, std::vector<Consent> consents) { consents_[node] = std::move(consents); }
  void note_ended(const NodeId& node, std::uint64_t boot) { ended_[node] = std::max(ended_[node], boot); }
  bool has_ended(const NodeId& node, const Boot& boot) const {
    const auto ended = ended_.find(node);
    return ended != ended_.end() && ended->second >= boot.number;
  }

 private:
  // The contract: A5 and L4.
  bool make(Epoch epoch, const Change& change, TimePoint now) {
    if (epoch != newest().epoch) return false;
    Result<ClusterMap> next = apply(newest(), change);
    if (!next.ok()) return false;
    for (const Loss& loss : losses(newest(), next.value()))
      if (is_forbidden(loss, now)) return false;
    decisions_.push_back({.map = std::make_shared<const ClusterMap>(std::move(next).value()), .change = change});
    return true;
  }
  bool is_forbidden(const Loss& loss, TimePoint now) const {
    const Member& member = newest().at(loss.node);
    if (promised_until(member.id) <= now || has_ended(member.id, member.boot)) return false;
    return loss.loses_boot || !std::ranges::all_of(loss.primaries, [&](PartitionNumber number) {
             const auto consents = consents_.find(member.id);
             const Consent wanted{.partition = number, .term = newest().partitions[number].term};
             return consents != consents_.end() &&
                    std::ranges::find(consents->second, wanted) != consents->second.end();
           });
  }

  LeaseRules rules_;
  std::vector<Decision> decisions_;
  Fault fault_ = Fault::none;
  Change other_;
  std::optional<std::pair<Epoch, Change>> delayed_;
  std::set<NodeId> barred_;
  std::set<NodeId> cut_;
  std::map<NodeId, TimePoint> leases_;
  std::map<NodeId, std::vector<Consent>> consents_;
  std::map<NodeId, std::uint64_t> ended_;
};

// What one node has of it.
class FakeAgreement final : public Agreement {
 public:
  FakeAgreement(FakeEngine& engine, const NodeId& self, const Boot& boot) : engine_(engine), self_(self), boot_(boot) {
    if (engine_.has_begun() && engine_.newest().slot_of(self_) != kNoSlot) map_ = engine_.decisions().back().map;
  }

  std::shared_ptr<const ClusterMap> latest() const override { return map_; }
  void found(std::shared_ptr<const ClusterMap> map, TimePoint now, AgreementEffects& effects) override {
    engine_.begin(std::move(map));
    watch(effects);
    renew(now);
  }
  void decide(Epoch epoch, const Change& change, TimePoint now) override {
    if (may_decide() && epoch == map_->epoch && !is_deciding(now)) wanted_ = change;
  }
  bool may_decide() const override {
    return map_ != nullptr && !engine_.is_cut(self_) && map_->is_voter(map_->slot_of(self_));
  }
  bool is_deciding(TimePoint) const override { return engine_.is_busy(); }

  TimePoint lease_held_until() const override { return std::min(held_until_, engine_.promised_until(self_)); }
  TimePoint newest_at() const override { return newest_at_; }
  TimePoint promised_until(const NodeId& node) const override { return engine_.promised_until(node); }
  bool has_ended(const NodeId& node, const Boot& boot) const override { return engine_.has_ended(node, boot); }
  void set_healthy(bool is_healthy) override { is_healthy_ = is_healthy; }
  void set_consents(std::vector<Consent> consents) override { engine_.consent(self_, std::move(consents)); }
  void note_ended(const NodeId& node, const Boot& boot) override { engine_.note_ended(node, boot.number); }

  void tick(TimePoint now, AgreementEffects& effects) override {
    if (!engine_.has_begun()) return;
    watch(effects);
    if (map_ == nullptr) return;
    if (wanted_) {
      engine_.decide(map_->epoch, *std::exchange(wanted_, std::nullopt), now);
      watch(effects);
    }
    if (!engine_.is_cut(self_)) newest_at_ = now;
    if (is_healthy_ && now >= renewed_at_ + rules_.renewed_every()) renew(now);
  }
  TimePoint next_wakeup() const override { return renewed_at_ + rules_.renewed_every(); }

  // It has no messages and no disk of its own.
  void on_request(const Sender&, AgreementRequest, RequestId, TimePoint, AgreementEffects&) override {}
  void on_reply(const Sender&, Reply, TimePoint, AgreementEffects&) override {}
  void on_saved(SaveId, TimePoint, AgreementEffects&) override {}
  Reply acknowledgement(const Sender&) const override { return {.body = Noted{}, .update = std::nullopt}; }
  void check() const override {}

 private:
  void renew(TimePoint now) {
    renewed_at_ = now;
    held_until_ = std::min(engine_.renew(self_, boot_, now), now + rules_.held());
  }
  void watch(AgreementEffects& effects) {
    const std::vector<Decision>& all = engine_.decisions();
    if (engine_.is_cut(self_)) {
      has_gap_ = true;
    } else if (map_ == nullptr || (has_gap_ && map_ != all.back().map)) {
      if (engine_.newest().slot_of(self_) == kNoSlot) return;  // not let in yet (J1)
      tell({.map = all.back().map}, effects);
    } else {
      for (const Decision& one : all)
        if (one.map->epoch > map_->epoch) tell(one, effects);
    }
    has_gap_ = engine_.is_cut(self_);
  }
  void tell(const Decision& decision, AgreementEffects& effects) {
    map_ = decision.map;
    effects.decisions.push_back(decision);
  }

  FakeEngine& engine_;
  NodeId self_;
  Boot boot_;
  LeaseRules rules_;
  std::shared_ptr<const ClusterMap> map_;
  std::optional<Change> wanted_;
  bool is_healthy_ = true;
  bool has_gap_ = false;
  TimePoint renewed_at_ = TimePoint::min();
  TimePoint held_until_ = TimePoint::min();
  TimePoint newest_at_ = TimePoint::min();
};

}  // namespace p2p::cluster
