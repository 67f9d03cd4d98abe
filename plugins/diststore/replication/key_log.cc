#include "replication/key_log.h"

#include <algorithm>
#include <cstring>

namespace p2p::diststore::replication {

void KeyLog::begin(Seq floor) {
  first_chunk_ += chunks_.size();
  chunks_.clear();
  chunks_.shrink_to_fit();
  floor_ = floor;
  bytes_ = 0;
}

bool KeyLog::add(Seq seq, std::string_view key) {
  const std::size_t needed = sizeof(Header) + key.size();
  const bool is_new = chunks_.empty() || chunks_.back().records.size() + needed > kChunkBytes;
  if (is_new) chunks_.emplace_back();
  Chunk& chunk = chunks_.back();
  const Header header{seq, key.size()};
  chunk.records.append(reinterpret_cast<const char*>(&header), sizeof header);
  chunk.records.append(key);
  chunk.last = std::max(chunk.last, seq);
  bytes_ += needed;
  return is_new;
}

std::size_t KeyLog::forget_oldest() {
  const std::size_t gone = chunks_.front().records.size();
  floor_ = std::max(floor_, chunks_.front().last);
  chunks_.erase(chunks_.begin());
  ++first_chunk_;
  bytes_ -= gone;
  return gone;
}

bool KeyLog::read(Cursor& at, std::size_t keys_max, FunctionRef<void(std::string_view)> take) const {
  if (at.offset == 0 && at.chunk <= first_chunk_) {
    if (at.after < floor_) return false;
    at.chunk = first_chunk_;
  }
  if (at.chunk < first_chunk_) return false;  // forgotten meanwhile
  for (std::size_t taken = 0; taken < keys_max;) {
    if (at.chunk - first_chunk_ >= chunks_.size()) {
      at.at_end = true;
      return true;
    }
    const Chunk& chunk = chunks_[at.chunk - first_chunk_];
    if (at.offset >= chunk.records.size() || chunk.last <= at.after) {
      // More may be added to the last one, but whoever reads is sent that anyway.
      ++at.chunk;
      at.offset = 0;
      continue;
    }
    Header header;
    std::memcpy(&header, chunk.records.data() + at.offset, sizeof header);
    if (header.seq > at.after && header.seq <= at.until) {
      take(std::string_view(chunk.records).substr(at.offset + sizeof header, header.key_bytes));
      ++taken;
    }
    at.offset += sizeof header + header.key_bytes;
  }
  return true;
}

// --- the logs of a node ----------------------------------------------------------------------------------------------

void KeyLogs::begin(Partition partition, KeyLog& log, Seq floor) {
  if (log.chunk_count() > 0) std::erase(oldest_, partition);
  bytes_ -= log.bytes();
  log.begin(floor);
}

void KeyLogs::add(Partition partition, KeyLog& log, Seq seq, std::string_view key,
                  FunctionRef<KeyLog*(Partition)> log_of) {
  const std::size_t before = log.bytes();
  if (log.add(seq, key)) oldest_.push_back(partition);
  bytes_ += log.bytes() - before;
  while (bytes_ > bytes_max_ && !oldest_.empty()) {
    KeyLog* const oldest = log_of(oldest_.front());
    oldest_.pop_front();
    if (oldest != nullptr && oldest->chunk_count() > 0) bytes_ -= oldest->forget_oldest();
  }
}

}  // namespace p2p::diststore::replication
