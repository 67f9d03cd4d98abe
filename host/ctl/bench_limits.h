// How long, and how many requests, may a bench be told to run? Pure.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <string>

namespace p2p::ctl {

// Less says nothing about a network, and a longer run would be nobody's measurement.
inline constexpr Duration kBenchTimeMin = std::chrono::milliseconds(1);
inline constexpr Duration kBenchTimeMax = std::chrono::hours(24);

// What a node that answers a hundred thousand requests a second answers within kBenchTimeMax, rounded up.
inline constexpr std::uint64_t kBenchRequestsMax = 10'000'000'000;

// What is wrong with the word behind --seconds or --requests, in one line; "" when it is good.
std::string bench_seconds_fault(const std::string& text);
std::string bench_requests_fault(const std::string& text);

}  // namespace p2p::ctl
