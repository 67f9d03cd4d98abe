#include "agreed/wire/requests.h"

#include "agreed/wire/limits.h"
#include "agreed/wire/malformed.h"
#include "agreed/wire/values.h"

#include <optional>
#include <utility>
#include <variant>

namespace p2p::cluster::wire {

namespace {

namespace thrift = ::cluster_wire;

// --- to the wire -----------------------------------------------------------------------------------------------------

template <class OfPartition>
OfPartition of_partition(PartitionNumber partition, const NodeId& node) {
  OfPartition on_wire;
  on_wire.partition = static_cast<std::int32_t>(partition);
  on_wire.node = to_wire(node);
  return on_wire;
}

template <class InTerm>
InTerm in_term(PartitionNumber partition, const NodeId& node, Epoch term) {
  auto on_wire = of_partition<InTerm>(partition, node);
  on_wire.term = to_wire(term);
  return on_wire;
}

template <class OfBoot>
OfBoot of_boot(const NodeId& node, const Boot& boot) {
  OfBoot on_wire;
  on_wire.node = to_wire(node);
  on_wire.boot = to_wire(boot);
  return on_wire;
}

void put(const Join& join, thrift::Request& on_wire) {
  thrift::Join kind;
  kind.member = to_wire(join.member);
  on_wire.__set_join(kind);
}

void put(const Up& up, thrift::Request& on_wire) {
  auto kind = of_boot<thrift::Up>(up.node, up.boot);
  kind.host = up.address.host;
  kind.port = up.address.port;
  kind.services = up.services;
  kind.holds_partitions = up.holds_partitions;
  kind.feature_level = static_cast<std::int32_t>(up.feature_level);
  if (!up.takes_copies) kind.__set_takes_copies(false);
  on_wire.__set_up(kind);
}

void put(const Down& down, thrift::Request& on_wire) {
  on_wire.__set_down(of_boot<thrift::Down>(down.node, down.boot));
}

void put(const Leave& leave, thrift::Request& on_wire) {
  on_wire.__set_leave(of_boot<thrift::Leave>(leave.node, leave.boot));
}

void put(const Remove& remove, thrift::Request& on_wire) {
  thrift::Remove kind;
  kind.node = to_wire(remove.node);
  on_wire.__set_remove(kind);
}

void put(const Describe& describe, thrift::Request& on_wire) {
  thrift::Describe kind;
  kind.node = to_wire(describe.node);
  if (describe.zone) kind.__set_zone(*describe.zone);
  if (describe.weight) kind.__set_weight(static_cast<std::int32_t>(*describe.weight));
  on_wire.__set_describe(kind);
}

void put(const RaiseFeatureLevel& raise, thrift::Request& on_wire) {
  thrift::RaiseFeatureLevel kind;
  kind.level = static_cast<std::int32_t>(raise.to);
  on_wire.__set_raise_feature_level(kind);
}

void put(const SetVoters& set, thrift::Request& on_wire) {
  thrift::SetVoters kind;
  for (const NodeId& voter : set.voters) kind.voters.push_back(to_wire(voter));
  on_wire.__set_set_voters(kind);
}

void put(const AddLearner& add, thrift::Request& on_wire) {
  on_wire.__set_add_learner(of_partition<thrift::AddLearner>(add.partition, add.node));
}

void put(const RemoveLearner& remove, thrift::Request& on_wire) {
  auto kind = of_partition<thrift::RemoveLearner>(remove.partition, remove.node);
  kind.since = to_wire(remove.since);
  on_wire.__set_remove_learner(kind);
}

void put(const PutInSync& put_in, thrift::Request& on_wire) {
  auto kind = in_term<thrift::PutInSync>(put_in.partition, put_in.node, put_in.term);
  kind.since = to_wire(put_in.since);
  on_wire.__set_put_in_sync(kind);
}

void put(const TakeOutOfSync& take, thrift::Request& on_wire) {
  on_wire.__set_take_out_of_sync(in_term<thrift::TakeOutOfSync>(take.partition, take.node, take.term));
}

void put(const MovePrimary& move, thrift::Request& on_wire) {
  on_wire.__set_move_primary(in_term<thrift::MovePrimary>(move.partition, move.to, move.term));
}

void put(const RenewTerm& renew, thrift::Request& on_wire) {
  on_wire.__set_renew_term(in_term<thrift::RenewTerm>(renew.partition, renew.primary, renew.term));
}

void put(const StartEmpty& start, thrift::Request& on_wire) {
  on_wire.__set_start_empty(in_term<thrift::StartEmpty>(start.partition, start.at, start.term));
}

// --- from the wire ---------------------------------------------------------------------------------------------------

Request read(const thrift::Join& kind) { return Join{.member = from_wire(kind.member)}; }

Request read(const thrift::Up& kind) {
  return Up{.node = node_id(kind.node),
            .boot = from_wire(kind.boot),
            .address = address(kind.host, kind.port),
            .services = services(kind.services),
            .holds_partitions = kind.holds_partitions,
            .feature_level = feature_level(kind.feature_level),
            .takes_copies = !kind.__isset.takes_copies || kind.takes_copies};
}

Request read(const thrift::Down& kind) { return Down{.node = node_id(kind.node), .boot = from_wire(kind.boot)}; }

Request read(const thrift::Leave& kind) { return Leave{.node = node_id(kind.node), .boot = from_wire(kind.boot)}; }

Request read(const thrift::Remove& kind) { return Remove{.node = node_id(kind.node)}; }

Request read(const thrift::Describe& kind) {
  Describe describe{.node = node_id(kind.node)};
  if (kind.__isset.zone) describe.zone = zone(kind.zone);
  if (kind.__isset.weight) describe.weight = natural(kind.weight, kWeightMax);
  return describe;
}

Request read(const thrift::RaiseFeatureLevel& kind) { return RaiseFeatureLevel{.to = feature_level(kind.level)}; }

Request read(const thrift::SetVoters& kind) {
  require(kind.voters.size() <= kVotersMax, "a change names too many voters");
  SetVoters set;
  for (const std::string& voter : kind.voters) set.voters.push_back(node_id(voter));
  return set;
}

Request read(const thrift::AddLearner& kind) {
  return AddLearner{.partition = partition_number(kind.partition), .node = node_id(kind.node)};
}

Request read(const thrift::RemoveLearner& kind) {
  return RemoveLearner{
      .partition = partition_number(kind.partition), .node = node_id(kind.node), .since = natural(kind.since)};
}

Request read(const thrift::PutInSync& kind) {
  return PutInSync{.partition = partition_number(kind.partition),
                   .node = node_id(kind.node),
                   .term = natural(kind.term),
                   .since = natural(kind.since)};
}

Request read(const thrift::TakeOutOfSync& kind) {
  return TakeOutOfSync{
      .partition = partition_number(kind.partition), .node = node_id(kind.node), .term = natural(kind.term)};
}

Request read(const thrift::MovePrimary& kind) {
  return MovePrimary{
      .partition = partition_number(kind.partition), .to = node_id(kind.node), .term = natural(kind.term)};
}

Request read(const thrift::RenewTerm& kind) {
  return RenewTerm{
      .partition = partition_number(kind.partition), .primary = node_id(kind.node), .term = natural(kind.term)};
}

Request read(const thrift::StartEmpty& kind) {
  return StartEmpty{
      .partition = partition_number(kind.partition), .at = node_id(kind.node), .term = natural(kind.term)};
}

}  // namespace

thrift::Request to_wire(const Request& request) {
  thrift::Request on_wire;
  std::visit([&](const auto& kind) { put(kind, on_wire); }, request);
  return on_wire;
}

Request from_wire(const thrift::Request& request) {
  std::optional<Request> found;
  const auto take = [&](bool is_set, const auto& kind) {
    if (!is_set) return;
    require(!found, "a request is of two kinds");
    found = read(kind);
  };
  const auto& is = request.__isset;
  take(is.join, request.join);
  take(is.up, request.up);
  take(is.down, request.down);
  take(is.leave, request.leave);
  take(is.remove, request.remove);
  take(is.describe, request.describe);
  take(is.raise_feature_level, request.raise_feature_level);
  take(is.set_voters, request.set_voters);
  take(is.add_learner, request.add_learner);
  take(is.remove_learner, request.remove_learner);
  take(is.put_in_sync, request.put_in_sync);
  take(is.take_out_of_sync, request.take_out_of_sync);
  take(is.move_primary, request.move_primary);
  take(is.renew_term, request.renew_term);
  take(is.start_empty, request.start_empty);
  if (!found) refuse("a request is of no kind that this program knows");
  return std::move(*found);
}

}  // namespace p2p::cluster::wire
