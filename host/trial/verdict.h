// What did the check of one rule find?
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

enum class TrialOutcome : std::uint8_t {
  ok,
  failed,
  skipped,  // there was nothing to check, or a rule that this one builds on does not hold
};

struct Verdict {
  TrialOutcome outcome = TrialOutcome::ok;
  std::string seen;       // a fact, without a final full stop
  std::string mend = "";  // how to fix it, when the rule's own advice does not fit the cause
};

inline Verdict holds(std::string seen) { return {TrialOutcome::ok, std::move(seen), ""}; }
inline Verdict broken(std::string seen, std::string mend = "") {
  return {TrialOutcome::failed, std::move(seen), std::move(mend)};
}
inline Verdict skipped(std::string why) { return {TrialOutcome::skipped, std::move(why), ""}; }

// "a; b; c"
inline std::string joined(const std::vector<std::string>& parts, const char* separator = "; ") {
  return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace p2p::host
