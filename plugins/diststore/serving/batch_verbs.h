// How do reading, writing and erasing many keys differ? In their wire types and in what is done with one key;
// everything else is shared, in batch_job.h for whole batches and in peer_methods.cc for the parts that other nodes
// send.
#pragma once

#include "serving/classic_verbs.h"
#include "serving/local_store.h"
#include "serving/ownership_snapshot.h"
#include "serving/router.h"

#include <p2p/handlers.h>

#include <Store.h>
#include <StorePeer.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::diststore {

// Each verb has: one `Input` per key; input(), where these are in the arguments of a whole batch or a part; do_here(),
// which answers one by an ownership proof for its key; ask_classic(), which asks a node of the 2009 system.
struct ReadMany {
  using Input = std::string;
  using Result = wire::ReadResult;
  using Args = wire::Store_read_many_args;
  using Presult = wire::Store_read_many_presult;
  using PeerArgs = wire::StorePeer_read_here_args;
  using PeerPresult = wire::StorePeer_read_here_presult;
  using PeerReply = wire::StorePeer_read_here_result;
  using Part = wire::ReadPart;
  static constexpr const char* kPeerName = "read_here";
  static constexpr Repeat kRepeat = Repeat::always;

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.keys;
  }
  static const std::string& key(const Input& input) { return input; }
  static std::optional<wire::StoreError> refusal(const LocalStore&, const Input&) { return std::nullopt; }
  static p2p::Result<Outcome> do_here(LocalStore& local, Input& key, OwnershipProof right, Result& result) {
    return local.read(key, right, result);
  }
  static void ask_classic(const std::shared_ptr<Store>& store, const NodeAddress& owner, const Input& key,
                          TimePoint deadline, std::function<void(p2p::Result<Result>)> done) {
    classic_read(store, owner, key, deadline, std::move(done));
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
  static constexpr const char* kPeerName = "write_here";
  static constexpr Repeat kRepeat = Repeat::if_closed;

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.items;
  }
  static const std::string& key(const Input& input) { return input.key; }
  static std::optional<wire::StoreError> refusal(const LocalStore& local, const Input& item) {
    return local.refusal(item.key, item.value);
  }
  static p2p::Result<Outcome> do_here(LocalStore& local, Input& item, OwnershipProof right, Result& result) {
    return local.write(item.key, item.value, right, result);
  }
  static void ask_classic(const std::shared_ptr<Store>& store, const NodeAddress& owner, const Input& item,
                          TimePoint deadline, std::function<void(p2p::Result<Result>)> done) {
    classic_write(store, owner, item.key, item.value, deadline, std::move(done));
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
  static constexpr const char* kPeerName = "erase_here";
  static constexpr Repeat kRepeat = Repeat::never;  // the second time it would answer "not found"

  template <class AnyArgs>
  static std::vector<Input>& input(AnyArgs& args) {
    return args.keys;
  }
  static const std::string& key(const Input& input) { return input; }
  static std::optional<wire::StoreError> refusal(const LocalStore&, const Input&) { return std::nullopt; }
  static p2p::Result<Outcome> do_here(LocalStore& local, Input& key, OwnershipProof right, Result& result) {
    return local.erase(key, right, result);
  }
  static void ask_classic(const std::shared_ptr<Store>& store, const NodeAddress& owner, const Input& key,
                          TimePoint deadline, std::function<void(p2p::Result<Result>)> done) {
    classic_erase(store, owner, key, deadline, std::move(done));
  }
  static std::size_t reply_bytes(const Result&) { return 0; }
};

// Does the verb for one key that this node owns by `ownership`.
template <class Verb>
Result<Outcome> do_with_proof(LocalStore& local, const OwnershipSnapshot& ownership, typename Verb::Input& input,
                              typename Verb::Result& result) {
  if (!ownership.is_established) return Outcome::fenced;  // (H27)
  return Verb::do_here(local, input, ownership.proof_for(Verb::key(input)), result);
}

// What is wrong with a batch, or with a part of one; checked before anything is done, so that a batch with an invalid
// key changes nothing.
template <class Verb>
std::optional<wire::StoreError> refusal_of_batch(const LocalStore& local,
                                                 const std::vector<typename Verb::Input>& inputs) {
  if (auto refusal = local.refusal_of_count(inputs.size())) return refusal;
  for (const auto& input : inputs) {
    if (auto refusal = Verb::refusal(local, input)) return refusal;
  }
  return std::nullopt;
}

// Answers a batch whose values do not fit one reply.
template <class Presult>
void refuse_as_too_large(Answer<Presult>& answer, const StoreOptions& options) {
  wire::StoreError error;
  error.kind = wire::StoreErrorKind::too_large;
  error.message = "the results have more than the " + format_bytes(options.batch_reply_bytes_max) +
                  " that one reply may carry; read fewer keys at once";
  answer.raise(1, error);
}

}  // namespace p2p::diststore
