#include "store_plan.h"

#include <fmt/format.h>

#include <utility>

namespace p2p::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Emphasis = StorePlan::Emphasis;

namespace {

// A network with faults has each of them up to so often.
StoreFaults usual_faults(VirtualTime& time) {
  const auto up_to = [&](double most) { return most * static_cast<double>(time.below(1000)) / 1000.0; };
  StoreFaults faults;
  faults.unsent = up_to(0.03);
  faults.lost = up_to(0.04);
  faults.lost_reply = up_to(0.04);
  faults.broken = up_to(0.04);
  faults.late = up_to(0.04);
  return faults;
}

void emphasize(StorePlan& plan, VirtualTime& time) {
  switch (plan.emphasis) {
    case Emphasis::nothing:
      return;
    case Emphasis::transfers_hang:
      plan.keys = 3 + time.below(8);
      plan.changes += 2;
      plan.faults.hung_transfers = 0.3 + 0.1 * static_cast<double>(time.below(6));
      plan.faults.transfer_late_most = milliseconds(20 << time.below(6));
      return;
    case Emphasis::news_are_slow: {
      constexpr Duration kLate[] = {milliseconds(10), milliseconds(60), milliseconds(300)};
      plan.keys = 2 + time.below(4);
      plan.joiners_at_once = 2 + time.below(3);
      plan.nodes_at_first = 1 + time.below(3);
      plan.clients = 3 + time.below(4);
      plan.changes = 1 + time.below(5);
      plan.joins = 55;
      plan.deaths = time.happens(0.5) ? 15 : 0;
      plan.leaves = 85 - plan.joins - plan.deaths;
      plan.faults.latency_most = microseconds(800 << time.below(3));
      plan.faults.news_late_most = milliseconds(10 << time.below(6));
      plan.faults.publication_late_most = kLate[time.below(3)];
      return;
    }
    case Emphasis::leavers_get_puts:
      plan.keys = 4 + time.below(8);
      plan.nodes_at_first = 2 + time.below(3);
      plan.leaves = 50;
      if (time.happens(0.6)) plan.skew_most = {};
      if (time.happens(0.5)) plan.faults.late = 0.1;
      plan.puts_percent = 25;
      plan.puts_at_leavers = 2 + time.below(10);
      if (time.happens(0.5)) plan.faults.hung_transfers = 0.3;
      plan.faults.transfer_late_most = milliseconds(5 << time.below(5));
      return;
    case Emphasis::erases:
      plan.keys = 3 + time.below(6);
      plan.erases_percent = 25;
      plan.skew_most = {};
      plan.tombstone_grace = milliseconds(500 * time.below(4));
      plan.faults.hung_transfers = 0.3 + 0.1 * static_cast<double>(time.below(6));
      plan.faults.transfer_late_most = seconds(1 << time.below(3));
      return;
  }
}

}  // namespace

StorePlan make_plan(VirtualTime& time, std::uint64_t seed, bool is_beside_2009) {
  constexpr std::uint64_t kEmphases = 5;
  StorePlan plan;
  plan.nodes_at_first = 1 + time.below(4);
  plan.changes = 2 + time.below(9);
  if (time.happens(0.5)) plan.faults = usual_faults(time);
  if (time.happens(0.2)) plan.deaths = 12;
  plan.keys = 4 + time.below(17);
  plan.clients = 1 + time.below(4);
  // Clocks kept by NTP, badly set ones, and one that is beyond what the others follow.
  constexpr Duration kSkews[] = {Duration::zero(), milliseconds(30), seconds(2), seconds(25)};
  plan.skew_most = kSkews[time.below(4)];
  plan.tombstone_grace = time.happens(0.4) ? seconds(3) : std::chrono::minutes(1);
  plan.forward_timeout = time.happens(0.3) ? milliseconds(200) : seconds(1);
  plan.transfer_batch_bytes = time.happens(0.5) ? 4096 : 65536;
  // The longer all takes, the more happens in between.
  constexpr Duration kLatencies[] = {microseconds(800), milliseconds(5), milliseconds(20)};
  plan.faults.latency_most = kLatencies[time.below(3)];
  constexpr Duration kNews[] = {Duration::zero(), milliseconds(10), milliseconds(150), milliseconds(400)};
  plan.faults.news_late_most = kNews[time.below(4)];
  plan.value_bytes_most = time.happens(0.3) ? 1500 : 100;
  plan.puts_percent = time.happens(0.3) ? 20 : 4;
  if (is_beside_2009) {
    // Such a network has limits of its own (docs/decisions/0009): what is killed, lost or frozen there is not seen
    // here.
    StoreFaults none;
    none.latency_most = plan.faults.latency_most;
    none.news_late_most = plan.faults.news_late_most;
    plan.faults = none;
    plan.deaths = 0;
    plan.skew_most = {};
    plan.has_one_of_2009 = true;
    if (seed % 2 == 0) plan.puts_at_leavers = 20;
    return plan;
  }
  plan.emphasis = static_cast<Emphasis>(seed % kEmphases);
  emphasize(plan, time);
  return plan;
}

std::vector<std::string> make_keys(VirtualTime& time, std::size_t count) {
  std::vector<std::string> keys;
  const std::uint64_t salt = time.below(1000);
  for (std::size_t at = 0; at < count; ++at) keys.push_back(fmt::format("key{}.{}", salt, at));
  return keys;
}

}  // namespace p2p::sim
