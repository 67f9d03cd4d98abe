// What does a replicated put cost the cores? One primary and two copies in one thread, with the memory engine, keys of
// 16 bytes and values of 100; nothing is encoded or sent. `depth`: puts that are under way together, and share
// acknowledgements.
#include "engine/memory/memory_engine.h"
#include "engine/partition_of.h"
#include "replication/fill_scan.h"
#include "replication/replicas.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace p2p::diststore::replication {
namespace {

constexpr std::size_t kKeys = 4096;
constexpr std::size_t kNodes = 3;

class Nodes final {
 public:
  // Everything that the primary sends arrives at once; only its own work is looked at unless `all_work`.
  explicit Nodes(bool all_work) : all_work_(all_work) {
    for (std::size_t at = 0; at < kNodes; ++at) {
      engines_.push_back(std::make_unique<MemoryEngine>(1));
      replicas_.push_back(std::make_unique<Replicas>(*engines_.back(), ReplicationOptions{}));
    }
    for (const Node copy : {1U, 2U}) replicas_[0]->on_connected(copy, kNow, effects_[0]);
    for (const Role role : {Role::learner, Role::in_sync}) {
      ++epoch_;
      for (std::size_t at = 0; at < kNodes; ++at) assign(at, role);
      while (settle()) {
      }
    }
    for (std::size_t at = 0; at < kKeys; ++at) keys_.push_back(fmt::format("key:{:012}", at));
  }

  void put(std::size_t number) {
    const std::string& key = keys_[number % kKeys];
    replicas_[0]->write(partition_of(key), batch_of(KeyWrite::put(key, std::string(100, 'v'))), number + 1, kNow,
                        effects_[0]);
  }

  // True: something was sent. Without `all_work` copies acknowledge what they have not looked at.
  bool settle() {
    bool has_moved = false;
    for (Effects::Send& send : std::exchange(effects_[0].sends, {})) {
      has_moved = true;
      const auto* replicate = std::get_if<Replicate>(&send.message.body);
      if (all_work_ || replicate == nullptr) {
        replicas_[send.to]->on_message(0, std::move(send.message), kNow, effects_[send.to]);
        touched_[send.to] = true;
      } else {
        acks_[send.to].push_back(
            {.head = send.message.head, .body = Ack{.position = replicate->seq, .is_complete = true}});
      }
    }
    for (const Node copy : {1U, 2U}) {
      if (std::exchange(touched_[copy], false)) replicas_[copy]->flush(kNow, effects_[copy]);
      for (Effects::Send& send : effects_[copy].sends)
        replicas_[0]->on_message(copy, std::move(send.message), kNow, effects_[0]);
      for (Message& ack : acks_[copy]) replicas_[0]->on_message(copy, std::move(ack), kNow, effects_[0]);
      acks_[copy].clear();
      effects_[copy].clear();
    }
    for (const Scan& scan : std::exchange(effects_[0].scans, {}))
      replicas_[0]->on_scanned(scan_for_fill(*engines_[0], scan).value(), effects_[0]);
    for (const Answer& answer : effects_[0].answers) answered_ += answer.verdict == Verdict::done ? 1 : 0;
    effects_[0].answers.clear();
    return has_moved || !effects_[0].sends.empty();
  }
  std::size_t answered() const { return answered_; }

 private:
  static inline const Moment kNow{TimePoint(std::chrono::hours(1)), TimePoint::max()};

  // Copies begin as learners.
  void assign(std::size_t at, Role role) {
    std::vector<Assignment> all;
    for (Partition partition = 0; partition < kPartitions; ++partition) {
      Assignment& is = all.emplace_back(Assignment{.partition = partition, .term = epoch_, .born = 1});
      const Epoch since = role == Role::learner ? epoch_ : 0;
      is.role = at == 0 ? Role::primary : role;
      is.since = at == 0 ? 0 : since;
      is.primary = at == 0 ? kNoNode : 0;
      if (at == 0) is.others = {{.node = 1, .since = since}, {.node = 2, .since = since}};
    }
    replicas_[at]->on_map({.epoch = epoch_}, all, kNow, effects_[at]);
  }

  const bool all_work_;
  Epoch epoch_ = 0;
  std::vector<std::unique_ptr<MemoryEngine>> engines_;
  std::vector<std::unique_ptr<Replicas>> replicas_;
  std::array<Effects, kNodes> effects_;
  std::array<bool, kNodes> touched_{};
  std::array<std::vector<Message>, kNodes> acks_;
  std::vector<std::string> keys_;
  std::size_t answered_ = 0;
};

void put(benchmark::State& state, bool all_work) {
  Nodes nodes(all_work);
  const auto depth = static_cast<std::size_t>(state.range(0));
  std::size_t number = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t at = 0; at < depth; ++at) nodes.put(number++);
    nodes.settle();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(nodes.answered()));
}

BENCHMARK_CAPTURE(put, of_the_primary, false)->ArgName("depth")->Arg(1)->Arg(16)->Arg(64);
BENCHMARK_CAPTURE(put, of_all_three, true)->ArgName("depth")->Arg(1)->Arg(16)->Arg(64);

}  // namespace
}  // namespace p2p::diststore::replication

BENCHMARK_MAIN();
