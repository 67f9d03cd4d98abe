// What every node answers: who it is, who is in the network, and who owns a key.
//
// Wire contract with the 2009 system thrifty-p2p: names, field numbers, types and `oneway` are exactly its own and
// never change. A port above 32767 travels negative in an i16; our side reads it unsigned.
namespace cpp locator
namespace py locator

struct Location {
  1: string address
  2: i16 port
}

service Base {
  void ping()
  string service_type()             // "locator.Locator" or "diststore.Store"
  list<string> service_types()      // the whole chain, most basic first
  oneway void debug()               // the node writes its view to its log
  oneway void die()                 // the node leaves and ends, where its configuration allows that
}

service Locator extends Base {
  oneway void join(1: Location location)
  oneway void remove(1: Location location, 2: list<Location> authorities)
  oneway void add(1: Location location, 2: list<Location> authorities)
  list<Location> get_all()
  Location get_node(1: string key)  // Location("", 0) on an empty ring
}

// --- ours, for clients that call a key's owner directly -----------------------------------------------------------------------

// Members and owners at one moment, as the answering node sees them. What is enough to know every key's owner: by the ring that
// `placement` builds of the members or, if that is "partitions:N", by the partition of a key, which is the top bits of XXH3_64(key).
struct RingState {
  1: required list<Location> members     // sorted by "address:port", without brackets: as the 2009 system names them
  2: required i64 view                   // fingerprint of members and placement, as replies carry it
  3: required string placement           // name and parameters of the rule by which members own keys
  4: required list<Location> leaving     // still hand over what they hold; on a ring they own nothing any more
  5: optional i64 epoch                  // with partitions: the number of the cluster map
  // With partitions: two bytes for each, big-endian: the index of its owner in `members` or, counted on from there, in
  // `leaving`; 0xffff: none.
  6: optional binary owners
  7: optional i32 level                  // with partitions: the feature level that all members know; never lower than before
}

// What has changed since an earlier state with partitions.
struct RingDelta {
  1: required i64 epoch                  // of the state that it leads to
  2: required i64 view
  3: optional RingState whole            // set: that state, as the node does not know the earlier one; nothing else counts
  // Both set if either has changed: then owners' indexes are those of the new lists, and nobody owns what a node that is in
  // neither owned, unless `moved` says so.
  4: optional list<Location> members
  5: optional list<Location> leaving
  // Four bytes for each partition whose owner may have changed, big-endian: its number, and its owner's index as in
  // RingState.owners.
  6: optional binary moved
  7: optional i32 level                  // as of a RingState
}

// Served by the locator as its part "ring" ("locator.ring").
service Ring {
  RingState state()
  // For a client that has the state of `epoch` and `view`. Without partitions always the whole state.
  RingDelta state_since(1: i64 epoch, 2: i64 view)
}
