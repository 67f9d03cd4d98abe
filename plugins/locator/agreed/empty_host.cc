#include "agreed/empty_host.h"

namespace p2p::agreed {

using cluster::Assignment;
using cluster::CopyReport;

void EmptyHost::on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<Assignment>& changed,
                       TimePoint) {
  map_ = map;
  for (const Assignment& is : changed) {
    if (is.role == cluster::Role::primary)
      primaries_[is.partition] = is.term;
    else
      primaries_.erase(is.partition);
  }
}

std::vector<CopyReport> EmptyHost::filled(TimePoint) const {
  std::vector<CopyReport> reports;
  for (const auto& [number, term] : primaries_) {
    for (const cluster::Learner& learner : map_->partitions[number].learners) {
      const cluster::NodeId copy = map_->at(learner.node).id;
      reports.push_back({.partition = number, .copy = copy, .term = term, .since = learner.since});
    }
  }
  return reports;
}

}  // namespace p2p::agreed
