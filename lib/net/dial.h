// How is a connection to a node made? Its name is resolved, and its addresses are tried, each as soon as the one before
// has failed or is slow (RFC 8305); the first that answers wins. How failures are judged: connect_failures.h.
#pragma once

#include "net/address_book.h"
#include "net/asio.h"
#include "net/connect_failures.h"
#include "net/machine_probe.h"

#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::net {

// How long an address may be silent before the next is tried beside it (RFC 8305, section 8); an equal share of the
// time, if that is less.
inline constexpr Duration kNextAddressAfter = std::chrono::milliseconds(250);

// After this time the silence of an address counts: nearly every connect is answered within it, across the world.
inline constexpr Duration kSilenceMeaning = std::chrono::milliseconds(500);

// After each such time without an answer the machine is probed.
inline constexpr Duration kProbePause = std::chrono::milliseconds(250);

// What differs between those who connect. What it points to outlives the dial.
struct DialOptions {
  std::size_t first_address = 0;                 // this one is tried first, modulo their number
  AddressBook* book = nullptr;                   // the last addresses of names, for when one does not resolve
  MachinesHeard* machines = nullptr;             // probed while their nodes are silent; none: silence is silence
  const char* timeout_name = "connect_timeout";  // what the time limit is called, in the words of errors
};

// One connection. Every method: [the context's thread].
class Dial final : public std::enable_shared_from_this<Dial> {
 public:
  // The socket, or ErrorKind::refused, silent, overloaded (its machine answers, its listener does not) or local with a
  // text that does not name the node, but each address with its reason.
  using Done = std::function<void(Result<asio::ip::tcp::socket>)>;

  Dial(asio::io_context& context, NodeAddress to, DialOptions options = {});

  // `done` runs exactly once, later, unless cancel() comes first: a name has `timeout` to resolve, and then its
  // addresses, or its last known ones, have as much to answer.
  void start(Duration timeout, Done done);
  void cancel() noexcept;

  // The outcome so far: local while the name is not resolved; then nothing, and silent once the silence counts; after a
  // failure, its error.
  std::optional<Error> so_far() const;

 private:
  struct Try {
    explicit Try(asio::io_context& context) : socket(context) {}
    asio::ip::tcp::socket socket;
    std::shared_ptr<MachineProbe> probe;
    bool has_ended = false;
  };

  void resolve();
  void resolved(const error_code& failure, const asio::ip::tcp::resolver::results_type& found);
  void not_resolved(const std::string& why);
  void connect_to(AddressBook::Addresses addresses);
  void try_next();
  void tried(std::size_t number, const error_code& failure);
  void probe_machines();
  std::string no_answer() const { return std::string("no answer within ") + options_.timeout_name; }
  bool is_machine_heard(std::size_t number) const;
  void out_of_time();
  void fail_try(std::size_t number, ConnectVerdict verdict, const std::string& why);
  void end(Result<asio::ip::tcp::socket> result);

  asio::io_context& context_;
  const NodeAddress to_;
  const DialOptions options_;
  Duration timeout_{};
  Done done_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer patience_;  // for the resolver, then for all tries
  asio::steady_timer stagger_;   // until the next try begins
  asio::steady_timer probing_;   // until silent machines are probed
  AddressBook::Addresses addresses_;
  std::chrono::steady_clock::time_point connecting_since_{};
  std::deque<Try> tries_;  // where they are made
  std::size_t failed_ = 0;
  ConnectVerdict verdict_ = ConnectVerdict::no_way;
  std::string whys_;
  std::optional<Error> ended_;
};

}  // namespace p2p::net
