// The client's forms of every call: with a callback, with a future, and waiting; the last two on top of the first.
#include "batch.h"
#include "engine/engine.h"
#include "store_then.h"
#include "waiter.h"
#include "wire/store_messages.h"

#include <p2p/client.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace p2p::client {
namespace {

// A future for the result that `begin` passes to its callback.
template <class T, class Begin>
std::future<T> future_of(Begin begin) {
  std::promise<T> promise;
  auto future = promise.get_future();
  begin([promise = std::move(promise)](T told) mutable { promise.set_value(std::move(told)); });
  return future;
}

// The same, waiting for the result.
template <class T, class Begin>
T wait_for(const Engine& engine, Begin begin) {
  P2P_ASSERT(!engine.is_current(), "a callback of a Client must not wait for another of its calls");
  Waiter<T> waiter;
  begin([&waiter](T told) { waiter.give(std::move(told)); });
  return waiter.take();
}

Condition condition_of(const CallOptions& options) { return {options.if_version, options.if_absent}; }

Failure refused_option(const char* why) { return {Effect::none, ErrorKind::invalid, why}; }

// As in idl/diststore.thrift.
constexpr Duration kTtlMax = std::chrono::hours(24) * 36'500;

enum class Stores : bool { no, yes };

// What is wrong with the time to live of a call; null: nothing.
const char* fault_of_ttl(const CallOptions& options, Stores stores) {
  if (!options.ttl) return nullptr;
  if (stores == Stores::no) return "only writes take a time to live";
  const bool is_possible = *options.ttl > Duration::zero() && *options.ttl <= kTtlMax;
  return is_possible ? nullptr : "a time to live is more than zero, and at most 36,500 days";
}

constexpr const char* kOnlyReadsOfOne = "only a read of one key may be answered by any copy";

}  // namespace

class Client::Impl final {
 public:
  explicit Impl(Options options) : engine(std::move(options)) {}

  // A store call for one key; `encode(codec, service, frame)` makes its frame.
  template <class T, class Encode>
  void ask_store(std::string_view key, Then<T> then, const CallOptions& options, bool is_repeatable, Encode encode,
                 OperationId operation = {}) {
    if (const char* why = fault_of_ttl(options, std::is_same_v<T, Written> ? Stores::yes : Stores::no))
      return then(refused_option(why));
    if (options.if_version && options.if_absent)
      return then(refused_option("if_version and if_absent exclude each other"));
    if (options.any_copy && !std::is_same_v<T, Read>) return then(refused_option(kOnlyReadsOfOne));
    Call& call = engine.take_call();
    call.info = encode(encoding_codec(), engine.options().store, call.frame);
    call.key = key;
    if (options.any_copy) aim_at_any_copy(call, options);
    call.deadline = engine.deadline_of(options);
    call.has_operation = operation.number != 0;
    // Without a name, the second of two conditional calls would fail for what the first has done.
    call.is_repeatable =
        is_repeatable || call.has_operation || (options.is_repeatable && !condition_of(options).is_set());
    call.handler = StoreThen<T>(std::move(then));
    engine.submit(call);
  }

  // The owners of the numbers are all nodes, in some order.
  void aim_at_any_copy(Call& call, const CallOptions& options) {
    if (options.any_copy_at) {
      call.aim = Aim::node;
      call.to = *options.any_copy_at;
      return;
    }
    call.key = std::to_string(turn.fetch_add(1, std::memory_order_relaxed));
  }

  template <class Kind, class Entries, class Results>
  void batch(Entries entries, Callback<void(Results)> then, const CallOptions& options) {
    if (const char* why = fault_of_ttl(options, std::is_same_v<Kind, WriteBatch> ? Stores::yes : Stores::no))
      return then(Results(entries.size(), refused_option(why)));
    if (condition_of(options).is_set()) {
      return then(Results(entries.size(), refused_option("a batch takes no conditions: write its keys one by one")));
    }
    if (options.any_copy) return then(Results(entries.size(), refused_option(kOnlyReadsOfOne)));
    std::make_shared<Batch<Kind>>(engine, std::move(entries), std::move(then), options)->start();
  }

  void ask(const Request& request, Then<std::string_view> then, const CallOptions& options, const NodeAddress* node) {
    if (const char* why = fault_of_ttl(options, Stores::no)) return then(refused_option(why));
    if (condition_of(options).is_set()) return then(refused_option("only writes and erases take conditions"));
    if (options.any_copy) return then(refused_option(kOnlyReadsOfOne));
    Call& call = engine.take_call();
    const auto framed = frame_of(request.service, request.message, call.frame);
    if (!framed.ok()) {
      engine.drop(call);
      return then(Failure{Effect::none, framed.error().kind, framed.error().text});
    }
    call.info = framed.value();
    call.key = request.key;
    call.deadline = engine.deadline_of(options);
    call.is_repeatable = options.is_repeatable;
    if (node != nullptr) {
      call.aim = Aim::node;
      call.to = *node;
    }
    call.handler = [then = std::move(then)](Arrival& arrival) mutable {
      if (arrival.failure != nullptr) {
        then(std::move(*arrival.failure));
      } else {
        then(arrival.message);
      }
      return Handled::done;
    };
    engine.submit(call);
  }

