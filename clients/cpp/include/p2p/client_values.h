// What does a store return, and what is known of a ring? Plain values.
#pragma once

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

// Ordered by (stamp, node) as unsigned numbers; the higher is newer.
struct Version {
  std::int64_t stamp = 0;
  std::int64_t node = 0;
  friend bool operator==(const Version&, const Version&) = default;
};

struct Read {
  bool found = false;
  std::string value;                      // "" unless found
  Version version;                        // zeros unless found
  std::optional<Duration> ttl_left = {};  // of a value that expires: in so long
  // Another copy than the owner's has answered (CallOptions::any_copy): what was acknowledged earlier than so long
  // before its answer is seen, by its clock. Nothing: all that was acknowledged before the call is.
  std::optional<Duration> stale_max = {};
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

// Which keys a scan shows, and how many at once.
struct ScanOptions {
  std::string_view prefix{};  // only keys that begin with this
  std::int32_t limit = 0;     // about so many keys in a page, at most 4,096; 0: the nodes' default, 1,000
  bool has_values = false;    // with their values
};

struct ScanItem {
  std::string key;
  Version version;
  std::optional<std::string> value = {};  // if asked for, unless it did not fit the page: then read the key
  std::optional<Duration> ttl_left = {};  // as of a Read
};
struct ScanPage {
  std::vector<ScanItem> items;  // may be empty before the end
  std::string cursor;           // for the next page; empty: there is none
};

struct RingFacts {
  std::vector<NodeAddress> members;  // sorted by name
  std::vector<NodeAddress> leaving;  // still hand over what they hold; on a ring they own nothing any more
  std::uint64_t view = 0;            // fingerprint of members and placement
  std::string placement;
  std::uint64_t epoch = 0;  // of an agreed cluster's map, whose keys are placed by partitions; 0: they are on a ring
};

}  // namespace p2p::client
