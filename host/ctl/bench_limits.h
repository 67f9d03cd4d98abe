// How long, and for how many requests, may a bench run? Pure.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <string>

namespace p2p::ctl {

// A shorter run says nothing about a network, and nobody measures with a longer one.
inline constexpr Duration kBenchTimeMin = std::chrono::milliseconds(1);
inline constexpr Duration kBenchTimeMax = std::chrono::hours(24);

// As many as a node with a hundred thousand requests a second answers within kBenchTimeMax, rounded up.
inline constexpr std::uint64_t kBenchRequestsMax = 10'000'000'000;

// What is wrong with the argument of --seconds or --requests, in one line; "" when it is valid.
std::string bench_seconds_fault(const std::string& text);
std::string bench_requests_fault(const std::string& text);

}  // namespace p2p::ctl
