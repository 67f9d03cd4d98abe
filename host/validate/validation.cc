#include "validate/validation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <sstream>

namespace p2p::host {
namespace {

const char* word_of(TrialOutcome outcome) {
  static constexpr const char* kWords[] = {"ok", "failed", "skipped"};  // in the order of TrialOutcome
  return kWords[static_cast<std::size_t>(outcome)];
}

std::size_t count(const std::vector<RuleResult>& results, TrialOutcome outcome) {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [&](const RuleResult& result) { return result.verdict.outcome == outcome; }));
}

// Output of a foreign file goes to a terminal: control characters are shown, not applied.
std::string printable(const std::string& text) {
  std::string shown;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    shown += code < 0x20 || code == 0x7F ? fmt::format("\\x{:02x}", code) : std::string(1, letter);
  }
  return shown;
}

// The first of `names`, with spaces between, that is one of `rules`; empty: none is.
std::string first_in(const std::set<std::string>& rules, const std::string& names) {
  std::istringstream words(names);
  for (std::string word; words >> word;) {
    if (rules.contains(word)) return word;
  }
  return "";
}

// Rules that others cannot build on: those would only fail, too.
struct Unsound {
  std::set<std::string> broken;      // or not checked because of others
  std::set<std::string> unreturned;  // the check has ended its process

  std::string met_by(const Rule& rule) const {
    const std::string need = first_in(broken, rule.needs);
    return need.empty() ? first_in(unreturned, rule.needs_return) : need;
  }
};

RuleResult check(const Rule& rule, const Subject& subject, Unsound& unsound) {
  if (const std::string need = unsound.met_by(rule); !need.empty()) {
    unsound.broken.insert(rule.name);
    unsound.unreturned.insert(rule.name);
    return {rule.name, skipped("see " + need), ""};
  }
  const TrialEnd end = run_trial(subject.scratch.string(), [&](Trial& trial) { return rule.check(subject, trial); });
  const bool has_failed = end.verdict.outcome == TrialOutcome::failed;
  if (has_failed) unsound.broken.insert(rule.name);
  if (!end.returned) unsound.unreturned.insert(rule.name);
  const std::string mend = end.verdict.mend.empty() ? rule.mend : end.verdict.mend;
  return {rule.name, end.verdict, has_failed ? mend : ""};
}

}  // namespace

std::vector<RuleResult> validate(const Subject& subject) {
  std::vector<RuleResult> results;
  Unsound unsound;
  for (const Rule& rule : rules()) results.push_back(check(rule, subject, unsound));
  return results;
}

bool keeps_all_rules(const std::vector<RuleResult>& results) { return count(results, TrialOutcome::failed) == 0; }

std::string validation_text(const std::vector<RuleResult>& results, const std::string& file) {
  std::size_t width = 0;
  for (const RuleResult& result : results) width = std::max(width, result.rule.size());
  std::string text = fmt::format("{:<{}}  RESULT   SEEN\n", "RULE", width);
  for (const RuleResult& result : results) {
    text += fmt::format("{:<{}}  {:<7}  {}\n", result.rule, width, word_of(result.verdict.outcome),
                        printable(result.verdict.seen));
    if (!result.mend.empty()) text += fmt::format("{:<{}}  mend:    {}\n", "", width, result.mend);
  }
  const char* conclusion = keeps_all_rules(results) ? "keeps all rules" : "breaks rules";
  return text + fmt::format("{} {}: {} ok, {} failed, {} skipped\n", file, conclusion, count(results, TrialOutcome::ok),
                            count(results, TrialOutcome::failed), count(results, TrialOutcome::skipped));
}

std::string validation_json(const std::vector<RuleResult>& results, const std::string& file,
                            std::string_view host_stamp) {
  nlohmann::json rules = nlohmann::json::array();
  for (const RuleResult& result : results) {
    rules.push_back({{"rule", result.rule},
                     {"result", word_of(result.verdict.outcome)},
                     {"seen", result.verdict.seen},
                     {"mend", result.mend}});
  }
  const nlohmann::json all{{"file", file},
                           {"host", {{"stamp", host_stamp}}},
                           {"valid", keeps_all_rules(results)},
                           {"ok", count(results, TrialOutcome::ok)},
                           {"failed", count(results, TrialOutcome::failed)},
                           {"skipped", count(results, TrialOutcome::skipped)},
                           {"rules", rules}};
  // Invalid UTF-8 from a foreign file is replaced; it must not throw.
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace p2p::host
