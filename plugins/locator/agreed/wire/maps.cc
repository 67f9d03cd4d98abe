#include "agreed/wire/maps.h"

#include "agreed/wire/encoded.h"
#include "agreed/wire/packed.h"
#include "agreed/wire/requests.h"
#include "agreed/wire/values.h"

#include <memory>
#include <utility>
#include <vector>

namespace p2p::cluster::wire {

namespace {

// --- partitions ------------------------------------------------------------------------------------------------------

void pack_partition(const Partition& partition, Packer& packer) {
  packer.number(partition.primary);
  packer.number(partition.in_sync.size());
  for (const Slot copy : partition.in_sync) packer.number(copy);
  packer.number(partition.learners.size());
  for (const Learner& learner : partition.learners) {
    packer.number(learner.node);
    packer.number(learner.since);
  }
  packer.number(partition.term);
  packer.number(partition.born);
}

Slot unpack_slot(Unpacker& unpacker) { return static_cast<Slot>(unpacker.number(kMembersMax - 1)); }

Partition unpack_partition(Unpacker& unpacker) {
  Partition partition;
  partition.primary = unpack_slot(unpacker);
  for (std::uint64_t left = unpacker.number(kCopiesMax); left > 0; --left)
    partition.in_sync.push_back(unpack_slot(unpacker));
  for (std::uint64_t left = unpacker.number(kLearnersMax); left > 0; --left) {
    const Slot node = unpack_slot(unpacker);
    partition.learners.push_back({.node = node, .since = unpacker.number(kNaturalMax)});
  }
  partition.term = unpacker.number(kNaturalMax);
  partition.born = unpacker.number(kNaturalMax);
  return partition;
}

std::string pack_partitions(const std::vector<Partition>& partitions) {
  Packer packer;
  for (const Partition& partition : partitions) pack_partition(partition, packer);
  return std::move(packer).take();
}

std::vector<Partition> unpack_partitions(std::string_view packed) {
  std::vector<Partition> partitions;
  Unpacker unpacker(packed);
  while (!unpacker.at_end()) {
    require(partitions.size() < kPartitionsMax, "a map has too many partitions");
    partitions.push_back(unpack_partition(unpacker));
  }
  return partitions;
}

// --- members ---------------------------------------------------------------------------------------------------------

std::vector<::cluster_wire::Member> members_of(const ClusterMap& map) {
  std::vector<::cluster_wire::Member> members;
  for (std::size_t slot = 0; slot < map.members.size(); ++slot) {
    if (map.members[slot].id.empty()) continue;
    members.push_back(to_wire(map.members[slot]));
    members.back().__set_slot(static_cast<std::int32_t>(slot));
  }
  return members;
}

std::vector<Member> members_from(const ::cluster_wire::ClusterMap& map) {
  std::vector<Member> members(natural(map.slots, kMembersMax));
  std::size_t next = 0;  // slot
  for (const ::cluster_wire::Member& member : map.members) {
    require(member.__isset.slot, "a member of a map has no slot");
    const std::size_t slot = natural(member.slot, kMembersMax);
    require(next <= slot && slot < members.size(), "the slot of a member is none");
    members[slot] = from_wire(member);
    next = slot + 1;
  }
  return members;
}

std::vector<Slot> slots_from(const std::vector<std::int32_t>& on_wire) {
  require(on_wire.size() <= kMembersMax, "a map names more members than there can be");
  std::vector<Slot> slots;
  for (const std::int32_t slot : on_wire) slots.push_back(static_cast<Slot>(natural(slot, kMembersMax - 1)));
  return slots;
}

void put_recovery(const ClusterMap& map, ::cluster_wire::ClusterMap& on_wire) {
  if (map.recovered_from != 0) on_wire.__set_recovered_from(to_wire(map.recovered_from));
  if (!map.is_recovering()) return;
  on_wire.__set_recovered_by(to_wire(map.recovered_by));
  on_wire.__set_confirmers({map.confirmers.begin(), map.confirmers.end()});
  if (map.given_up.empty()) return;
  std::vector<std::string> given_up;
  for (const NodeId& id : map.given_up) given_up.push_back(to_wire(id));
  on_wire.__set_given_up(given_up);
}

void read_recovery(const ::cluster_wire::ClusterMap& on_wire, ClusterMap& map) {
  require(on_wire.__isset.recovered_by == on_wire.__isset.confirmers, "a recovery is of nobody, or waits for no list");
  require(on_wire.__isset.recovered_by || !on_wire.__isset.given_up, "members are given up, and by no recovery");
  if (on_wire.__isset.recovered_from) map.recovered_from = natural(on_wire.recovered_from);
  if (!on_wire.__isset.recovered_by) return;
  map.recovered_by = node_id(on_wire.recovered_by);
  map.confirmers = slots_from(on_wire.confirmers);
  require(on_wire.given_up.size() <= kMembersMax, "a map gives up more members than there can be");
  for (const std::string& id : on_wire.given_up) map.given_up.push_back(node_id(id));
}

}  // namespace

// --- maps ------------------------------------------------------------------------------------------------------------

std::string encode_map(const ClusterMap& map) {
  ::cluster_wire::ClusterMap on_wire;
  on_wire.epoch = to_wire(map.epoch);
  on_wire.cluster = to_wire(map.cluster);
  if (!map.succeeds.empty()) on_wire.__set_succeeds(to_wire(map.succeeds));
  on_wire.generation = to_wire(map.generation);
  on_wire.copies = static_cast<std::int32_t>(map.copies);
  on_wire.copies_min = static_cast<std::int32_t>(map.copies_min);
  on_wire.durability = to_wire(map.durability);
  on_wire.feature_level = static_cast<std::int32_t>(map.feature_level);
  on_wire.slots = static_cast<std::int32_t>(map.members.size());
  on_wire.members = members_of(map);
  on_wire.voters.assign(map.voters.begin(), map.voters.end());
  on_wire.voters_since = to_wire(map.voters_since);
  on_wire.partitions = pack_partitions(map.partitions);
  if (map.founded_by_hand) on_wire.__set_founded_by_hand(true);
  put_recovery(map, on_wire);
  return encoded(on_wire);
}

ClusterMap read_map(std::string_view bytes) {
  const auto on_wire = decoded<::cluster_wire::ClusterMap>(bytes);
  ClusterMap map{.epoch = natural(on_wire.epoch),
                 .cluster = cluster_id(on_wire.cluster),
                 .succeeds = on_wire.__isset.succeeds ? cluster_id(on_wire.succeeds) : ClusterId{},
                 .founded_by_hand = on_wire.__isset.founded_by_hand && on_wire.founded_by_hand,
                 .generation = natural(on_wire.generation),
                 .copies = natural(on_wire.copies, kCopiesMax),
                 .copies_min = natural(on_wire.copies_min, kCopiesMax),
                 .durability = from_wire(on_wire.durability),
                 .feature_level = feature_level(on_wire.feature_level),
                 .members = members_from(on_wire),
                 .voters = slots_from(on_wire.voters),
                 .voters_since = natural(on_wire.voters_since),
                 .partitions = unpack_partitions(on_wire.partitions)};
  read_recovery(on_wire, map);
  if (const std::string why = unsoundness(map); !why.empty()) refuse("a map cannot be: " + why);
  map.hints.note(map.members);
  return map;
}

Result<ClusterMap> decode_map(std::string_view bytes) {
  return result_of([&] { return read_map(bytes); });
}

// --- what changes them -----------------------------------------------------------------------------------------------

std::string encode_change(const Change& change) {
  ::cluster_wire::Change on_wire;
  on_wire.requests.reserve(change.requests.size());
  for (const Request& request : change.requests) on_wire.requests.push_back(to_wire(request));
  return encoded(on_wire);
}

Change read_change(std::string_view bytes) {
  const auto on_wire = decoded<::cluster_wire::Change>(bytes);
  require(on_wire.requests.size() <= kRequestsMax, "a change has too many requests");
  Change change;
  change.requests.reserve(on_wire.requests.size());
  for (const ::cluster_wire::Request& request : on_wire.requests) change.requests.push_back(from_wire(request));
  return change;
}

Result<Change> decode_change(std::string_view bytes) {
  return result_of([&] { return read_change(bytes); });
}

::cluster_wire::MapUpdate to_wire(const MapUpdate& update) {
  ::cluster_wire::MapUpdate on_wire;
  on_wire.base = to_wire(update.from);
  for (const Change& change : update.changes) on_wire.changes.push_back(encode_change(change));
  if (update.map != nullptr) on_wire.__set_whole_map(encode_map(*update.map));
  return on_wire;
}

MapUpdate from_wire(const ::cluster_wire::MapUpdate& update, const ClusterId& cluster) {
  require(update.changes.size() <= kChangesKept, "an update has too many changes");
  MapUpdate read{.from = natural(update.base)};
  std::size_t requests = 0;
  for (const std::string& change : update.changes) {
    read.changes.push_back(read_change(change));
    requests += read.changes.back().requests.size();
    require(requests <= kRequestsKept, "an update has too many requests");
  }
  if (!update.__isset.whole_map) return read;
  read.map = std::make_shared<const ClusterMap>(read_map(update.whole_map));
  require(read.map->cluster == cluster, "a map is of another cluster than its sender");
  return read;
}

}  // namespace p2p::cluster::wire
