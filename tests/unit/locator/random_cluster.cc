#include "random_cluster.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace p2p::cluster {

namespace {

constexpr std::size_t kMembers = 12;
constexpr std::uint32_t kPartitionsLog = 5;

bool have_equal_maps(const std::shared_ptr<const ClusterMap>& one, const std::shared_ptr<const ClusterMap>& other) {
  return one == nullptr || other == nullptr ? one == other : *one == *other;
}

}  // namespace

// --- members ---------------------------------------------------------------------------------------------------------

std::string RandomCluster::text() {
  std::string made(below(20), '\0');
  for (char& byte : made) byte = static_cast<char>(' ' + below('~' - ' ' + 1));
  return made;
}

NodeAddress RandomCluster::address() {
  const auto port = static_cast<std::uint16_t>(1 + below(65'535));
  if (one_of(4)) return {.host = "fe80::" + std::to_string(1 + below(9000)), .port = port};
  return {.host = "10.0.0." + std::to_string(below(256)), .port = port};
}

std::vector<std::string> RandomCluster::services() {
  std::set<std::string> names;
  for (std::uint64_t left = below(4); left > 0; --left) names.insert("s" + text());
  return {names.begin(), names.end()};
}

Member RandomCluster::member() {
  return {.id = node(),
          .address = address(),
          .boot = boot(),
          .state = static_cast<MemberState>(below(3)),
          .zone = text(),
          .weight = static_cast<std::uint32_t>(below(kWeightMax + 1)),
          .services = services(),
          .holds_partitions = one_of(2),
          .feature_level = 3 + static_cast<std::uint32_t>(below(1'000'000)),
          .takes_copies = one_of(2),
          .since = number()};
}

// --- maps ------------------------------------------------------------------------------------------------------------

// Either all its copies are down, or none; the map has a member that is up.
Partition RandomCluster::partition(const ClusterMap& map) {
  std::vector<Slot> up;
  std::vector<Slot> down;
  for (Slot slot = 0; slot < map.members.size(); ++slot)
    if (!map.members[slot].id.empty()) (map.is_up(slot) ? up : down).push_back(slot);
  std::ranges::shuffle(up, random_);
  Partition made;
  const bool is_down = !down.empty() && one_of(8);
  std::vector<Slot>& copies = is_down ? down : up;
  for (std::uint64_t left = 1 + below(std::min<std::size_t>(copies.size(), kLearnersMax)); left > 0; --left) {
    made.in_sync.push_back(copies.back());
    copies.pop_back();
  }
  made.primary = made.in_sync[below(made.in_sync.size())];
  for (std::uint64_t left = below(std::min<std::size_t>(up.size(), kLearnersMax) + 1); left > 0; --left) {
    made.learners.push_back({.node = up.back(), .since = below(map.epoch + 1)});
    up.pop_back();
  }
  made.term = below(map.epoch + 1);
  made.born = below(made.term + 1);
  return made;
}

ClusterMap RandomCluster::map() {
  ClusterMap made;
  made.epoch = 1 + number();
  made.cluster = random_id<ClusterId>();
  made.succeeds = cluster();
  made.generation = number();
  made.copies = 1 + static_cast<std::uint32_t>(below(kCopiesMax - 1));
  made.copies_min = static_cast<std::uint32_t>(below(made.copies + 1));
  made.durability = one_of(2) ? Durability::memory : Durability::durable;
  made.feature_level = static_cast<std::uint32_t>(below(4));
  made.members.resize(1 + below(kMembers));
  for (Member& one : made.members)
    if (!one_of(4)) one = member();
  made.members.back() = member();
  made.members.back().state = MemberState::up;
  std::vector<Slot> voters;
  for (Slot slot = 0; slot < made.members.size(); ++slot)
    if (!made.members[slot].id.empty()) voters.push_back(slot);
  voters.resize(voters.size() >= 5 ? 5 : (voters.size() >= 3 ? 3 : 1));
  made.voters = voters;
  made.voters_since = below(made.epoch + 1);
  made.founded_by_hand = one_of(2);
  made.recovered_from = one_of(2) ? 0 : below(made.epoch);
  if (one_of(2)) {
    made.recovered_by = made.members[voters.front()].id;
    if (one_of(2)) made.confirmers = voters;
    if (one_of(2)) made.given_up = {node()};
  }
  made.partitions.resize(std::size_t{1} << below(kPartitionsLog + 1));
  for (Partition& one : made.partitions) one = partition(made);
  return made;
}

// --- changes ---------------------------------------------------------------------------------------------------------

Request RandomCluster::describe() {
  Describe describe{.node = node()};
  if (one_of(2)) describe.zone = text();
  if (one_of(2)) describe.weight = static_cast<std::uint32_t>(below(kWeightMax + 1));
  return describe;
}

Request RandomCluster::request_of_members() {
  switch (below(8)) {
    case 0:
      return Join{member()};
    case 1:
      return Up{.node = node(),
                .boot = boot(),
                .address = address(),
                .services = services(),
                .holds_partitions = one_of(2),
                .feature_level = static_cast<std::uint32_t>(below(1'000'000)),
                .takes_copies = one_of(2)};
    case 2:
      return Down{.node = node(), .boot = boot()};
    case 3:
      return Leave{.node = node(), .boot = boot()};
    case 4:
      return Remove{node()};
    case 5:
      return describe();
    case 6:
      return RaiseFeatureLevel{static_cast<std::uint32_t>(below(1'000'000))};
    default:
      return SetVoters{std::vector<NodeId>(below(kVotersMax + 1), node())};
  }
}

Request RandomCluster::request_of_partitions() {
  switch (below(7)) {
    case 0:
      return AddLearner{.partition = partition_number(), .node = node()};
    case 1:
      return RemoveLearner{.partition = partition_number(), .node = node(), .since = number()};
    case 2:
      return PutInSync{.partition = partition_number(), .node = node(), .term = number(), .since = number()};
    case 3:
      return TakeOutOfSync{.partition = partition_number(), .node = node(), .term = number()};
    case 4:
      return MovePrimary{.partition = partition_number(), .to = node(), .term = number()};
    case 5:
      return RenewTerm{.partition = partition_number(), .primary = node(), .term = number()};
    default:
      return StartEmpty{.partition = partition_number(), .at = node(), .term = number()};
  }
}

Request RandomCluster::request() { return one_of(2) ? request_of_members() : request_of_partitions(); }

Change RandomCluster::change() {
  Change made;
  for (std::uint64_t left = below(6); left > 0; --left) made.requests.push_back(request());
  return made;
}

MapUpdate RandomCluster::update() {
  MapUpdate made{.from = number()};
  for (std::uint64_t left = below(3); left > 0; --left) made.changes.push_back(change());
  if (one_of(2)) made.map = std::make_shared<const ClusterMap>(map());
  return made;
}

// --- messages --------------------------------------------------------------------------------------------------------

std::vector<Consent> RandomCluster::consents() {
  std::vector<Consent> made;
  for (std::uint64_t left = below(8); left > 0; --left) made.push_back({partition_number(), number()});
  return made;
}

Unheard RandomCluster::unheard() {
  Unheard made;
  for (std::uint64_t left = below(8); left > 0; --left) made.nodes.push_back(node());
  return made;
}

MemberRequest RandomCluster::call() {
  switch (below(10)) {
    case 0:
      return Renew{.sent_at = time(), .consents = consents()};
    case 1:
      return Prepare{.slot = number(), .ballot = ballot()};
    case 2:
      return Accept{.slot = number(), .ballot = ballot(), .change = change()};
    case 3:
      return Announce{update()};
    case 4:
      return FetchMap{};
    case 5:
      return Suggest{change().requests};
    case 6: {
      Report report;
      for (std::uint64_t left = below(8); left > 0; --left) report.gone.push_back({.node = node(), .boot = number()});
      return report;
    }
    case 7:
      return unheard();
    case 8:
      return Adopt{update()};
    default:
      break;
  }
  BeginHandOver begin{.partitions = consents(), .to = {}};
  for (std::size_t left = begin.partitions.size(); left > 0; --left) begin.to.push_back(node());
  return begin;
}

ClusterId RandomCluster::cluster_of(const MemberRequest& request) {
  const auto* announce = std::get_if<Announce>(&request);
  const auto* adopt = std::get_if<Adopt>(&request);
  if (adopt != nullptr) return cluster_of(adopt->update);
  return announce == nullptr ? cluster() : cluster_of(*announce->update);
}

AgreementReply RandomCluster::reply_body() {
  switch (below(8)) {
    case 0:
      return Granted{.sent_at = time(), .boot = boot(), .is_settled = one_of(2)};
    case 1:
      return NotGranted{.sent_at = time()};
    case 2: {
      if (one_of(2)) return Promised{.slot = number(), .ballot = ballot()};
      return Promised{.slot = number(), .ballot = ballot(), .accepted = ballot(), .change = change()};
    }
    case 3:
      return Accepted{.slot = number(), .ballot = ballot()};
    case 4:
      return Rejected{.slot = number(),
                      .ballot = ballot(),
                      .promised = one_of(2) ? Ballot{} : ballot(),
                      .try_after = Duration(static_cast<std::int64_t>(below(3'000'000'000))),
                      .why = text()};
    case 5:
      return Adopted{.epoch = number()};
    case 6:
      return NotAdopted{};
    default:
      return Noted{};
  }
}

wire::Replied RandomCluster::replied() {
  wire::Replied made{.from = sender(), .cluster = cluster(), .reply = {.body = reply_body()}};
  if (one_of(2)) return made;
  made.reply.update = update();
  made.cluster = cluster_of(*made.reply.update);
  return made;
}

Terms RandomCluster::terms() {
  return {.partitions = static_cast<std::uint32_t>(below(kPartitionsMax + 1)),
          .copies = static_cast<std::uint32_t>(below(kCopiesMax)),
          .copies_min = static_cast<std::uint32_t>(below(kCopiesMax)),
          .durability = one_of(2) ? Durability::memory : Durability::durable,
          .succeeded = cluster(),
          .wall_clock = std::chrono::milliseconds(below(4'000'000'000'000)),
          .feature_level = static_cast<std::uint32_t>(below(1'000'000))};
}

SavedAgreement RandomCluster::saved() {
  SavedAgreement made;
  if (!one_of(4)) made.map = std::make_shared<const ClusterMap>(map());
  made.voter.slot = number();
  if (!one_of(3)) made.voter.promised = ballot();
  if (one_of(2)) return made;
  made.voter.accepted = ballot();
  made.voter.change = change();
  return made;
}

// --- equality --------------------------------------------------------------------------------------------------------

bool operator==(const MapUpdate& one, const MapUpdate& other) {
  return one.from == other.from && one.changes == other.changes && have_equal_maps(one.map, other.map);
}
bool operator==(const Renew& one, const Renew& other) {
  return one.sent_at == other.sent_at && one.consents == other.consents;
}
bool operator==(const Prepare& one, const Prepare& other) {
  return one.slot == other.slot && one.ballot == other.ballot;
}
bool operator==(const Accept& one, const Accept& other) {
  return one.slot == other.slot && one.ballot == other.ballot && one.change == other.change;
}
bool operator==(const Announce& one, const Announce& other) { return *one.update == *other.update; }
bool operator==(const FetchMap&, const FetchMap&) { return true; }
bool operator==(const Suggest& one, const Suggest& other) { return one.requests == other.requests; }
bool operator==(const AskToJoin& one, const AskToJoin& other) { return one.joiner == other.joiner; }
bool operator==(const BeginHandOver& one, const BeginHandOver& other) {
  return one.partitions == other.partitions && one.to == other.to;
}
bool operator==(const Report& one, const Report& other) { return one.gone == other.gone; }
bool operator==(const Unheard& one, const Unheard& other) { return one.nodes == other.nodes; }
bool operator==(const Granted& one, const Granted& other) {
  return one.sent_at == other.sent_at && one.boot == other.boot && one.is_settled == other.is_settled;
}
bool operator==(const NotGranted& one, const NotGranted& other) { return one.sent_at == other.sent_at; }
bool operator==(const Promised& one, const Promised& other) {
  return one.slot == other.slot && one.ballot == other.ballot && one.accepted == other.accepted &&
         one.change == other.change;
}
bool operator==(const Accepted& one, const Accepted& other) {
  return one.slot == other.slot && one.ballot == other.ballot;
}
bool operator==(const Rejected& one, const Rejected& other) {
  return one.slot == other.slot && one.ballot == other.ballot && one.promised == other.promised &&
         one.try_after == other.try_after && one.why == other.why;
}
bool operator==(const Adopt& one, const Adopt& other) { return one.update == other.update; }
bool operator==(const Adopted& one, const Adopted& other) { return one.epoch == other.epoch; }
bool operator==(const NotAdopted&, const NotAdopted&) { return true; }
bool operator==(const Noted&, const Noted&) { return true; }
bool operator==(const Sender& one, const Sender& other) {
  return one.node == other.node && one.boot == other.boot && one.epoch == other.epoch;
}
bool operator==(const Reply& one, const Reply& other) { return one.body == other.body && one.update == other.update; }
bool operator==(const SavedAgreement& one, const SavedAgreement& other) {
  return have_equal_maps(one.map, other.map) && one.voter == other.voter;
}

bool wire::operator==(const Replied& one, const Replied& other) {
  return one.from == other.from && one.cluster == other.cluster && one.reply == other.reply;
}

}  // namespace p2p::cluster
