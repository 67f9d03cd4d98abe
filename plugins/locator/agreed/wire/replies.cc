#include "agreed/wire/replies.h"

#include "agreed/wire/limits.h"
#include "agreed/wire/malformed.h"
#include "agreed/wire/maps.h"
#include "agreed/wire/values.h"

#include <optional>
#include <utility>

namespace p2p::cluster::wire {

namespace {

namespace thrift = ::cluster_wire;

// --- to the wire -----------------------------------------------------------------------------------------------------

void put(const Granted& granted, thrift::ReplyBody& on_wire) {
  thrift::Granted kind;
  kind.sent_at = to_wire(granted.sent_at);
  kind.boot = to_wire(granted.boot);
  if (granted.is_settled) kind.__set_settled(true);
  on_wire.__set_granted(kind);
}

void put(const NotGranted& not_granted, thrift::ReplyBody& on_wire) {
  thrift::NotGranted kind;
  kind.sent_at = to_wire(not_granted.sent_at);
  on_wire.__set_not_granted(kind);
}

void put(const Promised& promised, thrift::ReplyBody& on_wire) {
  thrift::Promised kind;
  kind.slot = to_wire(promised.slot);
  kind.ballot = to_wire(promised.ballot);
  if (!promised.accepted.empty()) {
    kind.__set_accepted(to_wire(promised.accepted));
    kind.__set_change(encode_change(promised.change));
  }
  on_wire.__set_promised(kind);
}

void put(const Accepted& accepted, thrift::ReplyBody& on_wire) {
  thrift::Accepted kind;
  kind.slot = to_wire(accepted.slot);
  kind.ballot = to_wire(accepted.ballot);
  on_wire.__set_accepted(kind);
}

void put(const Rejected& rejected, thrift::ReplyBody& on_wire) {
  thrift::Rejected kind;
  kind.slot = to_wire(rejected.slot);
  kind.ballot = to_wire(rejected.ballot);
  if (!rejected.promised.empty()) kind.__set_promised(to_wire(rejected.promised));
  kind.try_after_ns = rejected.try_after.count();
  kind.why = reason(rejected.why);
  on_wire.__set_rejected(kind);
}

void put(const Adopted& adopted, thrift::ReplyBody& on_wire) {
  thrift::Adopted kind;
  kind.epoch = to_wire(adopted.epoch);
  on_wire.__set_adopted(kind);
}

void put(const NotAdopted&, thrift::ReplyBody& on_wire) { on_wire.__set_not_adopted({}); }

void put(const Noted&, thrift::ReplyBody& on_wire) { on_wire.__set_noted({}); }

// --- from the wire ---------------------------------------------------------------------------------------------------

Duration try_after(std::int64_t on_wire) {
  require(0 <= on_wire && on_wire <= kTryAfterMax.count(), "a duration is out of bounds");
  return Duration(on_wire);
}

AgreementReply read(const thrift::Granted& kind) {
  return Granted{.sent_at = sent_at(kind.sent_at),
                 .boot = from_wire(kind.boot),
                 .is_settled = kind.__isset.settled && kind.settled};
}

AgreementReply read(const thrift::NotGranted& kind) { return NotGranted{.sent_at = sent_at(kind.sent_at)}; }

AgreementReply read(const thrift::Promised& kind) {
  require(kind.__isset.accepted == kind.__isset.change, "a change was accepted without a ballot, or none with one");
  Promised promised{.slot = natural(kind.slot), .ballot = from_wire(kind.ballot)};
  if (!kind.__isset.accepted) return promised;
  promised.accepted = from_wire(kind.accepted);
  promised.change = read_change(kind.change);
  return promised;
}

AgreementReply read(const thrift::Accepted& kind) {
  return Accepted{.slot = natural(kind.slot), .ballot = from_wire(kind.ballot)};
}

AgreementReply read(const thrift::Rejected& kind) {
  return Rejected{.slot = natural(kind.slot),
                  .ballot = from_wire(kind.ballot),
                  .promised = kind.__isset.promised ? from_wire(kind.promised) : Ballot{},
                  .try_after = try_after(kind.try_after_ns),
                  .why = reason(kind.why)};
}

AgreementReply read(const thrift::Adopted& kind) { return Adopted{.epoch = natural(kind.epoch)}; }

AgreementReply read(const thrift::NotAdopted&) { return NotAdopted{}; }

AgreementReply read(const thrift::Noted&) { return Noted{}; }

AgreementReply body_of(const thrift::ReplyBody& body) {
  std::optional<AgreementReply> found;
  const auto take = [&](bool is_set, const auto& kind) {
    if (!is_set) return;
    require(!found, "a reply is of two kinds");
    found = read(kind);
  };
  const auto& is = body.__isset;
  take(is.granted, body.granted);
  take(is.not_granted, body.not_granted);
  take(is.promised, body.promised);
  take(is.accepted, body.accepted);
  take(is.rejected, body.rejected);
  take(is.noted, body.noted);
  take(is.adopted, body.adopted);
  take(is.not_adopted, body.not_adopted);
  if (!found) refuse("a reply is of no kind that this program knows");
  return std::move(*found);
}

std::vector<std::string> names_of(const std::vector<NodeAddress>& addresses) {
  std::vector<std::string> names;
  for (const NodeAddress& one : addresses)
    if (names.size() < kWaitsForMax) names.push_back(one.name());
  return names;
}

std::vector<NodeAddress> addresses_of(const std::vector<std::string>& names) {
  require(names.size() <= kWaitsForMax, "it waits for more nodes than a reply may name");
  std::vector<NodeAddress> addresses;
  for (const std::string& name : names) {
    auto address = parse_node_address(name);
    if (!address.ok()) refuse("it waits for a node whose address is none");
    addresses.push_back(std::move(address).value());
  }
  return addresses;
}

}  // namespace

thrift::Sender to_wire(const Sender& from, const ClusterId& cluster) {
  thrift::Sender on_wire;
  on_wire.node = to_wire(from.node);
  on_wire.boot = to_wire(from.boot);
  on_wire.epoch = to_wire(from.epoch);
  if (!cluster.empty()) on_wire.__set_cluster(to_wire(cluster));
  return on_wire;
}

Sender from_wire(const thrift::Sender& from) {
  return {.node = node_id(from.node), .boot = from_wire(from.boot), .epoch = natural(from.epoch)};
}

ClusterId cluster_of(const thrift::Sender& from) {
  return from.__isset.cluster ? cluster_id(from.cluster) : ClusterId{};
}

thrift::Reply to_wire(const Replied& replied) {
  thrift::Reply on_wire;
  on_wire.sender = to_wire(replied.from, replied.cluster);
  std::visit([&](const auto& kind) { put(kind, on_wire.body); }, replied.reply.body);
  if (replied.reply.update) on_wire.__set_update(to_wire(*replied.reply.update));
  if (!replied.waits_for.empty()) on_wire.__set_waits_for(names_of(replied.waits_for));
  return on_wire;
}

Replied from_wire(const thrift::Reply& reply) {
  Replied read{.from = from_wire(reply.sender), .cluster = cluster_of(reply.sender), .reply = {}};
  read.reply.body = body_of(reply.body);
  if (reply.__isset.update) read.reply.update = from_wire(reply.update, read.cluster);
  if (reply.__isset.waits_for) read.waits_for = addresses_of(reply.waits_for);
  return read;
}

}  // namespace p2p::cluster::wire
