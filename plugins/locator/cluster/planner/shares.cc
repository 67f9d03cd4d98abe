#include "cluster/planner/shares.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

namespace p2p::cluster {

namespace {

__extension__ using Wide = unsigned __int128;

// Shares are counted in parts of a copy, so fine that shares of weights that are not whole numbers stay away from them
// (by one in the sum of all weights, 2^26 at most), while rounding once for each member does not lead that far.
constexpr std::uint64_t kCopy = std::uint64_t{1} << 40;
constexpr std::uint64_t kRounding = std::uint64_t{1} << 13;

// Parts in proportion to the weights, of which one is not 0. They add up to the whole.
std::vector<std::uint64_t> split(std::uint64_t whole, const std::vector<std::uint64_t>& weights) {
  const std::uint64_t all = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::vector<std::uint64_t> parts;
  std::uint64_t weight = 0;
  std::uint64_t given = 0;
  for (const std::uint64_t one : weights) {
    weight += one;
    const auto until = static_cast<std::uint64_t>(Wide{whole} * weight / all);
    parts.push_back(until - given);
    given = until;
  }
  return parts;
}

// Rule 1.
std::vector<std::uint64_t> by_weight(std::uint64_t partitions, std::uint32_t copies,
                                     std::vector<std::uint64_t> weights) {
  const std::uint64_t most = partitions * kCopy;
  std::uint64_t left = most * copies;
  std::vector<std::uint64_t> shares(weights.size());
  while (std::ranges::any_of(weights, [](std::uint64_t weight) { return weight > 0; })) {
    const std::vector<std::uint64_t> parts = split(left, weights);
    const bool fits = std::ranges::all_of(parts, [&](std::uint64_t part) { return part <= most; });
    for (std::size_t at = 0; at < weights.size(); ++at) {
      if (weights[at] == 0 || (!fits && parts[at] < most)) continue;
      shares[at] = fits ? parts[at] : most;
      left -= shares[at];
      weights[at] = 0;
    }
  }
  return shares;
}

std::uint64_t sum(const std::vector<std::uint64_t>& of) {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}

std::uint64_t up_to_whole(std::uint64_t share) { return (share + kCopy - 1 - kRounding) / kCopy * kCopy; }

// Rule 2: how much more than its weight's a member's share may be.
std::uint64_t stretch(std::uint64_t share, std::uint64_t one) {
  const std::uint64_t most = std::max(up_to_whole(share), (share + share / kShareStretch) / kCopy * kCopy);
  return std::max(share, std::min(most, one)) - share;
}

// Rule 2. `one`: a copy of every partition.
class ZoneShares final {
 public:
  ZoneShares(std::vector<std::uint64_t>& shares, const std::vector<Holder>& holders, std::size_t zones)
      : shares_(shares), holders_(holders), zones_(zones) {}

  std::vector<std::uint64_t> totals() const {
    std::vector<std::uint64_t> totals(zones_);
    for (std::size_t at = 0; at < shares_.size(); ++at) totals[holders_[at].zone] += shares_[at];
    return totals;
  }

  void even_out(std::uint64_t one, std::uint32_t copies) {
    const std::uint64_t most = (copies + zones_ - 1) / zones_ * one;
    std::vector<std::uint64_t> above(shares_.size());  // by member, as room
    std::vector<std::uint64_t> room(shares_.size());
    const std::vector<std::uint64_t> before = totals();
    for (std::size_t zone = 0; zone < zones_; ++zone)
      before[zone] > most ? give(zone, before[zone] - most, above) : take(zone, most - before[zone], one, room);
    const std::uint64_t moved = std::min(sum(above), sum(room));
    if (moved == 0) return;
    const std::vector<std::uint64_t> given = split(moved, above);
    const std::vector<std::uint64_t> taken = split(moved, room);
    for (std::size_t at = 0; at < shares_.size(); ++at) shares_[at] = shares_[at] - given[at] + taken[at];
  }

 private:
  // Each member of a zone that has too much gives in proportion to what it has.
  void give(std::size_t zone, std::uint64_t above, std::vector<std::uint64_t>& all) const {
    std::vector<std::uint64_t> weights(shares_.size());
    for (std::size_t at = 0; at < shares_.size(); ++at)
      if (holders_[at].zone == zone) weights[at] = shares_[at];
    add_parts(above, weights, all);
  }

  // Each member of another zone takes as much as it may, unless the zone's room is less.
  void take(std::size_t zone, std::uint64_t below, std::uint64_t one, std::vector<std::uint64_t>& all) const {
    std::vector<std::uint64_t> weights(shares_.size());
    for (std::size_t at = 0; at < shares_.size(); ++at)
      if (holders_[at].zone == zone) weights[at] = stretch(shares_[at], one);
    add_parts(std::min(below, sum(weights)), weights, all);
  }

  static void add_parts(std::uint64_t whole, const std::vector<std::uint64_t>& weights,
                        std::vector<std::uint64_t>& all) {
    if (whole == 0) return;
    const std::vector<std::uint64_t> parts = split(whole, weights);
    for (std::size_t at = 0; at < parts.size(); ++at) all[at] += parts[at];
  }

  std::vector<std::uint64_t>& shares_;
  const std::vector<Holder>& holders_;
  std::size_t zones_;
};

// Rule 3.
Bounds around(std::uint64_t share, std::uint64_t divisor) {
  const std::uint64_t unit = kCopy * divisor;
  const std::uint64_t nearest = (share + unit / 2) / unit;
  const std::uint64_t off = std::max(share, nearest * unit) - std::min(share, nearest * unit);
  const std::uint64_t low = off <= kRounding ? nearest : share / unit;
  return {.low = static_cast<std::uint32_t>(low), .high = static_cast<std::uint32_t>(off <= kRounding ? low : low + 1)};
}

Bounds both(const Bounds& one, const Bounds& other) {
  return {.low = std::min(one.low, other.low), .high = std::max(one.high, other.high)};
}

}  // namespace

Shares shares_of(const ClusterMap& map) {
  Shares all;
  std::map<std::string_view, std::uint16_t> zones;
  std::vector<std::uint64_t> weights;
  const Holders holders(map);
  for (std::size_t slot = 0; slot < map.members.size(); ++slot) {
    const Member& member = map.members[slot];
    if (!holders.include(member)) continue;
    const auto zone = zones.emplace(member.zone, static_cast<std::uint16_t>(zones.size())).first->second;
    all.holders.push_back(
        {.slot = static_cast<Slot>(slot), .zone = zone, .copies = {}, .primaries = {}, .primaries_at_most = {}});
    weights.push_back(member.weight);
  }
  if (all.holders.empty()) return all;
  all.copies = static_cast<std::uint32_t>(std::min<std::size_t>(map.copies, all.holders.size()));
  std::vector<std::uint64_t> shares = by_weight(map.partitions.size(), all.copies, std::move(weights));
  for (std::size_t at = 0; at < shares.size(); ++at) all.holders[at].primaries = around(shares[at], all.copies);
  ZoneShares of_zones(shares, all.holders, zones.size());
  of_zones.even_out(map.partitions.size() * kCopy, all.copies);
  for (const std::uint64_t total : of_zones.totals()) all.zones.push_back(around(total, map.partitions.size()));
  for (std::size_t at = 0; at < shares.size(); ++at) {
    all.holders[at].copies = around(shares[at], 1);
    all.holders[at].primaries_at_most = both(all.holders[at].primaries, around(shares[at], all.copies));
  }
  return all;
}

}  // namespace p2p::cluster
