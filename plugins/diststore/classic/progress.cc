#include "classic/progress.h"

#include <algorithm>

namespace p2p::diststore {

void MoveProgress::begin(std::uint64_t keys, TimePoint now) {
  const std::lock_guard hold(mutex_);
  if (!is_moving_) {
    began_ = now;
    done_keys_ = 0;
    done_bytes_ = 0;
  }
  is_moving_ = true;
  total_ = static_cast<std::int64_t>(keys);
  scanned_keys_ = planned_keys_ = planned_bytes_ = 0;
  planned_before_ = done_keys_;
  bytes_before_ = done_bytes_;
}

void MoveProgress::scanned_keys(std::size_t keys) {
  const std::lock_guard hold(mutex_);
  scanned_keys_ += static_cast<std::int64_t>(keys);
}

void MoveProgress::planned(std::size_t keys, std::size_t bytes) {
  const std::lock_guard hold(mutex_);
  planned_keys_ += static_cast<std::int64_t>(keys);
  planned_bytes_ += static_cast<std::int64_t>(bytes);
}

void MoveProgress::confirmed(std::size_t keys, std::size_t bytes) {
  const std::lock_guard hold(mutex_);
  done_keys_ += static_cast<std::int64_t>(keys);
  done_bytes_ += static_cast<std::int64_t>(bytes);
}

void MoveProgress::end() {
  const std::lock_guard hold(mutex_);
  is_moving_ = false;
}

MoveProgress::Figures MoveProgress::figures(TimePoint now) const {
  const std::lock_guard hold(mutex_);
  Figures figures{is_moving_, done_keys_, done_bytes_, 0, 0, 0, 0};
  if (!is_moving_) return figures;
  const double unseen = scanned_keys_ > 0 ? static_cast<double>(std::max<std::int64_t>(total_ - scanned_keys_, 0)) /
                                                static_cast<double>(scanned_keys_)
                                          : 0.0;
  const auto left = [unseen](std::int64_t planned, std::int64_t done) {
    const auto expected = static_cast<std::int64_t>(static_cast<double>(planned) * (1.0 + unseen));
    return std::max<std::int64_t>(expected - done, 0);
  };
  figures.keys_left = left(planned_keys_, done_keys_ - planned_before_);
  figures.bytes_left = left(planned_bytes_, done_bytes_ - bytes_before_);
  const double seconds = std::chrono::duration<double>(now - began_).count();
  if (seconds > 0) figures.keys_per_s = static_cast<std::int64_t>(static_cast<double>(done_keys_) / seconds);
  if (figures.keys_per_s > 0) figures.ms_left = figures.keys_left * 1000 / figures.keys_per_s;
  return figures;
}

}  // namespace p2p::diststore
