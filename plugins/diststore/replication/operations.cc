#include "replication/operations.h"

#include <algorithm>
#include <utility>

namespace p2p::diststore::replication {

Operations::Operations(std::size_t records_max)
    : chunk_records_(std::clamp<std::size_t>(records_max / 4, 1, kChunkRecordsMax)),
      chunks_max_(std::max<std::size_t>(records_max / chunk_records_, 1)) {}

// From the newest on. Numbers mostly rise, so that the first look tells that a new one is not there.
Operations::Answer Operations::find(const KnownOperations& known, OperationId id, std::size_t steps_max) const {
  if (id.number > known.highest) return {};
  std::uint64_t place = known.newest;
  for (std::size_t steps = 0; place >= first_; ++steps) {
    const Record& record = at(place);
    if (record.id == id) return {Seen::before, &record};
    if (id.number > record.highest_before) break;
    if (steps >= steps_max) return {Seen::forgotten, nullptr};
    if (record.back == 0) break;
    place -= record.back;
  }
  return {id.number > known.forgotten ? Seen::never : Seen::forgotten, nullptr};
}

void Operations::add(Partition partition, KnownOperations& known, OperationId id, WriteVersion version, bool has_effect,
                     FunctionRef<KnownOperations*(Partition)> known_of) {
  if (next_ - first_ == chunks_.size() * chunk_records_) make_room(known_of);
  const bool has_one_before = known.newest >= first_;
  at(next_) = {.id = id,
               .version = version,
               .highest_before = known.highest,
               .back = has_one_before ? static_cast<std::uint32_t>(next_ - known.newest) : 0,
               .partition = static_cast<std::uint16_t>(partition),
               .has_effect = has_effect};
  known.newest = next_++;
  known.highest = std::max(known.highest, id.number);
}

// The oldest chunk becomes the newest.
void Operations::make_room(FunctionRef<KnownOperations*(Partition)> known_of) {
  if (chunks_.size() < chunks_max_) {
    chunks_.push_back(std::make_unique<Record[]>(chunk_records_));
    return;
  }
  Chunk oldest = std::move(chunks_.front());
  chunks_.pop_front();
  for (std::size_t which = 0; which < chunk_records_; ++which) {
    const Record& record = oldest[which];
    KnownOperations* const known = known_of(record.partition);
    if (known != nullptr) known->forgotten = std::max(known->forgotten, record.id.number);
  }
  first_ += chunk_records_;
  chunks_.push_back(std::move(oldest));
}

}  // namespace p2p::diststore::replication
