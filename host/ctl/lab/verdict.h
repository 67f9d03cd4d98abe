// Was all well? What a lab has found, against what its script expects: values in, words and JSON out.
#pragma once

#include "ctl/lab/script.h"

#include "history/history_verdict.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl::lab {

// Of the lab's own load.
struct LoadFindings {
  std::size_t operations = 0;
  std::size_t ok = 0;
  std::size_t condition_failed = 0;
  std::size_t refused = 0;
  std::size_t unknown = 0;
  double gap_seconds = 0;  // the longest time in which no client was answered
  std::size_t lost = 0;    // keys that in the end do not hold what their acknowledged changes left
  history::HistoryVerdict history;
};

struct Findings {
  std::uint64_t seed = 0;
  std::uint32_t nodes = 0;            // that there ever were
  std::vector<std::string> faults;    // what was done to nodes, in order
  std::vector<std::string> problems;  // what went wrong apart from the load: each is a bad verdict
  std::optional<LoadFindings> load;   // none: the load was the user's own
  std::string folder;                 // that was kept, or ""
};

struct Judged {
  std::string text;  // of an expectation
  std::string found;
  bool is_met = false;
};

struct Verdict {
  std::vector<Judged> expectations;
  bool is_good = false;
};

// Besides the expectations: no problem, every key linearizable, nothing lost.
Verdict verdict_of(const Findings& findings, const std::vector<Expectation>& expectations);

nlohmann::json verdict_json(const Findings& findings, const Verdict& verdict);
std::string verdict_text(const Findings& findings, const Verdict& verdict);

// How many keys hold something in the end that their changes, whatever reads said meanwhile, cannot have left.
std::size_t lost_keys(const history::OperationsByKey& operations, history::Moment final_reads_from);

}  // namespace p2p::ctl::lab
