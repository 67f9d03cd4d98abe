#include "cluster/member/reports.h"

#include <algorithm>

namespace p2p::cluster {

void Reports::note(const NodeId& node, std::uint64_t boot, TimePoint now) {
  if (found_.size() >= kReportedMax && !found_.contains(node)) return;
  Found& found = found_[node];
  found.boot = std::max(found.boot, boot);
  found.until = now + kReportKept;
}

void Reports::observe(const ClusterMap& map) {
  std::erase_if(found_, [&](const auto& one) {
    const Slot slot = map.slot_of(one.first);
    return !map.is_up(slot) || map.at(slot).boot.number > one.second.boot;
  });
}

Report Reports::take(TimePoint now) {
  std::erase_if(found_, [now](const auto& one) { return one.second.until <= now; });
  Report report;
  if (found_.empty() || now < next_at()) return report;
  said_at_ = now;
  for (const auto& [node, found] : found_) report.gone.push_back({.node = node, .boot = found.boot});
  return report;
}

void Looks::observe(const ClusterMap& map) {
  std::erase_if(looked_at_, [&](const auto& one) { return !map.is_up(map.slot_of(one.first)); });
}

bool Looks::are_due(const ClusterMap& map, const Report::Gone& gone, TimePoint now) {
  const Slot slot = map.slot_of(gone.node);
  if (!map.is_up(slot) || map.at(slot).boot.number > gone.boot) return false;
  const auto [looked, is_first] = looked_at_.try_emplace(gone.node, now);
  if (!is_first && now < looked->second + kReportEvery) return false;
  looked->second = now;
  return true;
}

}  // namespace p2p::cluster
