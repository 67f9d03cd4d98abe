// Between nodes of ours: what opens a connection, and a call passed on to the node that owns its key.
namespace cpp peer
namespace py peer

struct HelloRequest {
  1: required i32 version_min
  2: required i32 version_max
  3: required list<string> features      // "overtake": replies of this connection may overtake each other
  4: required string cluster
  5: required string placement           // name and parameters of the placement, "" when the node has no locator
  6: optional i64 view                   // the caller's view fingerprint
  7: optional string node                // the caller: "10.0.0.5:9900", "[::1]:9900"
  // What should be alike on all nodes, and is told to the operators of both where it is not.
  8: optional i64 frame_bytes_max        // [host] frame_bytes_max
  9: optional map<string, map<string, string>> routes  // by service and method, as in the configuration; "(digest)" stands for a long route
}

struct HelloReply {
  1: required i32 version                // the highest that both know
  2: required list<string> features      // those of the request that are agreed
  3: required string cluster
  4: required string placement
  5: optional i64 view
  6: optional string node
  7: optional i64 frame_bytes_max        // as in the request
  8: optional map<string, map<string, string>> routes
}

exception HelloRefused {
  1: string field                        // "version", "cluster" or "placement"
  2: string ours                         // of the node that refuses
  3: string theirs
}

enum Encoding {
  strict_binary = 1
  compact = 2
}

enum ForwardStatus {
  answered = 1                           // `message` is the reply
  view_differs = 2                       // not executed: the receiver does not own the key by its view, which stands in `members`
  refused = 3                            // not executed: `message` is the encoded exception (unknown, disabled or draining service)
}

struct ForwardReply {
  1: required ForwardStatus status
  2: optional binary message
  3: optional i64 view
  4: optional binary members             // opaque: the receiver's membership table, for the caller's locator
}

service Peer {
  HelloReply hello(1: required HelloRequest request) throws (1: HelloRefused refused)

  // `target` is the service as named in the configuration. `message` is one whole Thrift message without a service prefix. `hops` counts the nodes that have passed it on; a
  // receiver answers or disagrees, and never passes on a message that has reached the limit.
  ForwardReply forward(1: required i64 view, 2: required i32 hops, 3: required string target, 4: required Encoding encoding,
                       5: required binary message)
}
