// How are all keys listed, a page for each call? The path of a call has decoded and checked what is asked; the mode
// does the rest: agreed/agreed_scans.h for those of all nodes, classic/classic_scans.h for those of one.
#pragma once

#include "serving/scan_cursor.h"
#include "serving/store_forwarder.h"

#include <p2p/call.h>

#include <diststore_types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace p2p::diststore {

namespace wire = ::diststore;

// --- limits of one call ---
inline constexpr std::size_t kScanKeysDefault = 1000;
// Entries that are looked at, shown or not: some 0.5 ms of an I/O thread. No page has many more keys.
inline constexpr std::size_t kScanEntriesMax = 4096;
// Of keys and values: then the page ends, after the key that exceeds it.
inline constexpr std::size_t kScanBytesMax = 512 * 1024;
// Partitions that are looked through, each of which is asked once whether what was seen is committed.
inline constexpr std::size_t kScanPartitionsMax = 256;
// Keys of one answer whose values have expired, and which it has erased before it leaves them out.
inline constexpr std::size_t kScanExpiredMax = 256;
// Entries that are looked at under one lock of the engine.
inline constexpr std::size_t kScanStepEntries = 128;

struct ScanRequest {
  ScanCursor cursor = {};
  std::size_t keys_max = kScanKeysDefault;  // or a few more
  std::string prefix = {};
  bool has_values = false;
  bool is_here = false;             // of this node alone
  std::size_t reply_bytes_max = 0;  // a value that exceeds it is left out
};

// Lives forever.
struct ScanMethod : CallKind {
  void (*answer)(Call call, const wire::ScanResult& result);
};

class Scans {
 public:
  virtual ~Scans() = default;

  // Why it cannot be asked for; empty: it can. [any thread]
  virtual std::string_view refusal_of(const ScanRequest& request) const noexcept = 0;

  // Ends the call, now or later: with a page and the cursor behind it, at the node that serves what is left, or
  // dispatched again. [any thread]
  virtual void scan(ScanRequest request, Call call, const ScanMethod& method) = 0;
};

}  // namespace p2p::diststore
