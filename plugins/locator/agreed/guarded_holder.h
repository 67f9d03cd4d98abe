// How does a holder of partitions end while the locator's strand may be calling it? end() waits for a call that runs,
// and none comes after it.
#pragma once

#include <p2p/partitions.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace p2p::agreed {

// A holder that has ended has stopped everything, reports nothing, and harms no lease. [any thread]
class GuardedHolder final : public PartitionHolder {
 public:
  explicit GuardedHolder(std::shared_ptr<PartitionHolder> holder) : holder_(std::move(holder)) {}

  void end() {
    const std::scoped_lock lock(mutex_);
    holder_.reset();
  }

  void on_map(std::shared_ptr<const PartitionMap> map) override {
    const std::scoped_lock lock(mutex_);
    if (holder_) holder_->on_map(std::move(map));
  }
  void stop_serving(std::uint32_t partition, std::uint64_t term) override {
    const std::scoped_lock lock(mutex_);
    if (holder_) holder_->stop_serving(partition, term);
  }
  bool has_stopped(std::uint32_t partition, std::uint64_t term) const override {
    const std::scoped_lock lock(mutex_);
    return !holder_ || holder_->has_stopped(partition, term);
  }
  bool resume(std::uint32_t partition, std::uint64_t term) override {
    const std::scoped_lock lock(mutex_);
    return holder_ && holder_->resume(partition, term);
  }
  std::vector<PartitionReport> filled() const override {
    const std::scoped_lock lock(mutex_);
    return holder_ ? holder_->filled() : std::vector<PartitionReport>{};
  }
  std::vector<PartitionReport> failed() const override {
    const std::scoped_lock lock(mutex_);
    return holder_ ? holder_->failed() : std::vector<PartitionReport>{};
  }
  bool is_healthy() override {
    const std::scoped_lock lock(mutex_);
    return !holder_ || holder_->is_healthy();
  }
  bool takes_copies() override {
    const std::scoped_lock lock(mutex_);
    return !holder_ || holder_->takes_copies();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<PartitionHolder> holder_;
};

}  // namespace p2p::agreed
