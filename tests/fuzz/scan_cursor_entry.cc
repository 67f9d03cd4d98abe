#include "scan_cursor_entry.h"

#include "engine/memory/memory_engine.h"
#include "engine/partition_of.h"
#include "serving/scan_cursor.h"

#include <p2p/assert.h>

#include <string>

namespace p2p::fuzz {
namespace {

using namespace diststore;

constexpr Partition kPartition = 2'345;
constexpr int kKeys = 40;
constexpr int kOtherKeys = 2'000;

struct Filled {
  Filled() {
    for (int number = 0, kept = 0; kept < kKeys; ++number) {
      const std::string key = "key" + std::to_string(number);
      const bool is_in = partition_of(key) == kPartition;
      kept += is_in ? 1 : 0;
      if (is_in || number < kOtherKeys)
        P2P_ASSERT(engine.apply_one(Change::set(key, "value", {1, 1})).ok(), "memory takes it");
    }
  }
  MemoryEngine engine{1};
};

void scan_from(std::string_view place) {
  static const Filled filled;
  ScanPosition position{.place = std::string(place)};
  int shown = 0;
  const auto take = [&](const EntryView& entry) {
    P2P_ASSERT(partition_of(entry.key) == kPartition, "a key of the partition that is looked through");
    return ++shown > 0;
  };
  for (int step = 0; !position.at_end; ++step) {
    P2P_ASSERT(step <= kKeys, "each step shows a key, but for the last");
    P2P_ASSERT(filled.engine.scan(only(kPartition), position, 1, take).ok(), "memory can be read");
  }
  P2P_ASSERT(shown <= kKeys, "each key once");
}

}  // namespace

CursorOutcome try_scan_cursor(std::string_view input) {
  scan_from(input);
  ScanCursor made;
  made.done.set(1);
  made.open = ScanCursor::Open{.partition = kPartition, .engine = 7, .place = std::string(input)};
  P2P_ASSERT(ScanCursor::decode(made.encode()) == made, "a cursor comes back as it was");
  const auto cursor = ScanCursor::decode(input);
  if (!cursor) return CursorOutcome::refused;
  P2P_ASSERT(cursor->done.all() || cursor->encode() == input, "there is one way to write a cursor");
  return CursorOutcome::taken;
}

}  // namespace p2p::fuzz
