// What do other nodes' stores ask of ours? To take over keys, and their parts of batches. Nothing here is passed on:
// views may differ, and two nodes must not send a key back and forth.
#include "moving/mover.h"
#include "serving/batch_verbs.h"
#include "serving/store.h"

#include <fmt/format.h>

namespace p2p::diststore {
namespace {

// Items that one transfer may bring: several times what our own mover sends, so that a later one may send more.
constexpr std::size_t kTransferItemsMax = 10 * kBatchKeysMax;

// The answers to those keys that this node owns; the others, and what no longer fits, are named as undone. The sender
// has held its client to the limits already: a part beyond ours is wrong, or made under other ones.
template <class Verb>
void answer_part(Store& store, typename Verb::PeerArgs& args, Answer<typename Verb::PeerPresult> answer) {
  const RingView& view = store.locator->view();
  auto& inputs = Verb::input(args);
  if (const auto refusal = refusal_of_batch<Verb>(*store.local, inputs)) {
    return answer.fail(CallFault::protocol_error, refusal->message);
  }
  typename Verb::Part part;
  part.results.resize(inputs.size());
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    const bool is_ours = bytes < kPartReplyBytesMax && view.owner_of(Verb::key(inputs[index])).is_self;
    if (is_ours && Verb::do_here(*store.local, inputs[index], part.results[index])) {
      part.results[index].__set_view(fingerprint_of(view));
      bytes += Verb::reply_bytes(part.results[index]);
    } else {
      part.undone.push_back(static_cast<std::int32_t>(index));
    }
  }
  answer(part);
}

template <class Verb>
void add_part(Methods& methods, const std::shared_ptr<Store>& store) {
  methods.on<typename Verb::PeerArgs, typename Verb::PeerPresult>(
      Verb::kPeerName, [store](auto& args, auto answer) { answer_part<Verb>(*store, args, std::move(answer)); });
}

// Accepts whatever the sender believes to be ours: it deletes its copy, and our own view may be the older one. What
// turns out to belong elsewhere is moved on a little later. Sizes are not looked at: what another node has acknowledged
// under a wider limit must not be lost because ours is narrower, and the host bounds the whole message.
void transfer(Store& store, Mover& mover, wire::StorePeer_transfer_args& args,
              Answer<wire::StorePeer_transfer_presult> answer) {
  if (args.items.size() > kTransferItemsMax) {
    return answer.fail(CallFault::protocol_error,
                       fmt::format("the transfer has {} items, the limit is {}", args.items.size(), kTransferItemsMax));
  }
  const RingView& view = store.locator->view();
  bool is_misplaced = false;
  for (const wire::Item& item : args.items) is_misplaced = is_misplaced || !view.owner_of(item.key).is_self;
  wire::TransferReply reply;
  if (!store.local->merge(args.items, reply)) {
    return answer.fail(CallFault::internal_error, "this node is leaving and takes over no more keys");
  }
  answer(reply);
  if (is_misplaced) mover.look_later();
}

}  // namespace

void add_peer_methods(Methods& methods, const std::shared_ptr<Store>& store, const std::shared_ptr<Mover>& mover) {
  methods.on<wire::StorePeer_transfer_args, wire::StorePeer_transfer_presult>(
      "transfer", [store, mover](auto& args, auto answer) { transfer(*store, *mover, args, std::move(answer)); });
  add_part<ReadMany>(methods, store);
  add_part<WriteMany>(methods, store);
  add_part<EraseMany>(methods, store);
}

}  // namespace p2p::diststore
