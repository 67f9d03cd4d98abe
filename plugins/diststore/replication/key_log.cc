#include "replication/key_log.h"

#include <p2p/assert.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace p2p::diststore::replication {

namespace {

// What a chunk grows by.
constexpr std::size_t kGrowBytes = 512;

}  // namespace

void KeyLog::begin(Seq floor) {
  first_chunk_ += chunks_.size();
  chunks_.clear();
  chunks_.shrink_to_fit();
  floor_ = floor;
  bytes_ = 0;
}

void KeyLog::skip(Seq seq) {
  P2P_ASSERT(chunks_.empty(), "nothing is left out between two writes that are noted");
  floor_ = std::max(floor_, seq);
}

// Seqs are used again over terms (I5).
bool KeyLog::Chunk::takes(Seq seq, std::size_t record_bytes) const noexcept {
  return seq >= base && seq - base <= std::numeric_limits<std::uint32_t>::max() &&
         records.size() + record_bytes <= kChunkBytes;
}

void KeyLog::Chunk::add(Seq seq, std::string_view key) {
  const std::size_t size = records.size() + sizeof(Header) + key.size();
  // Not twice as much each time: most of what is reserved would be empty where partitions are written now and then.
  if (size > records.capacity()) records.reserve((size + kGrowBytes - 1) / kGrowBytes * kGrowBytes);
  const Header header{static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(seq - base)};
  const char* const bytes = reinterpret_cast<const char*>(&header);
  records.insert(records.end(), bytes, bytes + sizeof(Header));
  records.insert(records.end(), key.begin(), key.end());
  last = std::max(last, seq);
}

bool KeyLog::add(Seq seq, std::string_view key) {
  const std::size_t needed = sizeof(Header) + key.size();
  const bool is_new = chunks_.empty() || !chunks_.back().takes(seq, needed);
  if (is_new) chunks_.emplace_back().base = seq;
  chunks_.back().add(seq, key);
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
    const char* const record = chunk.records.data() + at.offset;
    std::memcpy(&header, record, sizeof(Header));
    const Seq seq = chunk.base + header.since_base;
    if (seq > at.after && seq <= at.until) {
      take({record + sizeof(Header), header.key_bytes});
      ++taken;
    }
    at.offset += sizeof(Header) + header.key_bytes;
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
