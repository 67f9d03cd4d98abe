#include "classic/peer_transfer.h"

#include "classic/classic_puts.h"
#include "classic/receipt_wire.h"
#include "classic/test_point.h"
#include "serving/batch_verbs.h"

#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// Items that one transfer may bring: several times what our own rebalancer sends, so that a later version may send
// more.
constexpr std::size_t kTransferItemsMax = 100 * kBatchKeysMax;

// The longest host name (RFC 1035) with a port.
constexpr std::size_t kNodeNameBytesMax = 253 + 6;

// Keys that one fetch may ask for: as many as a whole batch may have.
constexpr std::size_t kFetchKeysMax = 100'000;

// Names from other nodes' messages are kept in receipts and written to a file.
bool is_name(const std::string& text) {
  const auto is_plain = [](char byte) { return byte > ' ' && byte <= '~' && byte != '"' && byte != '\\'; };
  return text.size() <= kNodeNameBytesMax && std::all_of(text.begin(), text.end(), is_plain) &&
         parse_node_address(text).ok();
}

// --- transfer and finish ---------------------------------------------------------------------------------------------

// Takes one item, if it is ours; false: nothing was done. Sizes are not checked: what another node acknowledged under a
// higher limit must not be lost because ours is lower, and the host bounds the whole message.
bool take(ClassicStore& store, const OwnershipSnapshot& ownership, wire::MovedItem& item, Receipt& batch,
          wire::TransferReply& reply) {
  // No clock issues a negative stamp, and the successor of the highest one would be the lowest.
  if (item.version.stamp < 0) return false;
  if (!ownership.is_established || !ownership.owner_of(item.key).is_self) return false;
  const std::uint64_t bytes = item.key.size() + item.value.size();
  const std::uint64_t sent = digest_of(item.key, item.value, from_wire(item.version), item.erased);
  std::uint64_t here = sent;
  // What comes late was the last by a ring that may have had further owners since (H8).
  const bool is_latest = item.__isset.latest && item.latest && batch.view == ownership.ring->fingerprint();
  const auto outcome = store.local->merge(item, ownership.view_version, is_latest, here);
  if (!outcome.ok()) log_engine_failure(*store.forwarder, "transfer", outcome.error());
  if (!outcome.ok() || outcome.value() == Outcome::fenced) return false;
  ++(outcome.value() == Outcome::kept ? reply.kept : reply.stored);
  batch.add(1, 0, bytes, sent, here);
  return true;
}

// Takes only what this node owns by its own ring, so that no key ends up where nobody looks for it; the donor keeps the
// rest until the views agree (H16).
void transfer(ClassicStore& store, ReceiptBook& receipts, wire::StorePeer_transfer_args& args,
              Answer<wire::StorePeer_transfer_presult> answer) {
  if (args.items.size() > kTransferItemsMax) {
    return answer.fail(CallFault::protocol_error,
                       fmt::format("the transfer has {} items, the limit is {}", args.items.size(), kTransferItemsMax));
  }
  if (!is_name(args.head.donor)) {
    return answer.fail(CallFault::protocol_error, "the donor of a transfer is an address and a port");
  }
  P2P_TEST_POINT("receiver.batch_arrived");
  const auto ownership = store.ownership->share();
  Receipt batch;
  batch.session = static_cast<std::uint64_t>(args.head.session);
  batch.donor = args.head.donor;
  batch.receiver = store.self.name();
  batch.view = static_cast<std::uint64_t>(args.head.view);
  wire::TransferReply reply;
  reply.stored = 0;
  reply.kept = 0;
  for (std::size_t at = 0; at < args.items.size(); ++at) {
    if (!take(store, *ownership, args.items[at], batch, reply)) reply.undone.push_back(static_cast<std::int32_t>(at));
  }
  batch.kept = static_cast<std::uint64_t>(reply.kept);
  reply.digest = static_cast<std::int64_t>(batch.digest_after);
  reply.view = fingerprint_of(*ownership->ring);
  if (!reply.undone.empty()) {
    reply.__set_members(store.locator->encode_table());
    if (args.head.__isset.members)
      store.locator->merge_table(parse_node_address(args.head.donor).value(), args.head.members);
  }
  store.local->count_moved_in(reply.stored);
  if (batch.keys > 0) receipts.received(batch, receipt_time());
  P2P_TEST_POINT("receiver.batch_taken");
  answer(reply);
  P2P_TEST_POINT("receiver.batch_answered");
}

void finish(ReceiptBook& receipts, wire::StorePeer_finish_args& args, Answer<wire::StorePeer_finish_presult> answer) {
  P2P_TEST_POINT("receiver.finishing");
  const auto ours = receipts.finished(from_wire(args.donors), receipt_time());
  if (!ours) return answer.fail(CallFault::protocol_error, "nothing of this transfer has arrived here");
  answer(to_wire(*ours));
}

