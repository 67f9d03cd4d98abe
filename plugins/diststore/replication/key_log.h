// Which keys were written since a commit index (I7)? Each copy of a partition notes the keys of its writes, without
// values, so that one that was out for a while can be brought up to date without sending it everything. The oldest are
// forgotten first, over all partitions of a node.
#pragma once

#include "replication/write_version.h"

#include "engine/function_ref.h"
#include "engine/partition.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace p2p::diststore::replication {

class KeyLog final {
 public:
  // A chunk of this size is full: big enough that headers do not count, small enough to be forgotten one by one.
  static constexpr std::size_t kChunkBytes = 4096;

  // The log is complete from the write after `floor` on.
  Seq floor() const noexcept { return floor_; }
  // Forgets everything; it is complete from the write after `floor` on.
  void begin(Seq floor);
  // A write whose keys nobody will ask for. Only while nothing is noted.
  void skip(Seq seq);
  // True: a new chunk was begun.
  bool add(Seq seq, std::string_view key);
  // Forgets the oldest chunk, and returns how many bytes it had. Only if there is one.
  std::size_t forget_oldest();
  std::size_t chunk_count() const noexcept { return chunks_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

  // Keys of writes between two, oldest first, perhaps some twice: some of them, and `at` moves on. False: the log does
  // not reach back to it. Begins with Cursor{.after = seq, .until = seq}.
  struct Cursor {
    Seq after = 0;
    Seq until = 0;  // later writes are not wanted
    std::uint64_t chunk = 0;
    std::size_t offset = 0;
    bool at_end = false;
  };
  bool read(Cursor& at, std::size_t keys_max, FunctionRef<void(std::string_view key)> take) const;

 private:
  struct Chunk {
    bool takes(Seq seq, std::size_t record_bytes) const noexcept;
    void add(Seq seq, std::string_view key);

    Seq base = 0;               // of its first record
    Seq last = 0;               // the highest seq in it
    std::vector<char> records;  // each: a header, and the key
  };
  struct Header {
    std::uint32_t key_bytes = 0;
    std::uint32_t since_base = 0;  // its seq
  };

  std::vector<Chunk> chunks_;
  std::uint64_t first_chunk_ = 0;  // the number of chunks_[0]
  Seq floor_ = 0;
  std::size_t bytes_ = 0;
};

// The logs of a node share a limit.
class KeyLogs final {
 public:
  explicit KeyLogs(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // `log_of(partition)`: null if it has none any more.
  void add(Partition partition, KeyLog& log, Seq seq, std::string_view key, FunctionRef<KeyLog*(Partition)> log_of);
  void begin(Partition partition, KeyLog& log, Seq floor);
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<Partition> oldest_;  // whose chunks were begun in which order
};

}  // namespace p2p::diststore::replication
