// What is one simulated network of stores like? Chosen once, of its seed. Each seed emphasizes one kind of trouble, so
// that what is rare by chance comes often in some of them.
#pragma once

#include "store_network.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::sim {

struct StorePlan {
  enum class Emphasis : std::uint8_t {
    nothing,
    transfers_hang,  // keys stay where they were, and are moved late and more than once
    news_are_slow,   // several join at once, and long do not know of each other
    leavers_get_puts,
    erases,  // tombstones go soon, while older values are still about
  };

  Emphasis emphasis = Emphasis::nothing;
  std::size_t nodes_at_first = 3;
  std::size_t changes = 3;
  std::size_t joiners_at_once = 2;
  // Of a hundred changes so many are joins, leaves and deaths; the others are freezes.
  std::uint64_t joins = 45;
  std::uint64_t leaves = 35;
  std::uint64_t deaths = 0;
  bool has_one_of_2009 = false;  // now and then
  std::size_t keys = 10;
  std::size_t clients = 1;
  Duration skew_most{};
  Duration tombstone_grace = std::chrono::minutes(1);
  Duration forward_timeout = std::chrono::seconds(1);
  std::int64_t transfer_batch_bytes = 4096;
  std::size_t value_bytes_most = 100;
  std::uint64_t puts_percent = 4;
  std::uint64_t erases_percent = 0;  // besides those among the usual calls
  std::size_t puts_at_leavers = 0;   // at each
  StoreFaults faults;
};

StorePlan make_plan(VirtualTime& time, std::uint64_t seed, bool is_beside_2009);
std::vector<std::string> make_keys(VirtualTime& time, std::size_t count);

}  // namespace p2p::sim