  // Runs `answer(ring)` on the client's thread, once the ring is known or has been fetched.
  template <class T, class Answer>
  Outcome<T> with_ring(Aim aim, const CallOptions& options, Answer answer) {
    return wait_for<Outcome<T>>(engine, [&](Then<T> then) {
      Call& call = engine.take_call();
      call.aim = aim;
      call.deadline = engine.deadline_of(options);
      call.handler = [this, &answer, then = std::move(then)](Arrival& arrival) mutable {
        if (arrival.failure != nullptr) {
          then(std::move(*arrival.failure));
        } else {
          then(answer(*engine.known_ring()));
        }
        return Handled::done;
      };
      engine.submit(call);
    });
  }

  Engine engine;
  std::atomic<std::uint64_t> turn{0};
};

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() {
  // In a child the thread cannot be joined, nor anything that it used be destroyed: the memory stays until the child
  // ends.
  if (impl_->engine.is_in_child()) static_cast<void>(impl_.release());
}

Stats Client::stats() const { return impl_->engine.stats(); }

// --- one key ---------------------------------------------------------------------------------------------------------

void Client::read(std::string_view key, Then<Read> then, CallOptions options) {
  if (condition_of(options).is_set()) return then(refused_option("only writes and erases take conditions"));
  impl_->ask_store<Read>(key, std::move(then), options, true,
                         [key, &options](Codec& codec, const auto& service, auto& frame) {
                           return options.any_copy ? encode_read_of_any_copy(codec, service, key, frame)
                                                   : encode_key(codec, service, "read", key, frame);
                         });
}
std::future<Outcome<Read>> Client::read_future(std::string_view key, CallOptions options) {
  return future_of<Outcome<Read>>([&](auto then) { read(key, std::move(then), options); });
}
Outcome<Read> Client::read(std::string_view key, CallOptions options) {
  return wait_for<Outcome<Read>>(impl_->engine, [&](auto then) { read(key, std::move(then), options); });
}

// Without a name, a write is not retried when an attempt may have been executed: that attempt may still be under way,
// and take effect after someone else's write that followed the answer to ours.
void Client::write(std::string_view key, std::string_view value, Then<Written> then, CallOptions options) {
  const OperationId operation = impl_->engine.name_operation();
  impl_->ask_store<Written>(
      key, std::move(then), options, false,
      [&, key, value](Codec& codec, const auto& service, auto& frame) {
        const WriteOptions sent{condition_of(options), ttl_ms_of(options), operation};
        return encode_write(codec, service, key, value, sent, frame);
      },
      operation);
}
std::future<Outcome<Written>> Client::write_future(std::string_view key, std::string_view value, CallOptions options) {
  return future_of<Outcome<Written>>([&](auto then) { write(key, value, std::move(then), options); });
}
Outcome<Written> Client::write(std::string_view key, std::string_view value, CallOptions options) {
  return wait_for<Outcome<Written>>(impl_->engine, [&](auto then) { write(key, value, std::move(then), options); });
}

void Client::erase(std::string_view key, Then<Erased> then, CallOptions options) {
  const OperationId operation = impl_->engine.name_operation();
  impl_->ask_store<Erased>(
      key, std::move(then), options, false,
      [&, key](Codec& codec, const auto& service, auto& frame) {
        const WriteOptions sent{.condition = condition_of(options), .operation = operation};
        return encode_erase(codec, service, key, sent, frame);
      },
      operation);
}
std::future<Outcome<Erased>> Client::erase_future(std::string_view key, CallOptions options) {
  return future_of<Outcome<Erased>>([&](auto then) { erase(key, std::move(then), options); });
}
Outcome<Erased> Client::erase(std::string_view key, CallOptions options) {
  return wait_for<Outcome<Erased>>(impl_->engine, [&](auto then) { erase(key, std::move(then), options); });
}

// --- many keys -------------------------------------------------------------------------------------------------------

void Client::read_many(std::vector<std::string> keys, Callback<void(Many<Read>)> then, CallOptions options) {
  impl_->batch<ReadBatch>(std::move(keys), std::move(then), options);
}
std::future<Client::Many<Read>> Client::read_many_future(std::vector<std::string> keys, CallOptions options) {
  return future_of<Many<Read>>([&](auto then) { read_many(std::move(keys), std::move(then), options); });
}
Client::Many<Read> Client::read_many(std::vector<std::string> keys, CallOptions options) {
  return wait_for<Many<Read>>(impl_->engine, [&](auto then) { read_many(std::move(keys), std::move(then), options); });
}

