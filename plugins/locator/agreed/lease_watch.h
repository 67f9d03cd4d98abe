// Is it time to say that this node has no lease, or has one again? Pure.
#pragma once

#include <p2p/units.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace p2p::agreed {

// So long without a lease: a majority of the voters is missing, which is worth a line.
inline constexpr Duration kNoLeaseUnsaid = std::chrono::seconds(1);

class LeaseWatch final {
 public:
  enum class News : std::uint8_t { none, lost, back };

  News look(bool has_lease, TimePoint now) {
    if (has_lease) {
      without_since_.reset();
      return std::exchange(has_said_, false) ? News::back : News::none;
    }
    if (!without_since_) without_since_ = now;
    if (has_said_ || now < *without_since_ + kNoLeaseUnsaid) return News::none;
    has_said_ = true;
    return News::lost;
  }

 private:
  std::optional<TimePoint> without_since_;
  bool has_said_ = false;
};

}  // namespace p2p::agreed
