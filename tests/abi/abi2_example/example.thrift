// What the prebuilt plugin serves: each method comes back through another part of the SDK.
include "locator.thrift"

namespace cpp abi2
namespace py abi2

service Example extends locator.Base {
  string greet(1: string name)     // by an option, on the service's strand
  string owner(1: string key)      // by the locator's view, on the worker pool
  i64 ticks()                      // of a timer
  list<string> ring_events()       // by a ring layer
}
