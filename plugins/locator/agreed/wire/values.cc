#include "agreed/wire/values.h"

#include "agreed/wire/limits.h"
#include "agreed/wire/malformed.h"
#include "agreed/wire/packed.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace p2p::cluster::wire {

namespace {

constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kIdBytes = 2 * kNumberBytes;

void append(std::string& bytes, std::uint64_t number) {
  for (std::size_t at = 0; at < kNumberBytes; ++at)
    bytes.push_back(static_cast<char>(number >> 8 * (kNumberBytes - 1 - at)));
}

std::uint64_t load(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

template <class KindOfId>
KindOfId id_of(std::string_view bytes) {
  require(bytes.size() == kIdBytes, "an id has 16 bytes");
  KindOfId id;
  id.high = load(bytes.substr(0, kNumberBytes));
  id.low = load(bytes.substr(kNumberBytes));
  require(!id.empty(), "an id is empty");
  return id;
}

bool is_control(char byte) {
  constexpr char kDelete = 0x7f;
  return (byte >= 0 && byte < ' ') || byte == kDelete;
}

// It will stand in logs and tables.
bool is_plain(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && std::ranges::none_of(text, is_control);
}

bool is_continuation(char byte) { return (static_cast<std::uint8_t>(byte) & 0xc0) == 0x80; }  // of a character in UTF-8

::cluster_wire::MemberState::type state_on_wire(MemberState state) {
  switch (state) {
    case MemberState::up:
      return ::cluster_wire::MemberState::up;
    case MemberState::leaving:
      return ::cluster_wire::MemberState::leaving;
    case MemberState::down:
      break;
  }
  return ::cluster_wire::MemberState::down;
}

MemberState state_of(::cluster_wire::MemberState::type state) {
  if (state == ::cluster_wire::MemberState::up) return MemberState::up;
  if (state == ::cluster_wire::MemberState::leaving) return MemberState::leaving;
  require(state == ::cluster_wire::MemberState::down, "the state of a member is none");
  return MemberState::down;
}

}  // namespace

// --- numbers and texts -----------------------------------------------------------------------------------------------

std::uint64_t natural(std::int64_t number) {
  require(number >= 0 && static_cast<std::uint64_t>(number) <= kNaturalMax, "a number is out of bounds");
  return static_cast<std::uint64_t>(number);
}

std::uint32_t natural(std::int32_t number, std::size_t max) {
  require(number >= 0 && static_cast<std::size_t>(number) <= max, "a number is out of bounds");
  return static_cast<std::uint32_t>(number);
}

PartitionNumber partition_number(std::int32_t number) { return natural(number, kPartitionsMax - 1); }

std::uint32_t feature_level(std::int32_t level) {
  return natural(level, std::size_t{std::numeric_limits<std::int32_t>::max()});
}

std::int64_t to_wire(TimePoint sent_at) { return sent_at.time_since_epoch().count(); }

TimePoint sent_at(std::int64_t on_wire) {
  require(-kSentAtMax.count() <= on_wire && on_wire <= kSentAtMax.count(), "a time is out of bounds");
  return TimePoint(Duration(on_wire));
}

std::string reason(std::string text) {
  if (text.size() > kReasonBytesMax) {
    std::size_t bytes = kReasonBytesMax;
    while (bytes > 0 && is_continuation(text[bytes])) --bytes;
    text.resize(bytes);
  }
  std::ranges::replace_if(text, is_control, ' ');
  return text;
}

// --- ids -------------------------------------------------------------------------------------------------------------

std::string to_wire(const Id& id) {
  std::string bytes;
  bytes.reserve(kIdBytes);
  append(bytes, id.high);
  append(bytes, id.low);
  return bytes;
}

NodeId node_id(std::string_view bytes) { return id_of<NodeId>(bytes); }

ClusterId cluster_id(std::string_view bytes) { return id_of<ClusterId>(bytes); }

::cluster_wire::Boot to_wire(const Boot& boot) {
  ::cluster_wire::Boot on_wire;
  on_wire.number = to_wire(boot.number);
  on_wire.nonce = static_cast<std::int64_t>(boot.nonce);
  return on_wire;
}

Boot from_wire(const ::cluster_wire::Boot& boot) {
  return {.number = natural(boot.number), .nonce = static_cast<std::uint64_t>(boot.nonce)};
}

// --- members ---------------------------------------------------------------------------------------------------------

NodeAddress address(const std::string& host, std::int32_t port) {
  require(!host.empty() && is_plain(host, kHostBytesMax) && host.find(' ') == std::string::npos,
          "the address of a node is none");
  require(port > 0, "the port of a node is none");
  return {.host = host, .port = static_cast<std::uint16_t>(natural(port, std::numeric_limits<std::uint16_t>::max()))};
}

std::string zone(const std::string& text) {
  require(is_plain(text, kZoneBytesMax), "the zone of a member is none");
  return text;
}

std::vector<std::string> services(const std::vector<std::string>& names) {
  require(names.size() <= kServicesMax, "a member runs too many services");
  for (const std::string& name : names)
    require(!name.empty() && is_plain(name, kServiceNameBytesMax), "the name of a service is none");
  require(std::ranges::adjacent_find(names, std::greater_equal<>()) == names.end(),
          "the services of a member are not in ascending order");
  return names;
}

::cluster_wire::Durability::type to_wire(Durability durability) {
  return durability == Durability::memory ? ::cluster_wire::Durability::memory : ::cluster_wire::Durability::durable;
}

Durability from_wire(::cluster_wire::Durability::type durability) {
  if (durability == ::cluster_wire::Durability::memory) return Durability::memory;
  require(durability == ::cluster_wire::Durability::durable, "the durability is none");
  return Durability::durable;
}

::cluster_wire::Member to_wire(const Member& member) {
  ::cluster_wire::Member on_wire;
  on_wire.id = to_wire(member.id);
  on_wire.host = member.address.host;
  on_wire.port = member.address.port;
  on_wire.boot = to_wire(member.boot);
  on_wire.state = state_on_wire(member.state);
  on_wire.zone = member.zone;
  on_wire.weight = static_cast<std::int32_t>(member.weight);
  on_wire.services = member.services;
  on_wire.holds_partitions = member.holds_partitions;
  on_wire.feature_level = static_cast<std::int32_t>(member.feature_level);
  on_wire.since = to_wire(member.since);
  if (!member.takes_copies) on_wire.__set_takes_copies(false);
  return on_wire;
}

Member from_wire(const ::cluster_wire::Member& member) {
  return {.id = node_id(member.id),
          .address = address(member.host, member.port),
          .boot = from_wire(member.boot),
          .state = state_of(member.state),
          .zone = zone(member.zone),
          .weight = natural(member.weight, kWeightMax),
          .services = services(member.services),
          .holds_partitions = member.holds_partitions,
          .feature_level = feature_level(member.feature_level),
          .takes_copies = !member.__isset.takes_copies || member.takes_copies,
          .since = natural(member.since)};
}

// --- of messages -----------------------------------------------------------------------------------------------------

::cluster_wire::Ballot to_wire(const Ballot& ballot) {
  ::cluster_wire::Ballot on_wire;
  on_wire.generation = to_wire(ballot.generation);
  on_wire.round = to_wire(ballot.round);
  on_wire.boot = to_wire(ballot.boot);
  on_wire.proposer = to_wire(ballot.proposer);
  return on_wire;
}

Ballot from_wire(const ::cluster_wire::Ballot& ballot) {
  return {.generation = natural(ballot.generation),
          .round = natural(ballot.round),
          .boot = natural(ballot.boot),
          .proposer = node_id(ballot.proposer)};
}

std::string pack(const std::vector<Consent>& consents) {
  Packer packer;
  for (const Consent& consent : consents) {
    packer.number(consent.partition);
    packer.number(consent.term);
  }
  return std::move(packer).take();
}

std::vector<Consent> unpack_consents(std::string_view packed) {
  std::vector<Consent> consents;
  Unpacker unpacker(packed);
  while (!unpacker.at_end()) {
    require(consents.size() < kPartitionsMax, "more partitions are named than there can be");
    const auto partition = static_cast<PartitionNumber>(unpacker.number(kPartitionsMax - 1));
    consents.push_back({.partition = partition, .term = unpacker.number(kNaturalMax)});
  }
  return consents;
}

std::string pack(const std::vector<NodeId>& ids) {
  std::string packed;
  packed.reserve(ids.size() * kIdBytes);
  for (const NodeId& id : ids) packed += to_wire(id);
  return packed;
}

std::vector<NodeId> unpack_ids(std::string_view packed) {
  require(packed.size() % kIdBytes == 0, "an id has 16 bytes");
  require(packed.size() / kIdBytes <= kPartitionsMax, "more nodes are named than there are partitions");
  std::vector<NodeId> ids;
  for (std::size_t at = 0; at < packed.size(); at += kIdBytes) ids.push_back(node_id(packed.substr(at, kIdBytes)));
  return ids;
}

namespace {

std::chrono::milliseconds wall_clock(std::int64_t since_1970) {
  require(0 <= since_1970 && since_1970 <= kWallClockMax.count(), "a clock is out of bounds");
  return std::chrono::milliseconds(since_1970);
}

}  // namespace

::cluster_wire::Terms to_wire(const Terms& terms) {
  ::cluster_wire::Terms on_wire;
  on_wire.partitions = static_cast<std::int32_t>(terms.partitions);
  on_wire.copies = static_cast<std::int32_t>(terms.copies);
  on_wire.copies_min = static_cast<std::int32_t>(terms.copies_min);
  on_wire.durability = to_wire(terms.durability);
  if (!terms.succeeded.empty()) on_wire.__set_succeeded(to_wire(terms.succeeded));
  on_wire.wall_clock_ms = terms.wall_clock.count();
  on_wire.feature_level = static_cast<std::int32_t>(terms.feature_level);
  return on_wire;
}

Terms from_wire(const ::cluster_wire::Terms& terms) {
  return {.partitions = natural(terms.partitions, kPartitionsMax),
          .copies = natural(terms.copies, kCopiesMax),
          .copies_min = natural(terms.copies_min, kCopiesMax),
          .durability = from_wire(terms.durability),
          .succeeded = terms.__isset.succeeded ? cluster_id(terms.succeeded) : ClusterId{},
          .wall_clock = wall_clock(terms.wall_clock_ms),
          .feature_level = feature_level(terms.feature_level)};
}

::cluster_wire::Refused to_wire(const Refused& refused) {
  ::cluster_wire::Refused on_wire;
  on_wire.field = reason(refused.field);
  on_wire.ours = reason(refused.ours);
  on_wire.theirs = reason(refused.theirs);
  on_wire.fix = reason(refused.fix);
  return on_wire;
}

Refused from_wire(const ::cluster_wire::Refused& refused) {
  return {.field = reason(refused.field),
          .ours = reason(refused.ours),
          .theirs = reason(refused.theirs),
          .fix = reason(refused.fix)};
}

}  // namespace p2p::cluster::wire
