// How is a batch sent? It waits for the ring, is split by owner, and every part is a call of its own; the last one
// answered calls back with all results, in request order. A part too large for one call is halved, down to single keys:
// n keys make fewer than 2n calls.
#pragma once

#include "engine/engine.h"
#include "rules/batch_split.h"
#include "store_then.h"

#include <p2p/client.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::client {

// The kinds of batches. `encode_part` makes the frame of some of its entries.
struct ReadBatch {
  using Entry = std::string;
  using Value = Read;
  static constexpr bool kIsRepeatable = true;
};
struct WriteBatch {
  using Entry = Item;
  using Value = Written;
  static constexpr bool kIsRepeatable = false;
};
struct EraseBatch {
  using Entry = std::string;
  using Value = Erased;
  static constexpr bool kIsRepeatable = false;
};

// 0: for ever. It has been found to be in its range.
inline std::int64_t ttl_ms_of(const CallOptions& options) {
  return options.ttl ? std::chrono::ceil<std::chrono::milliseconds>(*options.ttl).count() : 0;
}

inline const std::string& key_of(const std::string& key) noexcept { return key; }
inline const std::string& key_of(const Item& item) noexcept { return item.key; }
inline std::size_t bytes_of(const std::string& key) noexcept { return key.size(); }
inline std::size_t bytes_of(const Item& item) noexcept { return item.key.size() + item.value.size(); }

template <class Kind>
class Batch final : public std::enable_shared_from_this<Batch<Kind>> {
 public:
  using Entry = typename Kind::Entry;
  using Value = typename Kind::Value;
  using Results = std::vector<Outcome<Value>>;

  Batch(Engine& engine, std::vector<Entry> entries, Callback<void(Results)> then, const CallOptions& options)
      : engine_(engine),
        entries_(std::move(entries)),
        then_(std::move(then)),
        deadline_(engine.deadline_of(options)),
        ttl_ms_(ttl_ms_of(options)),
        is_repeatable_(options.is_repeatable || Kind::kIsRepeatable) {}

  void start() {
    Call& call = engine_.take_call();
    call.aim = Aim::ring;
    call.deadline = deadline_;
    call.handler = [self = this->shared_from_this()](Arrival& arrival) {
      if (arrival.failure != nullptr) {
        self->then_(Results(self->entries_.size(), failure_of<Value>(std::move(*arrival.failure))));
      } else {
        self->send_parts();
      }
      return Handled::done;
    };
    engine_.submit(call);
  }

 private:
  // [engine's thread] from here on
  void send_parts() {
    results_.assign(entries_.size(), Failure{});
    const Ring& ring = *engine_.known_ring();
    std::vector<BatchKey> keys;
    keys.reserve(entries_.size());
    for (const Entry& entry : entries_) {
      keys.push_back({static_cast<std::uint32_t>(ring.owner_of(key_of(entry)).value_or(0)), bytes_of(entry)});
    }
    std::vector<BatchPart> parts = split(keys);
    open_parts_ = parts.size();
    if (parts.empty()) return then_(std::move(results_));
    for (BatchPart& part : parts) send(std::move(part), false);
  }

  // `may_have_run`: keys of the part were in a call that may have been executed.
  void send(BatchPart part, bool may_have_run) {
    Call& call = engine_.take_call();
    call.info = encode(part, call.frame);
    if (part.size() > 1 && !engine_.fits(call)) {
      engine_.drop(call);
      return halve(part, may_have_run);
    }
    call.may_have_run = may_have_run;
    call.key = key_of(entries_[part.front()]);
    call.deadline = deadline_;
    call.is_repeatable = is_repeatable_;
    call.handler = [self = this->shared_from_this(), part = std::move(part)](Arrival& arrival) {
      return self->answered(part, arrival);
    };
    engine_.submit(call);
  }

  // Replaces a part that was not sent or has done nothing.
  void halve(const BatchPart& part, bool may_have_run) {
    ++open_parts_;
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    send(BatchPart(part.begin(), middle), may_have_run);
    send(BatchPart(middle, part.end()), may_have_run);
  }

  FrameInfo encode(const BatchPart& part, std::string& frame) {
    Codec& codec = encoding_codec();
    const std::string& service = engine_.options().store;
    if constexpr (std::is_same_v<Kind, WriteBatch>) {
      std::vector<ItemView> items;
      items.reserve(part.size());
      for (const auto at : part) items.push_back({entries_[at].key, entries_[at].value});
      return encode_write_many(codec, service, items, ttl_ms_, frame);
    } else {
      std::vector<std::string_view> keys;
      keys.reserve(part.size());
      for (const auto at : part) keys.push_back(entries_[at]);
      return encode_keys(codec, service, std::is_same_v<Kind, ReadBatch> ? "read_many" : "erase_many", keys, frame);
    }
  }

  Handled answered(const BatchPart& part, Arrival& arrival) {
    if (arrival.failure != nullptr) {
      for (const auto at : part) results_[at] = failure_of<Value>(*arrival.failure);
    } else {
      StoreReply<Value> reply;
      if (read_store_reply(arrival, true, reply) == Handled::again) {
        if (part.size() == 1 || !reply.refusal || !is_too_much(*reply.refusal)) return Handled::again;
        halve(part, arrival.may_have_run);
        return Handled::done;
      }
      if (reply.many.size() != part.size()) {
        arrival.failed_attempt =
            failed_attempt_of(retry::fault_of(ErrorKind::protocol), "the reply has another number of results");
        return Handled::again;
      }
      for (std::size_t at = 0; at < part.size(); ++at) results_[part[at]] = std::move(reply.many[at]);
    }
    if (--open_parts_ == 0) then_(std::move(results_));
    return Handled::done;
  }

  Engine& engine_;
  const std::vector<Entry> entries_;
  Callback<void(Results)> then_;
  const TimePoint deadline_;
  const std::int64_t ttl_ms_;  // of a write; 0: for ever
  const bool is_repeatable_;
  Results results_;
  std::size_t open_parts_ = 0;
};

}  // namespace p2p::client
