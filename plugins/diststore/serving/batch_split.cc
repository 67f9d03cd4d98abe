#include "serving/batch_split.h"

namespace p2p::diststore {

std::optional<PartOutcome> match_reply(const RemotePart& part, std::size_t results,
                                       std::span<const std::int32_t> undone) {
  const std::size_t count = part.indexes.size();
  if (results != count) return std::nullopt;
  std::vector<bool> is_undone(count, false);
  for (const std::int32_t position : undone) {
    if (position < 0 || static_cast<std::size_t>(position) >= count) return std::nullopt;
    is_undone[static_cast<std::size_t>(position)] = true;
  }
  PartOutcome outcome;
  for (std::size_t position = 0; position < count; ++position) {
    if (is_undone[position]) {
      outcome.undone.push_back(part.indexes[position]);
    } else {
      outcome.done.emplace_back(part.indexes[position], position);
    }
  }
  return outcome;
}

}  // namespace p2p::diststore
