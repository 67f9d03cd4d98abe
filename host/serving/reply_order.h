// In which order do replies leave a connection? In that of their requests, whichever is ready first. Pure.
#pragma once

#include "serving/encoded_reply.h"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace p2p::host {

class ReplyOrder final {
 public:
  // A place behind all that were given out before; its ticket.
  std::uint64_t take_place();

  // Fills the place of `ticket`, once. Every reply that may leave now is passed to `leave(EncodedReply)`, in order.
  template <class Leave>
  void fill(std::uint64_t ticket, EncodedReply reply, Leave&& leave) {
    if (ticket != first_) {  // an older one is missing: wait
      Place& place = places_[ticket - first_];
      place.reply = is_worth_moving(reply) ? std::move(*reply.block) : std::string(reply.bytes);
      place.is_filled = true;
      waiting_bytes_ += place.reply.size();
      return;
    }
    leave(reply);
    drop_first();
    while (!places_.empty() && places_.front().is_filled) {
      std::string& waiting = places_.front().reply;
      waiting_bytes_ -= waiting.size();
      leave(EncodedReply{waiting, &waiting});
      drop_first();
    }
  }

  std::size_t open_places() const noexcept { return places_.size(); }
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }

 private:
  struct Place {
    bool is_filled = false;
    std::string reply;
  };

  void drop_first() {
    places_.pop_front();
    ++first_;
  }

  std::deque<Place> places_;
  std::uint64_t first_ = 0;  // ticket of places_.front()
  std::size_t waiting_bytes_ = 0;
};

inline std::uint64_t ReplyOrder::take_place() {
  places_.emplace_back();
  return first_ + places_.size() - 1;
}

}  // namespace p2p::host
