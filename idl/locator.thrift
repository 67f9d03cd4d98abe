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

// Members and ring of one moment, as the answering node sees them. What is enough to know every key's owner.
struct RingState {
  1: required list<Location> members     // sorted by "address:port", without brackets: as the 2009 system names them
  2: required i64 view                   // fingerprint of members and placement, as replies carry it
  3: required string placement           // name and parameters of the rule by which members own keys
  4: required list<Location> leaving     // own nothing any more, and still hand over what they hold
}

// Served by the locator as its part "ring" ("locator.ring").
service Ring {
  RingState state()
}
