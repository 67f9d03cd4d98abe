// What an operator may ask a node, over its port (Node: only questions) or its admin socket (Admin: what changes it).
namespace cpp node
namespace py node

struct ServiceStatus {
  1: required string name
  2: required string plugin
  3: required string version
  4: required string idl                 // "diststore.Store"
  5: required string state               // loaded, configured, starting, ready, draining, stopped, failed, disabled
  6: required i64 since_ms               // of that state, since 1970
  7: required i64 calls
  8: required i64 errors
  9: required i64 in_flight
  10: required string last_error
  11: required map<string, i64> gauges   // what the service reports of itself: "keys", "bytes", ...
}

struct NodeStatus {
  1: required string node                // "address:port", as others know it
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
}

service Node {
  NodeStatus status()
}

struct LeaveResult {
  1: required bool complete              // every service has handed over what it held
  2: required list<string> unfinished    // services that had not when drain_timeout was over
}

service Admin {
  void leave()                           // hand over, tell the others, end; answers when the leave has begun
  LeaveResult await_leave()              // answers when the hand-over has ended, of which leave() or a signal was the begin
  void stop()                            // end after the calls in hand; the others find out for themselves
}
