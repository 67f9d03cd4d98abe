// What goes on the wire between greeter and its clients.
include "locator.thrift"

// The number belongs to the interface: one that old clients cannot use any more gets the next. Types of different plugins are
// told apart by their names alone, so no two plugins may share a namespace.
namespace cpp greeter_v1
namespace py greeter_v1

service Greeter extends locator.Base {
  string greet(1: string name)
  i64 greeted(1: string name)     // how often
}