// --- transfer request and fetch --------------------------------------------------------------------------------------

void claim(ClassicStore& store, Rebalancer& rebalancer, wire::StorePeer_claim_args& args,
           Answer<wire::StorePeer_claim_presult> answer) {
  const auto receiver = parse_node_address(args.claim.receiver);
  if (!receiver.ok()) return answer.fail(CallFault::protocol_error, receiver.error().text);
  store.classics->note_ours(receiver.value());
  const auto ownership = store.ownership->share();
  wire::TransferRequestReply reply;
  reply.fenced = true;  // of a receiver that works by the same view, which it sees itself (H3)
  // In this order: what such a put brings is seen after it.
  reply.handed_over = !may_get_puts_for_others(store, *ownership) && rebalancer.is_handed_over(ownership->view_version);
  reply.view = fingerprint_of(*ownership->ring);
  if (reply.view != args.claim.view) {
    reply.__set_members(store.locator->encode_table());
    if (args.claim.__isset.members) store.locator->merge_table(receiver.value(), args.claim.members);
  }
  for (const NodeAddress& source : ownership->all_sources()) {  // (H13)
    if (source != receiver.value()) reply.sources.push_back(source.name());
  }
  answer(reply);
  if (!reply.handed_over) rebalancer.scan_for_receiver();
}

wire::FetchedKey fetched(const ClassicStore& store, const OwnershipSnapshot& ownership, const std::string& key) {
  wire::FetchedKey answer;
  // Not while this node would still accept writes for the key (H12).
  answer.yielded = ownership.has_joined() && !ownership.owner_of(key).is_self;
  if (!answer.yielded) return answer;
  auto looked_up = store.local->engine().copy(key);
  if (!looked_up.ok()) {
    log_engine_failure(*store.forwarder, "fetch", looked_up.error());
    answer.yielded = false;  // it is asked for again
    return answer;
  }
  std::optional<StoredEntry>& stored = looked_up.value();
  const ViewVersion needed = ownership.confirmed_from(key);
  const bool is_confirmed = needed == kNeverConfirmed || (stored && stored->confirmed_in >= needed);
  if (!is_confirmed) {  // (H10)
    for (const NodeAddress& owner : former_owners(store, ownership, key)) answer.awaits.push_back(owner.name());
  }
  if (stored && stored->version != Version()) answer.__set_item(to_wire(std::string(), std::move(*stored)));
  return answer;
}

void pull(ClassicStore& store, wire::StorePeer_pull_args& args, Answer<wire::StorePeer_pull_presult> answer) {
  if (args.keys.size() > kFetchKeysMax) {
    return answer.fail(CallFault::protocol_error,
                       fmt::format("the pull has {} keys, the limit is {}", args.keys.size(), kFetchKeysMax));
  }
  const auto ownership = store.ownership->share();
  std::vector<wire::FetchedKey> all;
  std::size_t bytes = 0;
  for (const std::string& key : args.keys) {
    wire::FetchedKey one;
    one.yielded = false;  // what does not fit is asked for again
    if (bytes < store.options.part_reply_bytes_max) one = fetched(store, *ownership, key);
    const std::size_t more = one.item.value.size() + kResultBytesMax;
    if (bytes > 0 && bytes + more > store.options.whole_reply_bytes_max) {
      one = {};
      one.yielded = false;
    }
    bytes += one.item.value.size() + kResultBytesMax;
    all.push_back(std::move(one));
  }
  answer(all);
}

}  // namespace

void add_transfer_methods(Methods& methods, const std::shared_ptr<ClassicStore>& store,
                          const std::shared_ptr<Rebalancer>& rebalancer, const std::shared_ptr<ReceiptBook>& receipts) {
  methods.on<wire::StorePeer_transfer_args, wire::StorePeer_transfer_presult>(
      "transfer", [store, receipts](auto& args, auto answer) { transfer(*store, *receipts, args, std::move(answer)); });
  methods.on<wire::StorePeer_finish_args, wire::StorePeer_finish_presult>(
      "finish", [receipts](auto& args, auto answer) { finish(*receipts, args, std::move(answer)); });
  methods.on<wire::StorePeer_claim_args, wire::StorePeer_claim_presult>(
      "claim", [store, rebalancer](auto& args, auto answer) { claim(*store, *rebalancer, args, std::move(answer)); });
  methods.on<wire::StorePeer_pull_args, wire::StorePeer_pull_presult>(
      "pull", [store](auto& args, auto answer) { pull(*store, args, std::move(answer)); });
  methods.on<wire::StorePeer_receipts_args, wire::StorePeer_receipts_presult>(
      "receipts", [receipts](auto&, auto answer) {
        std::vector<wire::Receipt> all;
        for (const Receipt& receipt : receipts->all()) all.push_back(to_wire(receipt));
        answer(all);
      });
}

}  // namespace p2p::diststore
