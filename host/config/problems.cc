#include "config/problems.h"

#include <algorithm>

namespace p2p::host {

ProblemKind Problems::worst() const {
  ProblemKind worst = ProblemKind::warning;
  for (const Problem& problem : problems_) worst = std::max(worst, problem.kind);
  return worst;
}

std::string Problems::text(const Sources& sources) const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) { return a.place < b.place; });
  std::string text;
  for (auto problem = sorted.begin(); problem != sorted.end(); ++problem) {
    if (std::find(sorted.begin(), problem, *problem) != problem) continue;
    const char* severity = problem->kind == ProblemKind::warning ? "warning" : "error";
    text += sources.describe(problem->place) + ": " + severity + ": " + problem->text + '\n';
    text += sources.excerpt(problem->place);
  }
  return text;
}

}  // namespace p2p::host
