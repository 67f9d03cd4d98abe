// What do the members of a cluster say to each other? Values of every kind, by chance from a seed, each of them
// allowed; and whether two are equal, which the core never asks.
#pragma once

#include "agreed/refusal.h"
#include "agreed/terms.h"
#include "agreed/wire/messages.h"
#include "cluster/embedded/embedded_agreement.h"
#include "cluster/member/messages.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace p2p::cluster {

class RandomCluster final {
 public:
  explicit RandomCluster(unsigned seed) : random_(seed) {}

  NodeId node() { return random_id<NodeId>(); }
  Member member();
  ClusterMap map();  // a sound one
  Change change();   // of requests of any kind, most of them allowed by no map
  Request request();
  Sender sender() { return {.node = node(), .boot = boot(), .epoch = number()}; }
  ClusterId cluster() { return one_of(3) ? ClusterId{} : random_id<ClusterId>(); }
  MemberRequest call();  // of any kind but AskToJoin
  // That its sender may be a member of.
  ClusterId cluster_of(const MemberRequest& request);
  wire::Replied replied();
  Terms terms();
  Refused refused() { return {text(), text(), text(), text()}; }
  SavedAgreement saved();

 private:
  template <class KindOfId>
  KindOfId random_id() {
    KindOfId id;
    id.high = random_();
    id.low = random_();
    return id;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_of(std::uint64_t bound) { return below(bound) == 0; }
  std::uint64_t number() { return random_() >> (2 + below(62)); }
  std::string text();
  Boot boot() { return {.number = number(), .nonce = random_()}; }
  Ballot ballot() { return {.generation = number(), .round = number(), .boot = number(), .proposer = node()}; }
  NodeAddress address();
  std::vector<std::string> services();
  TimePoint time() { return TimePoint(Duration(static_cast<std::int64_t>(number() >> 2))); }
  PartitionNumber partition_number() { return static_cast<PartitionNumber>(below(kPartitionsMax)); }
  std::vector<Consent> consents();
  Unheard unheard();
  Partition partition(const ClusterMap& map);
  MapUpdate update();
  ClusterId cluster_of(const MapUpdate& update) { return update.map == nullptr ? cluster() : update.map->cluster; }
  Request describe();
  Request request_of_members();
  Request request_of_partitions();
  AgreementReply reply_body();

  std::mt19937_64 random_;
};

bool operator==(const MapUpdate& one, const MapUpdate& other);
bool operator==(const Renew& one, const Renew& other);
bool operator==(const Prepare& one, const Prepare& other);
bool operator==(const Accept& one, const Accept& other);
bool operator==(const Announce& one, const Announce& other);
bool operator==(const FetchMap& one, const FetchMap& other);
bool operator==(const Adopt& one, const Adopt& other);
bool operator==(const Suggest& one, const Suggest& other);
bool operator==(const AskToJoin& one, const AskToJoin& other);
bool operator==(const BeginHandOver& one, const BeginHandOver& other);
bool operator==(const Report& one, const Report& other);
bool operator==(const Unheard& one, const Unheard& other);
bool operator==(const Granted& one, const Granted& other);
bool operator==(const NotGranted& one, const NotGranted& other);
bool operator==(const Promised& one, const Promised& other);
bool operator==(const Accepted& one, const Accepted& other);
bool operator==(const Rejected& one, const Rejected& other);
bool operator==(const Adopted& one, const Adopted& other);
bool operator==(const NotAdopted& one, const NotAdopted& other);
bool operator==(const Noted& one, const Noted& other);
bool operator==(const Sender& one, const Sender& other);
bool operator==(const Reply& one, const Reply& other);
bool operator==(const SavedAgreement& one, const SavedAgreement& other);

namespace wire {
bool operator==(const Replied& one, const Replied& other);
}

}  // namespace p2p::cluster
