// How do reading, writing and erasing many keys differ? In their wire types, and in what is done with one key
// (keys_here.h); everything else is shared, in batch_job.h for whole batches and in peer_methods.cc for the parts that
// other nodes send.
#pragma once

#include "serving/key_messages.h"
#include "serving/key_routing.h"
#include "serving/refusals.h"
#include "serving/store_forwarder.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <StorePeer.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// Each verb has: one `Input` per key; input(), where these are in the arguments of a whole batch or a part;
// ask_foreign(), which asks a node that runs another store.
struct ReadMany {
  using Input = std::string;
  using Result = wire::ReadResult;
  using Args = wire::Store_read_many_args;
  using Presult = wire::Store_read_many_presult;
  using PeerArgs = wire::StorePeer_read_here_args;
  using PeerPresult = wire::StorePeer_read_here_presult;
  using PeerReply = wire::StorePeer_read_here_result;
  using Part = wire::ReadPart;
  static constexpr bool kStores = false;  // values, which may expire
  static constexpr const char* kPeerName = "read_here";
  static constexpr Repeat kRepeat = Repeat::always;

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.keys;
  }
  static const std::string& key(const Input& input) { return input; }
  static std::optional<wire::StoreError> refusal(const StoreOptions& options, const Input& key) {
    return refusal_of_key(options, key);
  }
  static void ask_foreign(ForeignStore& store, const NodeAddress& owner, const Input& key, TimePoint deadline,
                          std::function<void(p2p::Result<Result>)> done) {
    store.read(owner, key, deadline, std::move(done));
  }
  static std::size_t reply_bytes(const Result& result) { return result.value.size(); }
};

struct WriteMany {
  using Input = wire::Item;
  using Result = wire::WriteResult;
  using Args = wire::Store_write_many_args;
  using Presult = wire::Store_write_many_presult;
  using PeerArgs = wire::StorePeer_write_here_args;
  using PeerPresult = wire::StorePeer_write_here_presult;
  using PeerReply = wire::StorePeer_write_here_result;
  using Part = wire::WritePart;
  static constexpr bool kStores = true;  // values, which may expire
  static constexpr const char* kPeerName = "write_here";
  static constexpr Repeat kRepeat = Repeat::if_closed;

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.items;
  }
  static const std::string& key(const Input& input) { return input.key; }
  static std::optional<wire::StoreError> refusal(const StoreOptions& options, const Input& item) {
    return refusal_of_entry(options, item.key, item.value);
  }
  static void ask_foreign(ForeignStore& store, const NodeAddress& owner, const Input& item, TimePoint deadline,
                          std::function<void(p2p::Result<Result>)> done) {
    store.write(owner, item.key, item.value, deadline, std::move(done));
  }
  static std::size_t reply_bytes(const Result&) { return 0; }
};

struct EraseMany {
  using Input = std::string;
  using Result = wire::EraseResult;
  using Args = wire::Store_erase_many_args;
  using Presult = wire::Store_erase_many_presult;
  using PeerArgs = wire::StorePeer_erase_here_args;
  using PeerPresult = wire::StorePeer_erase_here_presult;
  using PeerReply = wire::StorePeer_erase_here_result;
  using Part = wire::ErasePart;
  static constexpr bool kStores = false;  // values, which may expire
  static constexpr const char* kPeerName = "erase_here";
  static constexpr Repeat kRepeat = Repeat::never;  // the second time it would answer "not found"

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.keys;
  }
  static const std::string& key(const Input& input) { return input; }
  static std::optional<wire::StoreError> refusal(const StoreOptions& options, const Input& key) {
    return refusal_of_key(options, key);
  }
  static void ask_foreign(ForeignStore& store, const NodeAddress& owner, const Input& key, TimePoint deadline,
                          std::function<void(p2p::Result<Result>)> done) {
    store.erase(owner, key, deadline, std::move(done));
  }
  static std::size_t reply_bytes(const Result&) { return 0; }
};

// Of the generated options: a batch is no transaction, so which of its keys a condition stopped could not be told.
inline std::optional<wire::StoreError> refusal_of_conditions(const wire::WriteOptions& options) {
  if (!options.__isset.if_version && !(options.__isset.if_absent && options.if_absent)) return std::nullopt;
  return store_error(wire::StoreErrorKind::unsupported, "a batch takes no conditions: write its keys one by one");
}
inline std::optional<wire::StoreError> refusal_of_conditions(const wire::ReadOptions&) { return std::nullopt; }

// What all keys of a batch have in common.
struct BatchOptions {
  std::int64_t ttl_ms = 0;  // of values that are written; 0: for ever
  bool any_copy = false;    // of reads
};

// To and from the options of a batch, or of a part of one. Nothing: the time to live is out of its range.
inline std::optional<BatchOptions> options_of(const wire::WriteOptions& options) {
  const auto ttl_ms = ttl_of(options);
  return ttl_ms ? std::optional(BatchOptions{.ttl_ms = *ttl_ms}) : std::nullopt;
}
inline std::optional<BatchOptions> options_of(const wire::ReadOptions& options) {
  return BatchOptions{.any_copy = options.__isset.any_copy && options.any_copy};
}
inline void set_options(wire::WriteOptions& sent, BatchOptions options) {
  if (options.ttl_ms != 0) sent.__set_ttl_ms(options.ttl_ms);
}
inline void set_options(wire::ReadOptions&, BatchOptions) {}  // those that other nodes are asked for are their own

// Why the network, by what `keys` says of it, or the verb takes no time to live; empty: there is none, or it does.
template <class Verb, class Keys>
std::string_view why_no_ttl(const Keys& keys, BatchOptions options) {
  if (options.ttl_ms == 0) return {};
  return Verb::kStores ? keys.refusal_of_ttl() : std::string_view(kErasedForEver);
}

// What is wrong with a batch, or with a part of one; checked before anything is done, so that a batch with an invalid
// key changes nothing.
template <class Verb>
std::optional<wire::StoreError> refusal_of_batch(const StoreOptions& options,
                                                 const std::vector<typename Verb::Input>& inputs) {
  if (auto refusal = refusal_of_count(options, inputs.size())) return refusal;
  for (const auto& input : inputs) {
    if (auto refusal = Verb::refusal(options, input)) return refusal;
  }
  return std::nullopt;
}

// Answers a batch whose values do not fit one reply.
template <class Presult>
void refuse_as_too_large(Answer<Presult>& answer, const StoreOptions& options) {
  answer.raise(1, store_error(wire::StoreErrorKind::too_large,
                              "the results have more than the " + format_bytes(options.batch_reply_bytes_max) +
                                  " that one reply may carry; read fewer keys at once"));
}

}  // namespace p2p::diststore
