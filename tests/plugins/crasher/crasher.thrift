// A service that ends its process, in each of the ways in which a plugin can.
namespace cpp crasher
namespace py crasher

service Crasher {
  void ping()
  void crash(1: string way)          // never answers; a way that is not known is an error
  void crash_elsewhere(1: string way)  // on a thread of the service's own
}
