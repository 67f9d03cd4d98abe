#include "cluster_host.h"

#include <algorithm>

namespace p2p::sim {

using namespace std::chrono_literals;
using cluster::Assignment;
using cluster::CopyReport;
using cluster::PartitionNumber;
using cluster::Role;

void ClusterHost::on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<Assignment>& changed,
                         TimePoint now) {
  for (const Assignment& is : changed) {
    if (is.role == Role::primary)
      primaries_[is.partition] = is;
    else
      primaries_.erase(is.partition);
  }
  std::erase_if(fillings_, [&](const auto& one) { return !primaries_.contains(one.first); });
  for (const auto& [number, primary] : primaries_) follow(*map, primary, now);
}

// Learners that are new begin; those whose assignment or term has changed begin again.
void ClusterHost::follow(const cluster::ClusterMap& map, const Assignment& primary, TimePoint now) {
  std::vector<Filling> next;
  for (const cluster::Learner& learner : map.partitions[primary.partition].learners) {
    const CopyReport report{
        .partition = primary.partition, .copy = map.at(learner.node).id, .term = primary.term, .since = learner.since};
    std::vector<Filling>& known = fillings_[primary.partition];
    const auto same = std::ranges::find(known, report, &Filling::report);
    if (same != known.end()) {
      next.push_back(*same);
    } else {
      next.push_back(
          {.report = report, .filled_at = now + chance_.between(5ms, 400ms), .fails = chance_.happens(0.05)});
    }
  }
  fillings_[primary.partition] = std::move(next);
}

void ClusterHost::stop_serving(PartitionNumber partition, cluster::Epoch term, TimePoint now) {
  stops_[partition] = {term, now + (chance_.happens(0.1) ? Duration(10s) : chance_.between(1ms, 60ms))};
}

bool ClusterHost::resume(PartitionNumber partition, cluster::Epoch term, TimePoint now) {
  now_ = now;
  if (has_stopped(partition, term)) return false;
  stops_.erase(partition);
  return true;
}

bool ClusterHost::has_stopped(PartitionNumber partition, cluster::Epoch term) const {
  const auto stop = stops_.find(partition);
  return stop != stops_.end() && stop->second.first == term && stop->second.second <= now_;
}

std::vector<CopyReport> ClusterHost::filled(TimePoint now) const {
  std::vector<CopyReport> all;
  for (const auto& [number, fillings] : fillings_)
    for (const Filling& filling : fillings)
      if (!filling.fails && filling.filled_at <= now) all.push_back(filling.report);
  return all;
}

std::vector<CopyReport> ClusterHost::failed(TimePoint now) const {
  std::vector<CopyReport> all;
  for (const auto& [number, fillings] : fillings_)
    for (const Filling& filling : fillings)
      if (filling.fails && filling.filled_at <= now) all.push_back(filling.report);
  return all;
}

}  // namespace p2p::sim
