// What an operator may ask a node, over its port (Node: only questions) or its admin socket (Admin: what changes it).
namespace cpp node
namespace py node

struct ServiceStatus {
  1: required string name
  2: required string plugin
  3: required string version
  4: required string idl                 // "diststore.Store"
  5: required string state               // loaded, configured, starting, ready, draining, stopped; failed: enabled, and
                                         // does not run; disabled: an operator wants it so
  6: required i64 since_ms               // of that state, since 1970
  7: required i64 calls
  8: required i64 errors
  9: required i64 in_flight
  10: required string last_error
  11: required map<string, i64> gauges   // what the service reports of itself: "keys", "bytes", ...
  12: string problem                     // what its health() says, or why it has failed or does not run; "": nothing
}

// What the node's machine allows it, and what its data folder is like.
struct Machine {
  1: required i64 now_ms                 // its clock, since 1970
  2: required i64 descriptors_max        // files and connections that it may open
  3: required i64 connections_max        // of [host]
  4: required i64 disk_free              // bytes that it may still write into its data folder's file system; -1: not known
  5: required i64 disk_bytes             // of that file system; -1: not known
  6: required bool is_volatile           // the data folder is in memory: it is gone when the machine restarts
  7: required i32 data_dir_mode          // permissions of the data folder, as of chmod; -1: not known
  8: required list<string> set_aside     // names of files in it that could not be read, and were put aside: the first 16
}

struct NodeStatus {
  1: required string node                // as others know it: "10.0.0.5:9900", "[::1]:9900"
  2: required string name                // of the configuration overlay, or the host's name
  3: required string state               // starting, ready, draining
  4: required i64 started_at_ms
  5: required i64 pid
  6: required string version
  7: required string cluster
  8: required i64 view                   // fingerprint; 0 without a locator
  9: required i32 members
  10: required i64 connections
  11: required i64 calls
  12: required i64 errors
  13: required string admin              // path of the admin socket
  14: required string data_dir
  15: required list<ServiceStatus> services
  16: required i64 forwarded             // calls passed on to their owner
  17: i64 configuration                  // counts the configurations that have been in force: 1 since the start
  18: i64 own_failures                   // since the start: what this machine did not let the node do (no descriptor, no
                                         // port, a name that does not resolve); it speaks against no other node
  19: string last_own_failure            // the last of them in words, or ""
  20: i64 last_own_failure_ms            // and when, since 1970
  21: optional Machine machine           // absent: an earlier version answers
}

service Node {
  void ping()                            // tells a node of ours from any other program, which does not know it
  NodeStatus status()
}

struct LeaveResult {
  1: required bool complete              // every service has handed over what it held
  2: required list<string> unfinished    // services that had not when drain_timeout or drain_limit was over
  3: list<string> left_behind            // what was lost, a line for each node that should have got it
}

struct ChangeReport {
  1: required bool done                  // false: refused, or not all of it could be done
  2: required list<string> lines         // what was done, what was not, and why
}

// Changes of the services are done one after the other; each call answers with the number of its change at once.
service Admin {
  i64 enable(1: required string name)          // of [services.NAME]
  i64 disable(1: required string name, 2: bool force)  // force: also when the service says that something would be lost
  i64 reload(1: required bool check_only)         // of the configuration; check_only: say what would be done
  ChangeReport await_change(1: required i64 change)       // answers when that change has ended

  void leave()                           // hand over, tell the others, end; answers when the leave has begun
  LeaveResult await_leave()              // answers when the hand-over has ended, of which leave() or a signal was the begin
  void stop()                            // end after the calls in hand; the others find out for themselves
}
