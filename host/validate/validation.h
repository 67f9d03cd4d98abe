// Does a plugin keep all rules? Runs each check in a process of its own, in order, and collects the results.
#pragma once

#include "validate/rules.h"

#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

struct RuleResult {
  std::string rule;
  Verdict verdict;
  std::string mend;  // empty unless it failed
};

// One result for each of rules(), in their order. The calling process must have one thread only. [control]
std::vector<RuleResult> validate(const Subject& subject);

// Nothing failed. A rule that was skipped because there was nothing to check breaks nothing.
bool keeps_all_rules(const std::vector<RuleResult>& results);

// For people: a table, how to fix violations, and a final line.
std::string validation_text(const std::vector<RuleResult>& results, const std::string& file);
// For programs.
std::string validation_json(const std::vector<RuleResult>& results, const std::string& file,
                            std::string_view host_stamp);

}  // namespace p2p::host
