// How does an outside program reach a network of nodes? Through one Client: it learns the members from any of them,
// sends each call straight to the node that owns its key, and follows the ring as it changes.
//
//   p2p::client::Client store({.seeds = {{"127.0.0.1", 9900}}});
//   store.write("colour", "green");                                    // waits for the answer
//   auto colour = store.read_future("colour");                         // std::future
//   store.read("colour", [](p2p::client::Outcome<p2p::client::Read> read) { ... });
//
// Every method is for any thread. A Client has one thread of its own, which runs the callbacks: they must not block or
// throw, must not call the forms that wait, and make no new calls in answer to `overloaded` or `cancelled`. Calls may
// overtake each other.
//
// A Client belongs to the process that made it. In a child that is forked without exec, its thread does not exist:
// every call fails at once as `local`, not executed, and the Client may be destroyed; futures of calls in flight at the
// fork are never fulfilled there. Make a Client in the child.
#pragma once

#include <p2p/callback.h>
#include <p2p/client_outcome.h>
#include <p2p/client_values.h>
#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

// Limits and timeouts; every field but `seeds` has a sensible default.
struct Options {
  std::vector<NodeAddress> seeds;  // some members, tried in turn until one answers

  // For calls that set none; the nodes' own default is 5 s. Capped at ten years.
  Duration timeout = std::chrono::seconds(6);
  Duration connect_timeout = std::chrono::seconds(1);   // to resolve a name, and then to try its addresses
  Duration refresh_interval = std::chrono::seconds(5);  // how often the ring is fetched at least while calls are made
  Duration idle_timeout = std::chrono::seconds(60);     // then a connection is closed; less than the nodes' own

  std::string store = "diststore";                      // name of the service that store calls go to
  std::string ring = "locator.ring";                    // name of the service that serves the ring
  std::size_t calls_max = 1'000'000;                    // in flight; further ones fail at once as overloaded
  std::size_t node_calls_max = 100'000;                 // the same, for one node
  std::size_t node_queue_bytes_max = 64 * 1024 * 1024;  // queued for one node; further calls fail as overloaded
  // A larger request fails as invalid and is not sent. Keep it within the smallest [host] frame_bytes_max of the nodes,
  // whose default this is: a node closes the connection over a larger message, which fails the other calls on it too.
  std::size_t request_bytes_max = 16 * 1024 * 1024;
  // A larger reply fails its call as invalid and ends the connection.
  std::size_t reply_bytes_max = 64 * 1024 * 1024;
  std::size_t connections_max = 1'000;  // open ones; above it those idle for longest are closed
};

struct CallOptions {
  Duration timeout{};  // zero: the client's

  // Executing the call twice does no harm: it is retried even when an attempt may have been executed, unless the
  // service itself has answered that it failed. Reads always are, and write() and erase() of one key in an agreed
  // cluster, which the store does once however often they are tried. Any other retried write may undo someone else's
  // write that came between the attempts.
  bool is_repeatable = false;

  // For write() and erase() of one key, at most one of the two; any other call with one fails as invalid. If it is not
  // met, nothing is done, and Failure::is_condition_failed. Needs an agreed cluster: a network in classic mode refuses
  // it as invalid.
  std::optional<Version> if_version{};  // the key has this very version, as a Read or Written told it
  bool if_absent = false;               // there is no such key

  // For write() and write_many(); any other call with one fails as invalid. So long after the owner has taken the
  // write, by its clock, the value is gone; a part of a millisecond counts as a whole one. More than zero, at most
  // 36,500 days. Without it a value lives for ever, also where the one before did not. Needs an agreed cluster all of
  // whose nodes know it: others refuse it as invalid, but a node of a former version ignores it.
  std::optional<Duration> ttl{};

  // For read(); any other call with it fails as invalid. Whichever node has a copy that is in sync may answer, without
  // asking the owner: Read::stale_max says how old the value may be. A node that cannot say so asks the owner. In
  // classic mode, and by a node of a former version, the owner is asked.
  bool any_copy = false;
  // Of such a read: the node that is to be asked, once. Else whichever, another one after a failure.
  std::optional<NodeAddress> any_copy_at{};
};

// A call to any service that is sharded by key: `message` is one whole binary Thrift message, with no service in its
// name, as made by p2p::encode_call of <p2p/handlers.h>. Not for oneway methods. The views are copied before the call
// returns.
struct Request {
  std::string_view service;
  std::string_view key;
  std::string_view message;
};

// Since the client was created.
struct Stats {
  std::uint64_t calls = 0;            // each part of a batch counts
  std::uint64_t retries = 0;          // attempts beyond the first
  std::uint64_t alternate_nodes = 0;  // calls sent to another node because the owner could not take them
  std::uint64_t refreshes = 0;        // fetches of the ring
  std::uint64_t views = 0;            // rings that were adopted
};

template <class T>
using Then = Callback<void(Outcome<T>)>;

