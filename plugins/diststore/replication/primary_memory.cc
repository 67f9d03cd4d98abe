// Which writes does memory_max stop (docs/decisions/0041)? Before anything of them is stored or sent.
#include "replication/primary.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace p2p::diststore::replication {

// What was replicated is applied by every copy, so what would not fit is refused here. A write after which nothing is
// larger than before goes on, whoever is full: it is how room is made.
std::optional<Answer> Primary::refusal_for_memory(const Batch& batch, RequestId request) {
  const auto is_full = [this](const Stream& stream) {
    return stream.is_required() && site_.link(stream.copy.node).full.has_value();
  };
  const std::uint64_t bytes_at_most = batch.bytes() + kEntryMemory * batch.writes.size();
  const auto full = std::ranges::find_if(streams_, is_full);
  if (full == streams_.end() && site_.memory.has_room_for(bytes_at_most)) return std::nullopt;
  const std::int64_t growth = growth_by(batch);
  if (growth <= 0 || site_.failure) return std::nullopt;
  site_.memory.note_used(site_.engine.memory_bytes());
  const bool is_full_here = !site_.memory.has_room_for(static_cast<std::uint64_t>(growth));
  if (!is_full_here && full == streams_.end()) return std::nullopt;
  if (is_full_here) site_.memory.note_refusal();
  Answer refused = answer_of(request, Verdict::full);
  refused.full_node = is_full_here ? kNoNode : full->copy.node;
  refused.memory = is_full_here ? site_.memory.use() : *site_.link(full->copy.node).full;
  return refused;
}

// By how much more memory the last write to each of its keys leaves.
std::int64_t Primary::growth_by(const Batch& batch) {
  std::int64_t growth = 0;
  std::unordered_set<std::string_view> seen;
  const auto memory_of = [](const KeyWrite& write, std::size_t value_bytes) {
    return static_cast<std::int64_t>(write.key.size() + value_bytes + kEntryMemory);
  };
  for (auto write = batch.writes.rbegin(); write != batch.writes.rend(); ++write) {
    if (batch.writes.size() > 1 && !seen.insert(write->key).second) continue;
    if (!write->is_erase) growth += memory_of(*write, write->value.size());
    if (const auto there = content_.value_bytes_at(write->key)) growth -= memory_of(*write, *there);
  }
  return growth;
}

}  // namespace p2p::diststore::replication
