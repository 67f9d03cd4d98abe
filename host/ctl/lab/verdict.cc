#include "ctl/lab/verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace p2p::ctl::lab {
namespace {

// A quantity that a script names is counted in whole numbers, and a gap in seconds that are told to the millisecond.
bool holds(double found, Comparison comparison, double wanted) {
  switch (comparison) {
    case Comparison::at_most:
      return found <= wanted;
    case Comparison::at_least:
      return found >= wanted;
    case Comparison::equal:
      return found == wanted;
  }
  return false;
}

bool is_linearizable(const LoadFindings& load) {
  return load.history.wrong_keys == 0 && load.history.undecided_keys == 0;
}

double value_of(Subject subject, const LoadFindings& load) {
  switch (subject) {
    case Subject::linearizable:
      return is_linearizable(load) ? 1 : 0;
    case Subject::gap:
      return load.gap_seconds;
    case Subject::lost:
      return static_cast<double>(load.lost);
    case Subject::operations:
      return static_cast<double>(load.operations);
    case Subject::unknown:
      return static_cast<double>(load.unknown);
    case Subject::refused:
      return static_cast<double>(load.refused);
  }
  return 0;
}

Judged judge(const Expectation& one, const LoadFindings& load) {
  const double found = value_of(one.subject, load);
  if (one.subject == Subject::linearizable)
    return {one.text, found > 0 ? "linearizable" : "not linearizable", found > 0};
  return {one.text, one.subject == Subject::gap ? fmt::format("{:.3f} s", found) : fmt::format("{:.0f}", found),
          holds(found, one.comparison, one.value)};
}

std::string history_text(const LoadFindings& load) {
  if (load.history.wrong_keys > 0) return fmt::format("not linearizable: {} keys are wrong", load.history.wrong_keys);
  if (load.history.undecided_keys > 0)
    return fmt::format("undecided: the search was given up for {} keys", load.history.undecided_keys);
  return "linearizable";
}

}  // namespace

Verdict verdict_of(const Findings& findings, const std::vector<Expectation>& expectations) {
  Verdict verdict{.expectations = {}, .is_good = findings.problems.empty()};
  if (!findings.load) return verdict;
  for (const Expectation& one : expectations) verdict.expectations.push_back(judge(one, *findings.load));
  verdict.is_good = verdict.is_good && is_linearizable(*findings.load) && findings.load->lost == 0 &&
                    std::ranges::all_of(verdict.expectations, &Judged::is_met);
  return verdict;
}

nlohmann::json verdict_json(const Findings& findings, const Verdict& verdict) {
  nlohmann::json told{{"verdict", verdict.is_good ? "good" : "bad"},
                      {"seed", findings.seed},
                      {"nodes", findings.nodes},
                      {"faults", findings.faults},
                      {"problems", findings.problems}};
  if (!findings.folder.empty()) told["folder"] = findings.folder;
  if (!findings.load) return told;
  const LoadFindings& load = *findings.load;
  told["load"] = {{"operations", load.operations},
                  {"ok", load.ok},
                  {"condition_failed", load.condition_failed},
                  {"refused", load.refused},
                  {"unknown", load.unknown},
                  {"longest_gap_ms", load.gap_seconds * 1e3},
                  {"lost", load.lost},
                  {"linearizable", is_linearizable(load)},
                  {"wrong_keys", load.history.wrong_keys},
                  {"undecided_keys", load.history.undecided_keys},
                  {"proofs", load.history.sentences}};
  told["expectations"] = nlohmann::json::array();
  for (const Judged& one : verdict.expectations)
    told["expectations"].push_back({{"expect", one.text}, {"found", one.found}, {"met", one.is_met}});
  return told;
}

std::string verdict_text(const Findings& findings, const Verdict& verdict) {
  std::string text;
  if (findings.load) {
    const LoadFindings& load = *findings.load;
    for (const std::string& sentence : load.history.sentences) text += sentence + '\n';
    text += fmt::format("{} operations: {} ok, {} with a condition that failed, {} refused, {} unknown\n",
                        load.operations, load.ok, load.condition_failed, load.refused, load.unknown);
    text += fmt::format("history: {}; keys lost: {}; longest gap of all clients: {:.3f} s\n", history_text(load),
                        load.lost, load.gap_seconds);
  }
  for (const Judged& one : verdict.expectations)
    text += fmt::format("expect {}: {} ({})\n", one.text, one.is_met ? "met" : "NOT met", one.found);
  for (const std::string& problem : findings.problems) text += "problem: " + problem + '\n';
  if (!findings.folder.empty()) text += "logs and history: " + findings.folder + '\n';
  return text + fmt::format("verdict: {} (seed {}, {} faults)\n", verdict.is_good ? "good" : "bad", findings.seed,
                            findings.faults.size());
}

std::size_t lost_keys(const history::OperationsByKey& operations, history::Moment final_reads_from) {
  history::OperationsByKey changes;
  for (const auto& [key, all] : operations) {
    auto& kept = changes[key];
    std::ranges::copy_if(all, std::back_inserter(kept), [&](const history::Operation& one) {
      return one.kind != history::Kind::read || one.invoked_at >= final_reads_from;
    });
  }
  return history::judge(changes, 0).wrong_keys;
}

}  // namespace p2p::ctl::lab
