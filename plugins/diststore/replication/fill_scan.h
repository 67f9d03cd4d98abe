// What does a step of a backfill find in the engine? For whoever obeys Effects::scans. [any thread]
#pragma once

#include "replication/effects.h"

#include <p2p/result.h>

namespace p2p::diststore::replication {

// At most about kFillBytesMax, and kFillKeysMax entries.
Result<Scanned> scan_for_fill(const Engine& engine, const Scan& scan);

}  // namespace p2p::diststore::replication
