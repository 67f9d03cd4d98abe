#include "config/problems.h"

#include "text/foreign_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace p2p::host {
namespace {

bool is_before(const Problem& a, const Problem& b) { return a.place < b.place; }

// Each once, in the order of places.
std::vector<Problem> sorted_by_place(const std::vector<Problem>& problems) {
  std::set<Problem> known;
  std::vector<Problem> sorted;
  for (const Problem& problem : problems) {
    if (known.insert(problem).second) sorted.push_back(problem);
  }
  std::stable_sort(sorted.begin(), sorted.end(), is_before);
  return sorted;
}

}  // namespace

ProblemKind Problems::worst() const {
  ProblemKind worst = ProblemKind::warning;
  for (const Problem& problem : problems_) worst = std::max(worst, problem.kind);
  return worst;
}

std::string Problems::text(const Sources& sources) const {
  std::vector<Problem> shown = sorted_by_place(problems_);
  const std::size_t left = shown.size() - std::min(shown.size(), kProblemsShownMax);
  if (left > 0) {
    const auto is_graver = [](const Problem& a, const Problem& b) { return a.kind > b.kind; };
    std::stable_sort(shown.begin(), shown.end(), is_graver);
    shown.resize(kProblemsShownMax);
    std::stable_sort(shown.begin(), shown.end(), is_before);
  }
  std::string text;
  for (const Problem& problem : shown) {
    const char* severity = problem.kind == ProblemKind::warning ? "warning" : "error";
    text += sources.describe(problem.place) + ": " + severity + ": " + foreign_text(problem.text) + '\n';
    text += sources.excerpt(problem.place);
  }
  if (left > 0) text += fmt::format("... and {} more; mend these first\n", left);
  return text;
}

}  // namespace p2p::host
