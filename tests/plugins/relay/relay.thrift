// Calls that go on to the same service of another node of this machine, so that tests see every way in which those end.
namespace cpp relay
namespace py relay

service Relay {
  string echo(1: string text)
  string nap(1: string text, 2: i32 milliseconds)                    // the text, after a while that holds no thread
  // As echo and nap of the node at `port` answer, called through the host's Peers; "!timed out" when that says so.
  string echo_at(1: i32 port, 2: string text, 3: i32 deadline_ms)
  string nap_at(1: i32 port, 2: string text, 3: i32 milliseconds, 4: i32 deadline_ms)
  // A nap at the node at `port`, to which the call itself is forwarded.
  string nap_there(1: i32 port, 2: string text, 3: i32 milliseconds)
}
