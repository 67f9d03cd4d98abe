// What does a store tell, and what is known of a ring? Plain values.
#pragma once

#include <p2p/location.h>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::client {

// By (stamp, node), as unsigned numbers, the higher is the newer.
struct Version {
  std::int64_t stamp = 0;
  std::int64_t node = 0;
  friend bool operator==(const Version&, const Version&) = default;
};

struct Read {
  bool found = false;
  std::string value;  // "" unless found
  Version version;    // zeros unless found
};
struct Written {
  Version version;
};
struct Erased {
  bool found = false;  // there was a value to erase
  Version version;     // of the erase; zeros unless found
};
struct Item {
  std::string key;
  std::string value;
};

struct RingFacts {
  std::vector<Location> members;  // sorted by name
  std::vector<Location> leaving;  // own nothing any more, and still hand over
  std::uint64_t view = 0;         // fingerprint of members and placement
  std::string placement;
};

}  // namespace p2p::client
