// An engine of a simulated node: a few keys, in as many partitions as the simulated map has, copied whole for a
// simulated disk.
#pragma once

#include "engine/engine.h"
#include "placement/partition_of.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace p2p::sim {

class ReplicationEngine final : public diststore::Engine {
 public:
  using Content = std::map<std::string, diststore::StoredEntry, std::less<>>;

  // `stored` is told each value that is set.
  ReplicationEngine(std::uint32_t partitions,
                    std::function<void(std::string_view key, const diststore::StoredEntry& entry)> stored)
      : partitions_(partitions), stored_(std::move(stored)) {}

  const Content& content() const { return content_; }
  void set_content(Content content) { content_ = std::move(content); }

  Result<diststore::Outcome> get(std::string_view key, diststore::OwnershipProof, Use use) const override {
    const auto at = content_.find(key);
    if (at == content_.end() || at->second.is_erased) return diststore::Outcome::missing;
    use(at->second.value, at->second.version, at->second.expires_at);
    return diststore::Outcome::done;
  }

  Result<std::optional<diststore::StoredEntry>> copy(std::string_view key) const override {
    const auto at = content_.find(key);
    return at == content_.end() ? std::nullopt : std::optional(at->second);
  }

  Result<Done> apply(std::span<diststore::Change> changes) override {
    for (diststore::Change& change : changes) {
      if (change.kind == diststore::Change::Kind::discard) {
        change.outcome =
            content_.erase(std::string(change.key)) > 0 ? diststore::Outcome::done : diststore::Outcome::missing;
        continue;
      }
      P2P_ASSERT(change.kind == diststore::Change::Kind::set, "the cores set and discard");
      content_.insert_or_assign(std::string(change.key), diststore::StoredEntry{.value = std::string(change.value),
                                                                                .version = change.version,
                                                                                .is_erased = change.is_erased,
                                                                                .expires_at = change.expires_at});
      if (!change.is_erased) stored_(change.key, content_.find(change.key)->second);
      change.outcome = diststore::Outcome::done;
    }
    return Done{};
  }

  Result<Done> scan(diststore::PartitionRange range, diststore::ScanPosition& position, std::size_t entries_max,
                    Take take) const override {
    auto at = position.place.empty() ? content_.begin() : content_.upper_bound(position.place);
    for (std::size_t shown = 0; at != content_.end(); ++at) {
      if (placement::partition_of(at->first, partitions_) != range.first) continue;
      if (shown++ == entries_max) return Done{};
      position.place = at->first;
      const auto& entry = at->second;
      if (!take({at->first, entry.value, entry.version, entry.is_erased, entry.confirmed_in, entry.expires_at}))
        return Done{};
    }
    position.at_end = true;
    return Done{};
  }

  Result<Done> drop(diststore::Partition partition) override {
    std::erase_if(content_,
                  [&](const auto& one) { return placement::partition_of(one.first, partitions_) == partition; });
    return Done{};
  }

  void fence(diststore::ViewVersion) override {}
  diststore::EngineTotals totals() const override { return {}; }
  std::uint64_t memory_bytes() const noexcept override { return 0; }

 private:
  const std::uint32_t partitions_;
  const std::function<void(std::string_view, const diststore::StoredEntry&)> stored_;
  Content content_;
};

}  // namespace p2p::sim
