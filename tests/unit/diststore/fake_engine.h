// An engine that fails when a test says so. It keeps its keys in order, partition by partition, as one on a disk would,
// and knows a scan's place by the last key: what holds for it and for the one in memory alike is what Engine promises.
#pragma once

#include "engine/engine.h"
#include "engine/partition_of.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace p2p::diststore {

class FakeEngine final : public Engine {
 public:
  enum class Verb { get, copy, apply, scan, drop };

  // From now on `verb` fails, after `successes` more calls of it; a scan shows as many entries instead.
  void fail(Verb verb, Error error, std::size_t successes = 0) {
    const std::lock_guard hold(mutex_);
    failures_.insert_or_assign(verb, Failure{std::move(error), successes});
  }
  void mend() {
    const std::lock_guard hold(mutex_);
    failures_.clear();
  }

  Result<Outcome> get(std::string_view key, OwnershipProof right, Use use) const override {
    const std::lock_guard hold(mutex_);
    if (const auto failed = failure(Verb::get)) return *failed;
    const auto at = held_.find(place_of(key));
    const Outcome outcome = admit(at, right);
    if (outcome == Outcome::done) use(at->second.value, at->second.version, at->second.expires_at);
    return outcome;
  }

  Result<std::optional<StoredEntry>> copy(std::string_view key) const override {
    const std::lock_guard hold(mutex_);
    if (const auto failed = failure(Verb::copy)) return *failed;
    const auto at = held_.find(place_of(key));
    return at == held_.end() ? std::nullopt : std::optional(at->second);
  }

  Result<Done> apply(std::span<Change> changes) override {
    const std::lock_guard hold(mutex_);
    if (const auto failed = failure(Verb::apply)) return *failed;
    for (Change& change : changes) change.outcome = outcome_of(change, held_.find(place_of(change.key)));
    return Done{};
  }

  Result<Done> scan(PartitionRange range, ScanPosition& position, std::size_t entries_max, Take take) const override {
    const std::lock_guard hold(mutex_);
    auto at = position.place.empty() ? held_.lower_bound(Place{range.first, ""})
                                     : held_.upper_bound(place_of(position.place.substr(1)));
    bool goes_on = true;
    for (std::size_t shown = 0; at != held_.end() && range.contains(at->first.first); ++shown, ++at) {
      if (const auto failed = failure(Verb::scan)) return *failed;
      if (shown == entries_max || !goes_on) return Done{};
      const auto& [place, stored] = *at;
      goes_on =
          take({place.second, stored.value, stored.version, stored.is_erased, stored.confirmed_in, stored.expires_at});
      position.place = "/" + place.second;  // that it has begun, where the key is ""
    }
    if (const auto failed = failure(Verb::scan)) return *failed;
    position.at_end = true;
    return Done{};
  }

  Result<Done> drop(Partition partition) override {
    const std::lock_guard hold(mutex_);
    if (const auto failed = failure(Verb::drop)) return *failed;
    std::erase_if(held_, [&](const auto& entry) { return entry.first.first == partition; });
    return Done{};
  }

  void fence(ViewVersion view_version) override {
    const std::lock_guard hold(mutex_);
    view_version_ = view_version;
  }

  std::uint64_t memory_bytes() const noexcept override { return totals().bytes; }
  EngineTotals totals() const override {
    const std::lock_guard hold(mutex_);
    EngineTotals totals;
    for (const auto& [place, stored] : held_) {
      ++(stored.is_erased ? totals.tombstones : totals.keys);
      totals.bytes += place.second.size() + stored.value.size();
    }
    return totals;
  }

 private:
  using Place = std::pair<Partition, std::string>;
  using At = std::map<Place, StoredEntry>::const_iterator;
  struct Failure {
    Error error;
    std::size_t successes = 0;
  };

  static Place place_of(std::string_view key) { return {partition_of(key), std::string(key)}; }

  // With the lock.
  std::optional<Error> failure(Verb verb) const {
    const auto found = failures_.find(verb);
    if (found == failures_.end()) return std::nullopt;
    if (found->second.successes == 0) return found->second.error;
    --found->second.successes;
    return std::nullopt;
  }

  Outcome admit(At at, OwnershipProof right) const {
    if (right.view_version != view_version_) return Outcome::fenced;
    const bool is_there = at != held_.end();
    const ViewVersion confirmed_in = is_there ? at->second.confirmed_in : kNeverConfirmed;
    if (confirmed_in < right.confirmed_from) return Outcome::unconfirmed;
    return is_there && !at->second.is_erased ? Outcome::done : Outcome::missing;
  }

  void put(const Change& change, Version version, bool is_erased, ViewVersion confirmed_in) {
    held_[place_of(change.key)] = {std::string(change.value), version, is_erased, confirmed_in, change.expires_at};
  }

  Outcome outcome_of(Change& change, At at) {
    const bool is_there = at != held_.end();
    const ViewVersion view_version = change.right.view_version;
    switch (change.kind) {
      case Change::Kind::write:
      case Change::Kind::erase:
        return overwrite(change, at);
      case Change::Kind::merge:
        return view_version == view_version_ ? merge(change, at) : Outcome::fenced;
      case Change::Kind::confirm:
        if (view_version != view_version_) return Outcome::fenced;
        if (!is_there) put(change, {}, true, view_version);
        held_[place_of(change.key)].confirmed_in = view_version;
        return Outcome::done;
      case Change::Kind::remove:
        if (!is_there) return Outcome::missing;
        if (at->second.version != change.version) return Outcome::kept;
        held_.erase(at);
        return Outcome::done;
      case Change::Kind::set:
        put(change, change.version, change.is_erased, kNeverConfirmed);
        return Outcome::done;
      case Change::Kind::discard:
        if (!is_there) return Outcome::missing;
        held_.erase(at);
        return Outcome::done;
    }
    return Outcome::missing;
  }

  Outcome overwrite(Change& change, At at) {
    const bool is_erase = change.kind == Change::Kind::erase;
    const Outcome outcome = admit(at, change.right);
    const bool is_written = outcome == Outcome::done || (outcome == Outcome::missing && !is_erase);
    if (!is_written) return outcome;
    if (at != held_.end()) change.version.stamp = std::max(change.version.stamp, at->second.version.stamp + 1);
    put(change, change.version, is_erase, change.right.view_version);
    return Outcome::done;
  }

  Outcome merge(Change& change, At at) {
    ViewVersion confirmed_in = change.is_confirmed ? change.right.view_version : kNeverConfirmed;
    if (at != held_.end()) {
      confirmed_in = std::max(confirmed_in, at->second.confirmed_in);
      if (change.version <= at->second.version) {
        held_[at->first].confirmed_in = confirmed_in;
        return Outcome::kept;
      }
    }
    put(change, change.version, change.is_erased, confirmed_in);
    change.digest = digest_of(change.key, change.value, change.version, change.is_erased);
    return Outcome::done;
  }

  mutable std::mutex mutex_;  // of what follows
  std::map<Place, StoredEntry> held_;
  ViewVersion view_version_ = 0;
  mutable std::map<Verb, Failure> failures_;
};

}  // namespace p2p::diststore
