// What is done with a key whose primary this node is? A read is answered on the calling thread, unless a write of the
// key is under way (W5); a write once all copies in sync have it (W1, W4). What is surely not done is tried again until
// the call's deadline; what may be done is not, and ends as unknown (docs/decisions/0033).
#pragma once

#include "agreed/replica_store.h"
#include "serving/key_counts.h"
#include "serving/keys_here.h"

#include <p2p/call.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::diststore::agreed {

// Where a key is in the cores' eyes: both follow from one hash.
struct KeyPlace {
  replication::KeyHash hash = 0;
  Partition partition = 0;

  static KeyPlace of(std::string_view key) noexcept { return at(replication::hash_of(key)); }
  static KeyPlace at(replication::KeyHash hash) noexcept {
    return {hash, static_cast<Partition>(hash >> (64 - kPartitionBits))};
  }
};

// From this one on (M7) all members keep when a value expires.
inline constexpr std::uint32_t kTtlLevel = 2;
// From this one on all members remember the operations of clients (docs/decisions/0044).
inline constexpr std::uint32_t kOperationsLevel = 2;
// A copy that knows less well how old it may be answers nothing: a lease lasts as long, and whoever is cut off from the
// voters for longer may be no member any more (docs/decisions/0040).
inline constexpr Duration kStaleMax = std::chrono::milliseconds(1500);
// Reads of one batch that wait for writes under way; the others are for the next round, when these have been committed.
inline constexpr std::size_t kReadsWaitingMax = 256;

class AgreedKeys final : public KeysHere, public std::enable_shared_from_this<AgreedKeys> {
 public:
  AgreedKeys(std::shared_ptr<ReplicaStore> replicas, std::shared_ptr<Forwarder> forwarder,
             std::shared_ptr<RetryQueue> retries, KeyCounts counts = {})
      : replicas_(std::move(replicas)),
        forwarder_(std::move(forwarder)),
        retries_(std::move(retries)),
        counts_(std::move(counts)) {}

  void read(std::string_view key, const KeyRoute& route, Call call, const KeyMethod& method) override;
  void change(const KeyChange& change, const KeyRoute& route, Call call, const KeyMethod& method) override;
  bool repeats_writes() const noexcept override { return false; }
  std::string_view refusal_of_conditions() const noexcept override { return {}; }
  std::string_view refusal_of_ttl() const noexcept override;

  // One write for each partition; what is refused is left for the next round.
  void serve(LocalPart<ReadMany>& part, std::function<void()> done) override;
  void serve(LocalPart<WriteMany>& part, std::function<void()> done) override;
  void serve(LocalPart<EraseMany>& part, std::function<void()> done) override;

  Result<Now> read_now(std::string_view key, const KeyRoute& route, Use use) const override;
  CopyRead read_copy(std::string_view key, UseOfCopy use) const override;
  bool writes_now() const noexcept override { return false; }
  Result<std::optional<Version>> write_now(std::string_view, std::string_view, const KeyRoute&,
                                           std::uint64_t) override {
    return std::optional<Version>();
  }

 private:
  enum class Read : std::uint8_t {
    found,
    missing,
    up_to_copies,  // a write of the key is under way, or its value has expired, and the copies have to know first
    not_served,
  };

  // A call whose answer is up to the copies.
  struct Waiting {
    Call call;
    const KeyMethod& method;
    std::int64_t view;
    Partition partition;
  };

  Result<Read> try_read(KeyPlace place, std::string_view key, Use use) const;
  Read judge(KeyPlace place, replication::Epoch term, Read read) const;
  std::int64_t stale_ms_now(const NewestMap& newest) const;
  bool has_lease() const;
  std::int64_t ttl_left_now(WallMs expires_at) const;
  void count_read(Read read) const noexcept;
  void count_read(const replication::Answer& answer) const noexcept;
  void count_change(const replication::Answer& answer, std::size_t keys) const noexcept;
  void end_read(Waiting waiting, const replication::Answer& answer);
  void end_change(Waiting waiting, const replication::Answer& answer);
  void refuse_as_overloaded(Waiting waiting);
  void refuse_as_full(Waiting waiting, const std::string& why);
  std::string_view why_not_served(Partition partition) const;
  std::string why_not_written(const replication::Answer& refused, Partition partition) const;

  // agreed_parts.cc
  template <class Verb>
  void serve_changes(LocalPart<Verb>& part, std::function<void()> done);

  const std::shared_ptr<ReplicaStore> replicas_;
  const std::shared_ptr<Forwarder> forwarder_;
  const std::shared_ptr<RetryQueue> retries_;
  const KeyCounts counts_;
};

}  // namespace p2p::diststore::agreed
