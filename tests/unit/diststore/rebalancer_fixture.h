// A rebalancer, and the nodes to which it gives keys as the test plays them.
#pragma once

#include "classic/rebalancer.h"
#include "classic/receipt_wire.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class RebalancerTest : public ::testing::Test, protected StoreFixture {
 protected:
  explicit RebalancerTest(std::unique_ptr<Engine> engine = std::make_unique<MemoryEngine>(1))
      : StoreFixture(kSelf, std::move(engine)),
        receipts(std::make_shared<ReceiptBook>()),
        rebalancer(std::make_shared<Rebalancer>(log, strand, classic, receipts)) {
    for (const NodeAddress& node : {kOther, kThird, kFourth}) classic->classics->note_ours(node);
    rebalancer->start();
  }
  ~RebalancerTest() override {
    rebalancer->stop();
    run();
  }

  // Until nothing is due at this moment.
  void run() { strand->advance(Duration::zero()); }

  // One that waits for its answer.
  struct Batch {
    Asked asked;
    std::vector<wire::MovedItem> items;
    wire::TransferHead head;
  };
  Batch read_batch(Asked asked) {
    const Arguments<wire::StorePeer_transfer_args> args(asked);
    return {std::move(asked), args->items, args->head};
  }
  Batch take_batch() { return read_batch(peers.take("transfer")); }
  Batch take_batch_to(const NodeAddress& to) { return read_batch(peers.take("transfer", to)); }

  // What a receiver says that takes all of `batch`, and held some of it already.
  static wire::TransferReply confirmation_of(const Batch& batch, std::size_t kept = 0) {
    wire::TransferReply reply;
    reply.stored = static_cast<std::int32_t>(batch.items.size() - kept);
    reply.kept = static_cast<std::int32_t>(kept);
    std::uint64_t digest = 0;
    for (const auto& item : batch.items)
      digest += digest_of(item.key, item.value, from_wire(item.version), item.erased);
    reply.digest = static_cast<std::int64_t>(digest);
    reply.view = 7;
    return reply;
  }
  void answer(const Batch& batch, const wire::TransferReply& reply) {
    batch.asked.done(reply_with<wire::StorePeer_transfer_result>("transfer", reply));
    run();
  }
  void fail(const Batch& batch, ErrorKind kind) {
    batch.asked.done(Error{kind, "test"});
    run();
  }
  std::size_t confirm(const Batch& batch) {
    answer(batch, confirmation_of(batch));
    return batch.items.size();
  }
  // The donor's receipt, as the receiver would write it too.
  wire::Receipt take_finish(Asked& asked) {
    asked = peers.take("finish");
    const Arguments<wire::StorePeer_finish_args> args(asked);
    return args->donors;
  }
  void answer_finish(const Asked& asked, const wire::Receipt& receipt) {
    asked.done(reply_with<wire::StorePeer_finish_result>("finish", receipt));
    run();
  }
  wire::Receipt agree_on_receipt() {
    Asked asked;
    const wire::Receipt donors = take_finish(asked);
    answer_finish(asked, donors);
    return donors;
  }
  // Answers until nothing is asked any more. How many keys were taken.
  std::size_t confirm_all() {
    std::size_t moved = 0;
    while (!peers.asked.empty()) {
      if (peers.asked.front().method() == "finish") {
        agree_on_receipt();
      } else {
        moved += confirm(take_batch());
      }
    }
    return moved;
  }

  void rescan() {
    rebalancer->rescan();
    run();
  }
  void move_to(NodeAddress rest, std::map<std::string, NodeAddress, std::less<>> owners = {}) {
    own(std::move(rest), std::move(owners));
    rescan();
  }
  // `*is_done` tells whether it has ended.
  std::shared_ptr<bool> hand_over() {
    auto is_done = std::make_shared<bool>(false);
    rebalancer->hand_over(Completion([is_done] { *is_done = true; }));
    run();
    return is_done;
  }
  // A batch carries one of these: transfer_batch_bytes is 100.
  void hold_large_keys(int count) {
    for (int i = 0; i < count; ++i) hold("key" + std::to_string(i), std::string(90, 'x'));
  }
  std::uint64_t keys_here() { return classic->local->engine().totals().keys; }

  std::shared_ptr<ReceiptBook> receipts;
  std::shared_ptr<Rebalancer> rebalancer;
};

}  // namespace p2p::diststore
