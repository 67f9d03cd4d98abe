// How are receipts shown? Pure: text and JSON of what a node answered.
#pragma once

#include <diststore_types.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace p2p::ctl {

// A table, the oldest first; the digest is the receiver's.
std::string receipts_text(const std::vector<diststore::Receipt>& receipts);

// 64-bit numbers other than counts (session, view, digests) are hexadecimal text: JSON readers would round them.
nlohmann::json receipts_json(const std::vector<diststore::Receipt>& receipts);

}  // namespace p2p::ctl
