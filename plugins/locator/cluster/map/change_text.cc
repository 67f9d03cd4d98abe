#include "cluster/map/change.h"

#include <type_traits>

namespace p2p::cluster {

namespace {

std::string brief(const NodeId& id) { return id.text().substr(0, 8); }

std::string at(PartitionNumber partition, const NodeId& node) { return std::to_string(partition) + ' ' + brief(node); }

std::string text_of(const Join& join) { return "join " + brief(join.member.id) + " at " + join.member.address.name(); }
std::string text_of(const Up& up) { return "up " + brief(up.node) + " boot " + std::to_string(up.boot.number); }
std::string text_of(const Down& down) { return "down " + brief(down.node); }
std::string text_of(const Leave& leave) { return "leave " + brief(leave.node); }
std::string text_of(const Remove& remove) { return "remove " + brief(remove.node); }
std::string text_of(const Describe& describe) { return "describe " + brief(describe.node); }
std::string text_of(const RaiseFeatureLevel& raise) { return "feature level " + std::to_string(raise.to); }
std::string text_of(const AddLearner& add) { return "learner " + at(add.partition, add.node); }
std::string text_of(const RemoveLearner& remove) { return "no learner " + at(remove.partition, remove.node); }
std::string text_of(const PutInSync& put) { return "in sync " + at(put.partition, put.node); }
std::string text_of(const TakeOutOfSync& take) { return "out of sync " + at(take.partition, take.node); }
std::string text_of(const MovePrimary& move) { return "primary " + at(move.partition, move.to); }
std::string text_of(const RenewTerm& renew) { return "new term " + at(renew.partition, renew.primary); }
std::string text_of(const StartEmpty& start) { return "empty " + at(start.partition, start.at); }

std::string text_of(const SetVoters& set) {
  std::string all = "voters";
  for (const NodeId& voter : set.voters) all += ' ' + brief(voter);
  return all;
}

}  // namespace

std::string text(const Change& change) {
  std::string all;
  for (const Request& request : change.requests) {
    if (!all.empty()) all += ", ";
    all += std::visit([](const auto& one) { return text_of(one); }, request);
  }
  return all;
}

}  // namespace p2p::cluster
