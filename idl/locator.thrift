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
