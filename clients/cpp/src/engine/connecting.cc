#include "engine/connecting.h"

#include <algorithm>
#include <utility>

namespace p2p::client {
namespace {

bool is_self_connected(const asio::ip::tcp::socket& socket) {
  error_code ignored;
  return socket.local_endpoint(ignored) == socket.remote_endpoint(ignored);
}

}  // namespace

Connecting::Connecting(asio::io_context& io, Ended ended)
    : io_(io), ended_(std::move(ended)), resolver_(io), pause_(io) {}

void Connecting::begin(const NodeAddress& to, Duration limit) {
  error_code not_numeric;
  const auto address = asio::ip::make_address(to.host, not_numeric);
  if (!not_numeric) return begin_at({{address, to.port}}, limit);
  resolver_.async_resolve(
      to.host, std::to_string(to.port),
      [self = shared_from_this(), limit](error_code failure, const asio::ip::tcp::resolver::results_type& found) {
        if (!self->ended_) return;
        if (failure) self->why_ = "the name cannot be resolved: " + failure.message();
        self->begin_at({found.begin(), found.end()}, limit);
      });
}

void Connecting::begin_at(std::vector<asio::ip::tcp::endpoint> addresses, Duration limit) {
  addresses_ = std::move(addresses);
  if (addresses_.size() > kAddressesMax) addresses_.resize(kAddressesMax);
  pause_length_ = std::min(kNextAddressAfter, limit / std::max<std::int64_t>(std::ssize(addresses_), 1));
  try_next();
}

void Connecting::try_next() {
  if (tried_ == addresses_.size()) {
    if (attempts_.empty()) end(nullptr);
    return;
  }
  const Place place = attempts_.insert(attempts_.end(), {asio::ip::tcp::socket(io_), addresses_[tried_++]});
  place->socket.async_connect(place->to, [self = shared_from_this(), place](error_code failure) {
    if (self->ended_) self->attempt_ended(place, failure);
  });
  if (tried_ == addresses_.size()) return;
  pause_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause_length_));
  pause_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled && self->ended_) self->try_next();
  });
}

void Connecting::attempt_ended(Place place, error_code failure) {
  // On loopback a connect to a free port may reach itself (TCP simultaneous open): there is no listener.
  if (!failure && is_self_connected(place->socket)) failure = asio::error::connection_refused;
  if (!failure) return end(&place->socket);
  if (!why_.empty()) why_ += "; ";
  if (addresses_.size() > 1) why_ += NodeAddress{place->to.address().to_string(), place->to.port()}.name() + ": ";
  why_ += failure.message();
  attempts_.erase(place);
  pause_.cancel();
  try_next();
}

void Connecting::end(asio::ip::tcp::socket* connected) {
  const Ended ended = std::exchange(ended_, nullptr);
  ended(connected, why_);
  cancel();
}

void Connecting::cancel() {
  ended_ = nullptr;
  resolver_.cancel();
  pause_.cancel();
  // Their handlers still hold this object, but only check ended_.
  attempts_.clear();
}

}  // namespace p2p::client
