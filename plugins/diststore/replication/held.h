// What does a node hold of a key: a value, or the memory that it was erased? And how do two nodes make sure that they
// hold the same?
#pragma once

#include "replication/era.h"
#include "replication/version.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::diststore {

struct Held {
  std::string value;  // empty when erased
  Version version;
  bool is_erased = false;
  Era settled_in = kNeverSettled;  // when this node last knew it to be the newest
};

// What a scan tells of one key.
struct HeldKey {
  std::string key;
  Version version;
  std::size_t bytes = 0;  // of key and value
  bool is_erased = false;
  std::string value;  // only from a scan that brings values
  Era settled_in = kNeverSettled;
};

// A hash of everything that must arrive as it was sent. Digests of many items are added up, modulo 2^64: the order does
// not matter, and an item that comes twice does not cancel itself out. [any thread]
std::uint64_t digest_of(std::string_view key, std::string_view value, Version version, bool is_erased);

}  // namespace p2p::diststore
