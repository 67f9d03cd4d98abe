#include "config/suggestion.h"

#include <algorithm>

namespace p2p::host {
namespace {

// Words three or more edits apart have nothing to do with each other.
constexpr std::size_t kEditsMax = 2;

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Rows hold the distances from a prefix of `from` to each prefix of `to`; three are kept.
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> above(to.size() + 1);
  std::vector<std::size_t> here(to.size() + 1);
  for (std::size_t column = 0; column <= to.size(); ++column) here[column] = column;
  for (std::size_t row = 1; row <= from.size(); ++row) {
    before.swap(above);
    above.swap(here);
    here[0] = row;
    for (std::size_t column = 1; column <= to.size(); ++column) {
      const std::size_t replaced = above[column - 1] + (from[row - 1] == to[column - 1] ? 0 : 1);
      std::size_t best = std::min({replaced, above[column] + 1, here[column - 1] + 1});
      const bool is_swap = row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
      if (is_swap) best = std::min(best, before[column - 2] + 1);
      here[column] = best;
    }
  }
  return here[to.size()];
}

std::string nearest(std::string_view wrong, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = kEditsMax + 1;
  for (const std::string& word : known) {
    // A lower bound of the edits: a long `wrong` is then never compared with short words.
    const std::size_t difference = std::max(word.size(), wrong.size()) - std::min(word.size(), wrong.size());
    if (difference >= best_distance) continue;
    const std::size_t distance = edit_distance(wrong, word);
    // In a word of two letters, two edits replace everything.
    if (distance >= best_distance || distance >= word.size()) continue;
    best = word;
    best_distance = distance;
  }
  return best;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known) {
  const std::string word = nearest(wrong, known);
  return word.empty() ? "" : "; did you mean '" + word + "'?";
}

}  // namespace p2p::host