void Client::write_many(std::vector<Item> items, Callback<void(Many<Written>)> then, CallOptions options) {
  impl_->batch<WriteBatch>(std::move(items), std::move(then), options);
}
std::future<Client::Many<Written>> Client::write_many_future(std::vector<Item> items, CallOptions options) {
  return future_of<Many<Written>>([&](auto then) { write_many(std::move(items), std::move(then), options); });
}
Client::Many<Written> Client::write_many(std::vector<Item> items, CallOptions options) {
  return wait_for<Many<Written>>(impl_->engine,
                                 [&](auto then) { write_many(std::move(items), std::move(then), options); });
}

void Client::erase_many(std::vector<std::string> keys, Callback<void(Many<Erased>)> then, CallOptions options) {
  impl_->batch<EraseBatch>(std::move(keys), std::move(then), options);
}
std::future<Client::Many<Erased>> Client::erase_many_future(std::vector<std::string> keys, CallOptions options) {
  return future_of<Many<Erased>>([&](auto then) { erase_many(std::move(keys), std::move(then), options); });
}
Client::Many<Erased> Client::erase_many(std::vector<std::string> keys, CallOptions options) {
  return wait_for<Many<Erased>>(impl_->engine,
                                [&](auto then) { erase_many(std::move(keys), std::move(then), options); });
}

// --- all keys --------------------------------------------------------------------------------------------------------

// Any node will do: it passes the call on once it has shown what it holds itself. The cursor in place of a key spreads
// the pages over all nodes.
void Client::scan(std::string_view cursor, ScanOptions which, Then<ScanPage> then, CallOptions options) {
  if (condition_of(options).is_set()) return then(refused_option("only writes and erases take conditions"));
  impl_->ask_store<ScanPage>(cursor, std::move(then), options, true,
                             [cursor, &which](Codec& codec, const auto& service, auto& frame) {
                               return encode_scan(codec, service, cursor, which, frame);
                             });
}
std::future<Outcome<ScanPage>> Client::scan_future(std::string_view cursor, ScanOptions which, CallOptions options) {
  return future_of<Outcome<ScanPage>>([&](auto then) { scan(cursor, which, std::move(then), options); });
}
Outcome<ScanPage> Client::scan(std::string_view cursor, ScanOptions which, CallOptions options) {
  return wait_for<Outcome<ScanPage>>(impl_->engine, [&](auto then) { scan(cursor, which, std::move(then), options); });
}

// --- any service -----------------------------------------------------------------------------------------------------

namespace {

// For the forms whose result outlives the message's bytes.
template <class Owned>
Then<std::string_view> copying(Owned then) {
  return [then = std::move(then)](Outcome<std::string_view> told) mutable {
    if (told.ok()) {
      then(std::string(told.value()));
    } else {
      then(std::move(told).failure());
    }
  };
}

}  // namespace

void Client::call(const Request& request, Then<std::string_view> then, CallOptions options) {
  impl_->ask(request, std::move(then), options, nullptr);
}
std::future<Outcome<std::string>> Client::call_future(const Request& request, CallOptions options) {
  return future_of<Outcome<std::string>>([&](auto then) { call(request, copying(std::move(then)), options); });
}
Outcome<std::string> Client::call(const Request& request, CallOptions options) {
  return wait_for<Outcome<std::string>>(impl_->engine,
                                        [&](auto then) { call(request, copying(std::move(then)), options); });
}

void Client::call_node(const NodeAddress& node, const Request& request, Then<std::string_view> then,
                       CallOptions options) {
  impl_->ask(request, std::move(then), options, &node);
}
Outcome<std::string> Client::call_node(const NodeAddress& node, const Request& request, CallOptions options) {
  return wait_for<Outcome<std::string>>(
      impl_->engine, [&](auto then) { call_node(node, request, copying(std::move(then)), options); });
}

// --- the ring --------------------------------------------------------------------------------------------------------

Outcome<RingFacts> Client::ring(CallOptions options) {
  return impl_->with_ring<RingFacts>(Aim::ring, options, [](const Ring& ring) { return ring.facts(); });
}

Outcome<RingFacts> Client::refresh(CallOptions options) {
  return impl_->with_ring<RingFacts>(Aim::refresh, options, [](const Ring& ring) { return ring.facts(); });
}

Outcome<std::vector<NodeAddress>> Client::owners_of(std::vector<std::string> keys, CallOptions options) {
  using Owners = std::vector<NodeAddress>;
  return impl_->with_ring<Owners>(Aim::ring, options, [&keys](const Ring& ring) -> Outcome<Owners> {
    if (!ring.knows_owners()) {
      return Failure{Effect::none, ErrorKind::unsupported,
                     "this client does not know the placement '" + ring.facts().placement + "'"};
    }
    Owners owners;
    owners.reserve(keys.size());
    for (const std::string& key : keys) {
      const auto owner = ring.owner_of(key);
      if (!owner) return Failure{Effect::none, ErrorKind::unreachable, "no node owns the key at the moment"};
      owners.push_back(ring.nodes()[*owner]);
    }
    return owners;
  });
}

Outcome<NodeAddress> Client::owner_of(std::string_view key, CallOptions options) {
  auto owners = owners_of({std::string(key)}, options);
  if (!owners.ok()) return owners.failure();
  return std::move(owners.value().front());
}

}  // namespace p2p::client
