// A small service whose plugin misbehaves when it is told to; the harness for authors is tested with it.
include "locator.thrift"

namespace cpp tenant
namespace py tenant

service Tenant extends locator.Locator {
  string greet(1: string name)   // "hello NAME"
  list<string> seen()            // changes of the ring: "add ADDRESS:PORT", "remove ADDRESS:PORT", "told MEMBERS", oldest first
}
