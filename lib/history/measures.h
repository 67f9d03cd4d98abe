// What did clients feel? Calls that were answered and that were not, how long they took, and the longest time in which
// none was answered: over all, and for the keys of each owner. Pure; bounded by the number of windows.
#pragma once

#include "history/history_file.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace p2p::history {

// A run that lasts longer keeps what it has measured; further calls count in the last window.
inline constexpr std::size_t kWindowsMax = 3'600;
inline constexpr Moment kWindow = 1'000'000'000;
// Texts of failures that are told, the first ones.
inline constexpr std::size_t kSamplesMax = 20;

class Measures final {
 public:
  // Owners are names; every gap begins at `begin`.
  Measures(std::vector<std::string> owners, Moment begin);

  // Told in any order. `failure` is "" when the store has answered.
  void note(const Operation& operation, std::size_t owner, const char* error_kind, const std::string& failure);

  // Every gap ends at `end`, at the latest.
  nlohmann::json summary(Moment end) const;
  nlohmann::json counts() const;

 private:
  struct Gap {
    Moment last_answer = 0;
    Moment longest = 0;
    Moment longest_from = 0;
    void answered(Moment at);
  };
  struct Window {
    std::vector<std::vector<std::uint32_t>> micros_by_owner;
    std::size_t failures = 0;
  };

  static Gap ended(Gap gap, Moment at);
  nlohmann::json windows() const;

  const std::vector<std::string> owners_;
  const Moment begin_;
  std::vector<Gap> gaps_;  // by owner; the last one is over all
  std::vector<Window> windows_;
  std::map<std::string, std::size_t> by_ending_;
  std::map<std::string, std::size_t> by_error_;
  std::vector<std::string> samples_;
};

}  // namespace p2p::history
