// A store in an agreed cluster, whose copies a test plays: what the path of a call asks of them waits here for its
// answer.
#pragma once

#include "agreed/agreed_keys.h"
#include "agreed/agreed_routing.h"
#include "engine/partition_of.h"
#include "store_calls.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

using replication::Answer;
using replication::Batch;
using replication::CopyGate;
using replication::KeyHash;
using replication::KeyWrite;
using replication::ReadGate;
using replication::Verdict;
using replication::WriteVersion;

class FakeReplicas final : public ReplicaStore {
 public:
  struct Written {
    Partition partition = 0;
    std::shared_ptr<Batch> batch;
    Done done;

    void refuse_for_copies(std::size_t in_sync, std::size_t required) const {
      done({.verdict = Verdict::refused,
            .partition = partition,
            .copies_in_sync = in_sync,
            .copies_required = required});
    }
    void answer(Verdict verdict, WriteVersion version = {}) const {
      done({.verdict = verdict, .is_write = true, .partition = partition, .version = version, .batch = batch});
    }
    void answer_full() const {
      done({.verdict = Verdict::full, .partition = partition, .batch = {}, .why = "memory_max: 7 of 8 MiB"});
    }
  };
  struct Asked {
    Partition partition = 0;
    std::string key;
    Done done;

    void answer(Verdict verdict) const { done({.verdict = verdict, .partition = partition}); }
    void answer(const std::string& value, WriteVersion version) const {
      const auto batch = batch_of(KeyWrite::put(key, value));
      done({.verdict = Verdict::done,
            .partition = partition,
            .version = version,
            .batch = batch,
            .write = &batch->writes.front()});
    }
  };

  void write(Partition partition, std::shared_ptr<Batch> batch, Done done) override {
    writes.push_back({partition, std::move(batch), std::move(done)});
  }
  void read(Partition partition, std::string key, KeyHash, Done done) override {
    reads.push_back({partition, std::move(key), std::move(done)});
  }
  void settle(Partition partition, Done done) override { settles.push_back({partition, {}, std::move(done)}); }
  const ReadGate& gate() const override { return read_gate; }
  const CopyGate& copies() const override { return copy_gate; }
  const Engine& engine() const override {
    if (before_read) before_read();
    return *values;
  }
  TimePoint lease_held_until() const override { return lease; }
  NewestMap newest_map() const override { return newest; }
  WallMs wall_now() const override { return wall; }
  std::uint32_t feature_level() const noexcept override { return level; }

  Written take_write() { return take(writes); }
  Asked take_read() { return take(reads); }
  Asked take_settle() { return take(settles); }

  std::deque<Written> writes;
  std::deque<Asked> reads;
  std::deque<Asked> settles;  // without a key
  ReadGate read_gate;
  CopyGate copy_gate;
  NewestMap newest;
  std::shared_ptr<Engine> values = std::make_shared<MemoryEngine>(1);
  std::function<void()> before_read;  // between the look at the term and the value
  TimePoint lease = TimePoint::max();
  WallMs wall = 1'800'000'000'000;
  std::uint32_t level = kTtlLevel;

 private:
  template <class Element>
  static Element take(std::deque<Element>& from) {
    P2P_ASSERT(!from.empty(), "the test expects that the copies are asked");
    Element first = std::move(from.front());
    from.pop_front();
    return first;
  }
};

// This node is the primary of every partition, in term 3, unless the test says otherwise.
class AgreedCalls : public StoreMethods {
 protected:
  static constexpr replication::Epoch kTerm = 3;

  AgreedCalls() {
    store->routing = std::make_shared<AgreedRouting>(locator, "diststore", kSelf);
    store->keys = std::make_shared<AgreedKeys>(replicas, store->forwarder, store->retries);
    serve(kTerm);
  }
  ~AgreedCalls() override {
    store->forwarder->stop();  // while the calls that wait are there
    replicas->writes.clear();
    replicas->reads.clear();
    replicas->settles.clear();
  }

  void serve(replication::Epoch term) {
    for (Partition partition = 0; partition < kPartitions; ++partition) replicas->read_gate.serve(partition, term);
  }
  void keep(const std::string& key, const std::string& value, WriteVersion version = {kTerm, 1}) {
    EXPECT_TRUE(replicas->values->apply_one(Change::set(key, value, replication::stored(version))).ok());
  }
  // A write of the key is under way from now on.
  void begin(const std::string& key) { replicas->read_gate.begin(*batch_of(KeyWrite::put(key, ""))); }
  void end(const std::string& key) { replicas->read_gate.end(*batch_of(KeyWrite::put(key, ""))); }

  std::unique_ptr<FakeCall> write_if(std::string key, std::string value, const wire::WriteOptions& options) {
    wire::Store_write_args args;
    args.key = std::move(key);
    args.value = std::move(value);
    args.options = options;
    return dispatch("write", args);
  }
  std::unique_ptr<FakeCall> erase_if(std::string key, const wire::WriteOptions& options) {
    wire::Store_erase_args args;
    args.key = std::move(key);
    args.options = options;
    return dispatch("erase", args);
  }
  static wire::WriteOptions if_absent() {
    wire::WriteOptions options;
    options.__set_if_absent(true);
    return options;
  }
  static wire::WriteOptions if_version(WriteVersion version) {
    wire::WriteOptions options;
    options.__set_if_version(to_wire(replication::stored(version)));
    return options;
  }

  static bool is_open(const FakeCall& call) { return call.reply.empty() && call.failure.empty(); }
  template <class GeneratedResult>
  static wire::StoreError error_of(const FakeCall& call) {
    const auto reply = decode_reply<GeneratedResult>(call.reply);
    EXPECT_TRUE(reply.ok() && reply.value().__isset.error);
    return reply.ok() ? reply.value().error : wire::StoreError();
  }
  static wire::StoreError error_of_write(const FakeCall& call) { return error_of<wire::Store_write_result>(call); }
  static wire::StoreError error_of_erase(const FakeCall& call) { return error_of<wire::Store_erase_result>(call); }
  static wire::WriteResult write_of(const FakeCall& call) {
    const auto reply = decode_reply<wire::Store_write_result>(call.reply);
    EXPECT_TRUE(reply.ok() && !reply.value().__isset.error);
    return reply.ok() ? reply.value().success : wire::WriteResult();
  }
  static wire::EraseResult erase_of(const FakeCall& call) {
    const auto reply = decode_reply<wire::Store_erase_result>(call.reply);
    EXPECT_TRUE(reply.ok() && !reply.value().__isset.error);
    return reply.ok() ? reply.value().success : wire::EraseResult();
  }
  // Until `call` has its answer.
  void wait_out(const FakeCall& call) {
    for (int times = 0; is_open(call) && times < 1'000; ++times) strand->advance(kShortPause);
  }

  // For a call that is open when the test ends.
  FakeCall& stay(std::unique_ptr<FakeCall> call) { return *open_calls_.emplace_back(std::move(call)); }

 private:
  std::vector<std::unique_ptr<FakeCall>> open_calls_;

 protected:
  const std::shared_ptr<FakeReplicas> replicas = std::make_shared<FakeReplicas>();
};

}  // namespace p2p::diststore::agreed
