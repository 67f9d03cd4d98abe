// How does a program outside reach a network of nodes? Through one Client: it learns the members from any of them,
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
// every call fails at once as `local`, not executed, and the Client may be destroyed; futures of calls that were under
// way are never fulfilled there. Make a Client in the child.
#pragma once

#include <p2p/callback.h>
#include <p2p/client_outcome.h>
#include <p2p/client_values.h>
#include <p2p/location.h>
#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::client {

// Limits and patience; every field but `seeds` has a default that serves.
struct Options {
  std::vector<Location> seeds;  // some members, tried in turn until one answers

  // Of a call that names none; the nodes' own default is 5 s. Ten years at most: a longer one is taken for that.
  Duration timeout = std::chrono::seconds(6);
  Duration connect_timeout = std::chrono::seconds(1);
  Duration refresh_interval = std::chrono::seconds(5);  // while calls are made, the ring is asked for so often at least
  Duration idle_timeout = std::chrono::seconds(60);     // then a connection is closed; below the nodes' own

  std::string store = "diststore";                      // name of the service that the store's calls go to
  std::string ring = "locator.ring";                    // name of the service that tells the ring
  std::size_t calls_max = 1'000'000;                    // not answered yet; more end at once, overloaded
  std::size_t node_calls_max = 100'000;                 // the same, of one node
  std::size_t node_queue_bytes_max = 64 * 1024 * 1024;  // that wait to be sent to one node; more end, overloaded
  // Of one message that is sent: a larger one fails as invalid, and is not sent. No more than the least [host]
  // frame_bytes_max of the nodes, which is so much by default: a node ends the connection over a larger message, and
  // with it what others have asked over it.
  std::size_t request_bytes_max = 16 * 1024 * 1024;
  // A larger reply fails its call as invalid and ends the connection.
  std::size_t reply_bytes_max = 64 * 1024 * 1024;
  std::size_t connections_max = 1'000;  // open ones, over which the idle ones of the longest silence are closed
};

struct CallOptions {
  Duration timeout{};  // zero: that of the client

  // Executing it twice does no harm: then it is tried again even when an attempt at it may have been executed, unless
  // the service itself has answered that it failed. Reads always are. A write that is tried twice may undo another's
  // write that came between the attempts.
  bool is_repeatable = false;
};

// A call of any service that is sharded by key: `message` is one whole binary Thrift message, with no service in its
// name, as p2p::encode_call of <p2p/handlers.h> makes it. Not for oneway methods. What is viewed is copied before the
// call returns.
struct Request {
  std::string_view service;
  std::string_view key;
  std::string_view message;
};

// Since the client began.
struct Stats {
  std::uint64_t calls = 0;      // parts of batches each
  std::uint64_t retries = 0;    // attempts beyond the first
  std::uint64_t detours = 0;    // sent to another node than the owner, because that could not be reached
  std::uint64_t refreshes = 0;  // looks at the ring
  std::uint64_t views = 0;      // rings that were adopted
};

template <class T>
using Then = Callback<void(Outcome<T>)>;

class P2P_API Client final {
 public:
  // Starts the thread; connects when the first call comes.
  explicit Client(Options options);
  // Open calls end with ErrorKind::cancelled before it returns. Not from a callback.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- the store, one key ---
  // Each in three forms: one that waits, one with a future, and one that calls `then` exactly once: on the client's
  // thread, or before it returns when the call is not taken on, because the client has reached `calls_max` or the
  // message is over `request_bytes_max`. So do all other forms with `then`.
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
  // Split by owner, sent at once, joined in the order of the request. Each key has an outcome of its own: a batch is no
  // transaction, and the part of one owner may fail while the others do not. What is too much for one call, by the
  // client's limits on requests or by the store's, is asked for in smaller pieces; a single key that is fails as
  // invalid.
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

  // --- any service ---
  // The whole reply message, for p2p::decode_reply; declared exceptions are in it, what a node answers instead of a
  // service is a Failure. Surely not executed, and not tried again: `not_found`, the node has no such service or
  // method, or its route refuses the method; `invalid`, the arguments cannot be read or hold no key. Not executed
  // either, but tried again until the deadline: `overloaded`, the node has reached a limit; `unreachable`, it could not
  // reach the owner. In the form with `then` the bytes live until that returns; a small `then` is the cheapest form
  // there is; a message that is not as Request says is not taken on either, and fails as invalid.
  Outcome<std::string> call(const Request& request, CallOptions options = {});
  std::future<Outcome<std::string>> call_future(const Request& request, CallOptions options = {});
  void call(const Request& request, Then<std::string_view> then, CallOptions options = {});

  // The same to that node, whoever owns what; one attempt. request.key means nothing.
  Outcome<std::string> call_node(const Location& node, const Request& request, CallOptions options = {});
  void call_node(const Location& node, const Request& request, Then<std::string_view> then, CallOptions options = {});

  // --- the ring ---
  // As the client knows it; asks for it first when it knows none.
  Outcome<RingFacts> ring(CallOptions options = {});
  // In the order of `keys`.
  Outcome<std::vector<Location>> owners_of(std::vector<std::string> keys, CallOptions options = {});
  Outcome<Location> owner_of(std::string_view key, CallOptions options = {});

  // Looks at the ring now, and returns when that is done; some member's answer, or why there is none.
  Outcome<RingFacts> refresh(CallOptions options = {});

  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2p::client
