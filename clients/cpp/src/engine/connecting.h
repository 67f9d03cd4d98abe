// How is a node reached whose name has several addresses? They are tried in turn, each starting a moment after the last
// even if that one is still silent (a simple form of RFC 8305); the first to connect wins, and the others are dropped.
#pragma once

#include "engine/asio.h"

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace p2p::client {

// How long an address may be silent before the next is tried in parallel; an equal share of the limit, if that is less
// (RFC 8305, section 8).
inline constexpr Duration kNextAddressAfter = std::chrono::milliseconds(250);

// How many addresses of one name are tried.
inline constexpr std::size_t kAddressesMax = 8;

// One attempt to connect to a node; made with std::make_shared. Every method: [the client's thread].
class Connecting final : public std::enable_shared_from_this<Connecting> {
 public:
  // Called once, unless cancelled first: with the connected socket, or with null and the reason.
  using Ended = std::function<void(asio::ip::tcp::socket* connected, const std::string& why)>;

  Connecting(asio::io_context& io, Ended ended);

  // `limit`: the time within which every address is to be tried. Silence alone never ends it.
  void begin(const NodeAddress& to, Duration limit);
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
