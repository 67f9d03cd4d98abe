// The interface: what can be asked over the network. Any Thrift language can call it.
include "locator.thrift"   // Base: what every service answers, such as ping()

namespace cpp hello
namespace py hello

service Hello extends locator.Base {
  string greet(1: string name)
}
