// What does this node say of itself, as a member: what it runs and holds, and where it is (M6)?
#include "agreed/adapter.h"

#include <utility>

namespace p2p::agreed {

void Adapter::on_place(const std::string& zone, std::optional<std::uint32_t> weight, TimePoint now,
                       membership::Effects& effects) {
  description_.zone = self_.zone = zone;
  description_.weight = self_.weight = weight.value_or(self_.weight);
  is_weight_set_ = weight.has_value();
  with_member(now, effects, [&](auto& member, auto& wanted) {
    member.place(zone, weight);
    if (is_member()) member.tick(now, wanted);
  });
}

void Adapter::run_services(std::vector<std::string> names, TimePoint now, membership::Effects& effects) {
  description_.services = self_.services = names;
  services_are_pending_ = true;
  note_holder();
  with_member(now, effects, [&](auto& member, auto& wanted) {
    member.run(std::move(names));
    if (is_member()) member.tick(now, wanted);
  });
  tell_services_known(effects);
}

// Of what this node says of itself.
void Adapter::note_holder() {
  description_.holds_partitions = self_.holds_partitions = host_.wants_partitions(self_.services);
  if (member_) member_->hold_partitions(self_.holds_partitions);
}

void Adapter::on_holder(std::string service, std::shared_ptr<PartitionHolder> holder, TimePoint now,
                        membership::Effects& effects) {
  if (holder == nullptr)
    host_.clear_holder();
  else
    host_.set_holder(std::move(service), std::move(holder));
  note_holder();
  with_member(now, effects, [&](auto& member, auto& wanted) {
    if (is_member()) member.tick(now, wanted);
  });
}

void Adapter::compare_maps(PartitionNode node, membership::Effects& effects) {
  const cluster::NodeId* const id = host_.id_of(node);
  if (!member_ || !is_member() || id == nullptr || *id == self_.id) return;
  if (const auto address = address_of(*id)) fetch_from(*address, *id, effects);
}

// Nobody asks a node that is no member. A service that holds partitions may end when others have their copies (M6).
void Adapter::tell_services_known(membership::Effects& effects) {
  if (!services_are_pending_) return;
  if (member_ && is_member() && (!member_->is_known_to_run() || host_.is_handing_over())) return;
  services_are_pending_ = false;
  effects.services_known = true;
}

}  // namespace p2p::agreed
