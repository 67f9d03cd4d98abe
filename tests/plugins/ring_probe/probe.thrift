// A service of somebody else's, layered on the locator: it remembers what it saw of the ring's changes.
include "locator.thrift"

namespace cpp probe
namespace py probe

service Probe extends locator.Locator {
  list<string> seen()          // "add ADDRESS:PORT" and "remove ADDRESS:PORT", oldest first
}
