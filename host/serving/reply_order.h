// In which order do replies leave a connection? In the order of their requests, whichever is ready first. Pure.
#pragma once

#include "serving/encoded_reply.h"

#include <p2p/assert.h>

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace p2p::host {

class ReplyOrder final {
 public:
  // Takes the next place in the order; returns its call id.
  std::uint64_t take_place();

  // Fills the place of `call_id`, once. Passes every reply that may leave now to `leave(EncodedReply)`, in order.
  template <class Leave>
  void fill(std::uint64_t call_id, EncodedReply reply, Leave&& leave) {
    if (call_id != first_) {  // an older one is missing: wait
      Place& place = places_[call_id - first_];
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

  void check() const;  // asserts what holds between calls; for tests

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
  std::uint64_t first_ = 0;  // call id of places_.front()
  std::size_t waiting_bytes_ = 0;
};

inline void ReplyOrder::check() const {
  P2P_ASSERT(places_.empty() || !places_.front().is_filled, "the first reply that is awaited has not come");
  std::size_t bytes = 0;
  for (const Place& place : places_) {
    P2P_ASSERT(place.is_filled || place.reply.empty(), "a place without a reply holds none");
    bytes += place.reply.size();
  }
  P2P_ASSERT(bytes == waiting_bytes_, "the bytes that wait are counted");
}

inline std::uint64_t ReplyOrder::take_place() {
  places_.emplace_back();
  return first_ + places_.size() - 1;
}

}  // namespace p2p::host
