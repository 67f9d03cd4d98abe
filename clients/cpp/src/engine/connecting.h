// How is a node reached whose name has several addresses? Each is tried, the next a moment after the last even while
// that one is silent (RFC 8305 in plain form); the first that stands is taken, and the others are dropped.
#pragma once

#include "engine/asio.h"

#include <p2p/location.h>
#include <p2p/units.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace p2p::client {

// How long an address may be silent before the next is tried beside it, or an equal part of the time, if that is less
// (RFC 8305, section 8).
inline constexpr Duration kNextAddressAfter = std::chrono::milliseconds(250);

// Addresses of one name that are tried.
inline constexpr std::size_t kAddressesMax = 8;

// One try to reach a node; made with std::make_shared. Every method: [the client's thread].
class Connecting final : public std::enable_shared_from_this<Connecting> {
 public:
  // Called once, unless it is cancelled before: with the socket that stands, or with null and why there is none.
  using Ended = std::function<void(asio::ip::tcp::socket* connected, const std::string& why)>;

  Connecting(asio::io_context& io, Ended ended);

  // `limit`: within which each address is to be tried. It never ends of itself over silence.
  void begin(const Location& to, Duration limit);
  void begin_at(std::vector<asio::ip::tcp::endpoint> addresses, Duration limit);
  void cancel();

 private:
  struct Attempt {
    asio::ip::tcp::socket socket;
    asio::ip::tcp::endpoint to;
  };
  using Place = std::list<Attempt>::iterator;

  void try_next();
  void attempt_ended(Place place, error_code failure);
  void end(asio::ip::tcp::socket* connected);

  asio::io_context& io_;
  Ended ended_;  // empty: it is over
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer pause_;
  Duration pause_length_{};
  std::vector<asio::ip::tcp::endpoint> addresses_;
  std::size_t tried_ = 0;        // of addresses_
  std::list<Attempt> attempts_;  // under way
  std::string why_;              // what has failed so far
};

}  // namespace p2p::client
