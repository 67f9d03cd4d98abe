// How far has a copy from another network got, and how is that shown? Pure.
#pragma once

#include <p2p/units.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::ctl {

// What became of the keys that the source showed; one that it shows twice counts twice.
struct CopyTally {
  std::uint64_t copied = 0;
  std::uint64_t already_there = 0;  // also what an attempt has stored whose answer was lost
  std::uint64_t failed = 0;         // refused by the network that they were to go to
  std::uint64_t expired = 0;        // on the way
  std::uint64_t bytes = 0;          // of keys and values that were copied

  std::uint64_t keys() const noexcept { return copied + already_there + failed + expired; }
  friend bool operator==(const CopyTally&, const CopyTally&) = default;
};

// Of `passes` over the same keys, in order: what an earlier one has copied is not counted as having been there before.
CopyTally tally_of(const std::vector<CopyTally>& passes);

enum class CopyEnd : std::uint8_t { complete, interrupted, failed };

struct CopyReport {
  std::string from;
  std::string to;
  CopyTally tally;
  Duration elapsed{};
  CopyEnd end = CopyEnd::complete;
  std::string why;                    // of `failed`
  std::vector<std::string> failures;  // the first keys that failed, each with the reason
};

// "1200 keys: 1100 copied (1.5 MiB), 100 already there, 0 failed; 5400 keys/s"
std::string copy_line(const CopyTally& tally, Duration elapsed);
std::string copy_text(const CopyReport& report);
nlohmann::json copy_json(const CopyReport& report);

}  // namespace p2p::ctl
