#include "replication/fill_scan.h"

#include "replication/fill.h"

#include <string>
#include <utility>

namespace p2p::diststore::replication {

Result<Scanned> scan_for_fill(const Engine& engine, const Scan& scan) {
  Scanned found{.partition = scan.partition, .stream = scan.stream, .at = scan.from};
  std::size_t bytes = 0;
  const auto take = [&](const EntryView& entry) {
    bytes += entry.bytes();
    found.items.push_back({.key = std::string(entry.key),
                           .value = std::string(entry.value),
                           .is_absent = entry.is_erased,
                           .version = version_of(entry.version),
                           .expires_at = entry.expires_at});
    return bytes < kFillBytesMax;
  };
  const Result<Done> scanned = engine.scan(only(scan.partition), found.at, kFillKeysMax, take);
  if (!scanned.ok()) return scanned.error();
  return found;
}

}  // namespace p2p::diststore::replication