class P2P_API Client final {
 public:
  // Starts the thread; connects when the first call comes.
  explicit Client(Options options);
  // Calls in flight end with ErrorKind::cancelled before it returns. Not from a callback.
  ~Client();

  // --- the store, one key ---
  // Each in three forms: one that waits, one with a future, and one that calls `then` exactly once: on the client's
  // thread, or before it returns when the call is rejected because the client has reached `calls_max` or the message is
  // over `request_bytes_max`. All other forms with `then` do the same.
  Outcome<Read> read(std::string_view key, CallOptions options = {});
  std::future<Outcome<Read>> read_future(std::string_view key, CallOptions options = {});
  void read(std::string_view key, Then<Read> then, CallOptions options = {});

  Outcome<Written> write(std::string_view key, std::string_view value, CallOptions options = {});
  std::future<Outcome<Written>> write_future(std::string_view key, std::string_view value, CallOptions options = {});
  void write(std::string_view key, std::string_view value, Then<Written> then, CallOptions options = {});

  Outcome<Erased> erase(std::string_view key, CallOptions options = {});
  std::future<Outcome<Erased>> erase_future(std::string_view key, CallOptions options = {});
  void erase(std::string_view key, Then<Erased> then, CallOptions options = {});

  // --- the store, many keys ---
  // Split by owner, sent at once, and joined in request order. Each key has its own outcome: a batch is no transaction,
  // and the part of one owner may fail while the others succeed. A part too large for one call, by the client's request
  // limits or the store's, is sent in smaller pieces; a single key that is too large fails as invalid.
  template <class T>
  using Many = std::vector<Outcome<T>>;

  Many<Read> read_many(std::vector<std::string> keys, CallOptions options = {});
  std::future<Many<Read>> read_many_future(std::vector<std::string> keys, CallOptions options = {});
  void read_many(std::vector<std::string> keys, Callback<void(Many<Read>)> then, CallOptions options = {});

  Many<Written> write_many(std::vector<Item> items, CallOptions options = {});
  std::future<Many<Written>> write_many_future(std::vector<Item> items, CallOptions options = {});
  void write_many(std::vector<Item> items, Callback<void(Many<Written>)> then, CallOptions options = {});

  Many<Erased> erase_many(std::vector<std::string> keys, CallOptions options = {});
  std::future<Many<Erased>> erase_many_future(std::vector<std::string> keys, CallOptions options = {});
  void erase_many(std::vector<std::string> keys, Callback<void(Many<Erased>)> then, CallOptions options = {});

  // --- the store, all keys ---
  // One page of all keys of all nodes, in no order: from the beginning with an empty cursor, then with that of the page
  // before, until it is empty. A cursor stays good while nodes come, go and start again. A key that exists during the
  // whole scan is shown at least once; another cursor than those of pages fails as invalid. Needs an agreed cluster: a
  // network in classic mode refuses it as invalid.
  Outcome<ScanPage> scan(std::string_view cursor, ScanOptions which = {}, CallOptions options = {});
  std::future<Outcome<ScanPage>> scan_future(std::string_view cursor, ScanOptions which = {}, CallOptions options = {});
  void scan(std::string_view cursor, ScanOptions which, Then<ScanPage> then, CallOptions options = {});

  // --- any service ---
  // The whole reply message, for p2p::decode_reply; it includes declared exceptions, while an answer from the node
  // instead of the service is a Failure. Surely not executed, and not retried: `not_found`, the node has no such
  // service or method, or its route refuses the method; `invalid`, the arguments cannot be read or hold no key. Not
  // executed either, but retried until the deadline: `overloaded`, the node has reached a limit; `unreachable`, it
  // could not reach the owner. In the form with `then` the bytes live until `then` returns; a small `then` is the
  // cheapest form. A message that is not as Request says is rejected, too, and fails as invalid.
  Outcome<std::string> call(const Request& request, CallOptions options = {});
  std::future<Outcome<std::string>> call_future(const Request& request, CallOptions options = {});
  void call(const Request& request, Then<std::string_view> then, CallOptions options = {});

  // The same to that node, whatever it owns; one attempt. request.key is ignored.
  Outcome<std::string> call_node(const NodeAddress& node, const Request& request, CallOptions options = {});
  void call_node(const NodeAddress& node, const Request& request, Then<std::string_view> then,
                 CallOptions options = {});

  // --- the ring ---
  // As the client knows it; fetched first when it knows none.
  Outcome<RingFacts> ring(CallOptions options = {});
  // In the order of `keys`.
  Outcome<std::vector<NodeAddress>> owners_of(std::vector<std::string> keys, CallOptions options = {});
  Outcome<NodeAddress> owner_of(std::string_view key, CallOptions options = {});

  // Fetches the ring now and returns some member's answer, or why there is none.
  Outcome<RingFacts> refresh(CallOptions options = {});

  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2p::client
