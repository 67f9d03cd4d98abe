// The interface: what can be asked over the network. Nothing in it, and nothing in counter.cc, knows that there are several nodes.
include "locator.thrift"   // Base: what every service answers, such as ping()

namespace cpp counter
namespace py counter

struct Order {
  1: string item
  3: i64 customer
}

service Counter extends locator.Base {
  i64 increment(1: string name, 2: i64 by)   // the new value
  i64 value(1: string name)
  oneway void bump(1: string name)           // one more; nobody waits for it
  i64 order(1: Order order)                  // how many orders the customer has given
  string where(1: string name)               // the node that was asked in the end, "address:port"
  i64 total()                                // of everything that this node counts
  void clear()                               // forgets everything that this node counts
}
