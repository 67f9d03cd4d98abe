#include "moving/peer_transfer.h"

#include "moving/receipt_wire.h"
#include "moving/test_point.h"
#include "serving/batch_verbs.h"
#include "serving/puts_of_2009.h"

#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::diststore {
namespace {

// Items that one transfer may bring: several times what our own mover sends, so that a later one may send more.
constexpr std::size_t kTransferItemsMax = 100 * kBatchKeysMax;

// The longest host name (RFC 1035) with a port.
constexpr std::size_t kNodeNameBytesMax = 253 + 6;

// Keys that one pull may ask for: as many as a whole batch may have.
constexpr std::size_t kPullKeysMax = 100'000;

// Names of foreign messages are kept in receipts, and written to a file.
bool is_name(const std::string& text) {
  const auto is_plain = [](char byte) { return byte > ' ' && byte <= '~' && byte != '"' && byte != '\\'; };
  return text.size() <= kNodeNameBytesMax && std::all_of(text.begin(), text.end(), is_plain) &&
         parse_location(text).ok();
}

// --- transfer and finish ---------------------------------------------------------------------------------------------

// Takes one item, if it is ours; false: nothing was done. Sizes are not looked at: what another node has acknowledged
// under a wider limit must not be lost because ours is narrower, and the host bounds the whole message.
bool take(Store& store, const Standing& standing, wire::MovedItem& item, Receipt& batch, wire::TransferReply& reply) {
  // No clock issues a negative stamp, and the next one above the greatest would be the least.
  if (item.version.stamp < 0) return false;
  if (!standing.is_established || !standing.owner_of(item.key).is_self) return false;
  const std::uint64_t bytes = item.key.size() + item.value.size();
  const std::uint64_t sent = digest_of(item.key, item.value, from_wire(item.version), item.erased);
  std::uint64_t here = sent;
  const bool is_latest = item.__isset.latest && item.latest;
  switch (store.local->merge(item, standing.era, is_latest, here)) {
    case MergeOutcome::fenced:
      return false;
    case MergeOutcome::stored:
      ++reply.stored;
      break;
    case MergeOutcome::kept:
      ++reply.kept;
      break;
  }
  batch.add(1, 0, bytes, sent, here);
  return true;
}

// Only what this node owns by its own ring is taken, so that no key lies where nobody looks for it; the donor keeps the
// rest until the views agree.
void transfer(Store& store, ReceiptBook& receipts, wire::StorePeer_transfer_args& args,
              Answer<wire::StorePeer_transfer_presult> answer) {
  if (args.items.size() > kTransferItemsMax) {
    return answer.fail(CallFault::protocol_error,
                       fmt::format("the transfer has {} items, the limit is {}", args.items.size(), kTransferItemsMax));
  }
  if (!is_name(args.head.donor)) {
    return answer.fail(CallFault::protocol_error, "the donor of a transfer is an address and a port");
  }
  P2P_TEST_POINT("receiver.batch_arrived");
  const auto standing = store.standing->share();
  Receipt batch;
  batch.session = static_cast<std::uint64_t>(args.head.session);
  batch.donor = args.head.donor;
  batch.receiver = store.self.name();
  batch.view = static_cast<std::uint64_t>(args.head.view);
  wire::TransferReply reply;
  reply.stored = 0;
  reply.kept = 0;
  for (std::size_t at = 0; at < args.items.size(); ++at) {
    if (!take(store, *standing, args.items[at], batch, reply)) reply.undone.push_back(static_cast<std::int32_t>(at));
  }
  batch.kept = static_cast<std::uint64_t>(reply.kept);
  reply.digest = static_cast<std::int64_t>(batch.digest_after);
  reply.view = fingerprint_of(*standing->ring);
  if (!reply.undone.empty()) {
    reply.__set_members(store.locator->encode_table());
    if (args.head.__isset.members)
      store.locator->merge_table(parse_location(args.head.donor).value(), args.head.members);
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

// --- claim and pull --------------------------------------------------------------------------------------------------

void claim(Store& store, Mover& mover, wire::StorePeer_claim_args& args, Answer<wire::StorePeer_claim_presult> answer) {
  const auto claimant = parse_location(args.claim.claimant);
  if (!claimant.ok()) return answer.fail(CallFault::protocol_error, claimant.error().text);
  store.classics->note_ours(claimant.value());
  const auto standing = store.standing->share();
  const auto& members = standing->ring->members();
  wire::ClaimReply reply;
  reply.fenced = std::find(members.begin(), members.end(), claimant.value()) != members.end();
  // In this order: what such a put brings is seen behind it.
  reply.clean = reply.fenced && !may_get_puts_for_others(store, *standing) && mover.is_clean(standing->era);
  reply.view = fingerprint_of(*standing->ring);
  if (reply.view != args.claim.view) {
    reply.__set_members(store.locator->encode_table());
    if (args.claim.__isset.members) store.locator->merge_table(claimant.value(), args.claim.members);
  }
  for (const Location& source : standing->all_sources()) {
    if (source != claimant.value()) reply.sources.push_back(source.name());
  }
  answer(reply);
  if (reply.fenced && !reply.clean) mover.look_for_claimant();
}

wire::Pulled pulled(const Store& store, const Standing& standing, const std::string& key) {
  wire::Pulled answer;
  // Not while this node would still take writes for the key.
  answer.yielded = standing.has_joined() && !standing.owner_of(key).is_self;
  if (!answer.yielded) return answer;
  auto held = store.local->engine().copy(key);
  const Era needed = standing.settled_from(key);
  const bool is_settled = needed == kNeverSettled || (held && held->settled_in >= needed);
  if (!is_settled) {
    for (const Location& owner : former_owners(store, standing, key)) answer.awaits.push_back(owner.name());
  }
  if (held && held->version != Version()) answer.__set_item(to_wire(std::string(), std::move(*held)));
  return answer;
}

void pull(Store& store, wire::StorePeer_pull_args& args, Answer<wire::StorePeer_pull_presult> answer) {
  if (args.keys.size() > kPullKeysMax) {
    return answer.fail(CallFault::protocol_error,
                       fmt::format("the pull has {} keys, the limit is {}", args.keys.size(), kPullKeysMax));
  }
  const auto standing = store.standing->share();
  std::vector<wire::Pulled> all;
  std::size_t bytes = 0;
  for (const std::string& key : args.keys) {
    wire::Pulled one;
    one.yielded = false;  // what does not fit is asked for again
    if (bytes < store.options.part_reply_bytes_max) one = pulled(store, *standing, key);
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

void add_transfer_methods(Methods& methods, const std::shared_ptr<Store>& store, const std::shared_ptr<Mover>& mover,
                          const std::shared_ptr<ReceiptBook>& receipts) {
  methods.on<wire::StorePeer_transfer_args, wire::StorePeer_transfer_presult>(
      "transfer", [store, receipts](auto& args, auto answer) { transfer(*store, *receipts, args, std::move(answer)); });
  methods.on<wire::StorePeer_finish_args, wire::StorePeer_finish_presult>(
      "finish", [receipts](auto& args, auto answer) { finish(*receipts, args, std::move(answer)); });
  methods.on<wire::StorePeer_claim_args, wire::StorePeer_claim_presult>(
      "claim", [store, mover](auto& args, auto answer) { claim(*store, *mover, args, std::move(answer)); });
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
