// A service whose life tests decide: by its options, and by what they call.
namespace cpp moody
namespace py moody

service Moody {
  i64 level()                          // an option that changes in place
  i64 size()                           // an option that takes a restart
  i64 starts()                         // how many objects of this plugin the process has started
  string sleep(1: i32 milliseconds)    // keeps a worker of the host
  void feel(1: string complaint)       // what health() says from now on; "": well
  void keep(1: string treasure)        // what may_end() says would be lost; "": nothing
}
