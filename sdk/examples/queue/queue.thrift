// Queues by name, which survive the death of any node.
include "locator.thrift"   // Base: what every service answers, such as ping()

namespace cpp queue
namespace py queues   // not the name of one of Python's own modules

enum Outcome {
  not_done = 1   // nothing was changed: ask again
  unknown = 2    // it may have been done, or may still be
}

exception QueueError {
  1: Outcome outcome
  2: string why
}

// Makes a call repeatable: whoever asks again with the ticket of the call before gets what that call has answered, if it was done,
// and it is not done twice. Without a client there is no ticket: then an item whose pop ended as `unknown` may be gone, and one
// whose push did may be there.
struct Ticket {
  1: string client   // any name that no other client has; a queue remembers the last 64 clients
  2: i64 call        // another one for each call; a queue remembers a client's last
}

struct Popped {
  1: required bool found      // false: the queue is empty
  2: optional binary item     // set exactly when found
}

service Queue extends locator.Base {
  i64 push(1: string name, 2: binary item, 3: Ticket ticket) throws (1: QueueError error)   // how many items there are then
  Popped pop(1: string name, 2: Ticket ticket) throws (1: QueueError error)                 // the oldest
  i64 len(1: string name) throws (1: QueueError error)
}
