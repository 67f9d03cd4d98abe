#include "net/dial.h"

#include <algorithm>
#include <utility>

namespace p2p::net {
Dial::Dial(asio::io_context& context, NodeAddress to, DialOptions options)
    : context_(context),
      to_(std::move(to)),
      options_(options),
      resolver_(context),
      patience_(context),
      stagger_(context),
      probing_(context) {}

void Dial::start(Duration timeout, Done done) {
  timeout_ = timeout;
  done_ = std::move(done);
  error_code not_numeric;
  const auto address = asio::ip::make_address(to_.host, not_numeric);
  if (!not_numeric) return connect_to({address});
  resolve();
}

// --- the name --------------------------------------------------------------------------------------------------------

void Dial::resolve() {
  patience_.expires_after(timeout_);
  patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_ || !self->addresses_.empty()) return;
    self->resolver_.cancel();
    self->not_resolved(std::string("no answer of the name service within ") + self->options_.timeout_name);
  });
  resolver_.async_resolve(
      to_.host, std::to_string(to_.port),
      [self = shared_from_this()](const error_code& failure, const asio::ip::tcp::resolver::results_type& found) {
        if (self->done_ && self->addresses_.empty()) self->resolved(failure, found);
      });
}

void Dial::resolved(const error_code& failure, const asio::ip::tcp::resolver::results_type& found) {
  if (failure || found.empty()) return not_resolved(failure.message());
  AddressBook::Addresses addresses;
  for (const auto& entry : found) {
    const auto address = entry.endpoint().address();
    const bool is_known = std::find(addresses.begin(), addresses.end(), address) != addresses.end();
    if (!is_known) addresses.push_back(address);
  }
  if (options_.book != nullptr) options_.book->keep(to_.host, addresses);
  connect_to(std::move(addresses));
}

// A name that no longer exists may belong to a node that no longer exists: its last addresses tell, if known. If names
// do not resolve at all, that is this machine's trouble, and says nothing about any node.
void Dial::not_resolved(const std::string& why) {
  whys_ = "cannot resolve '" + to_.host + "': " + why;
  auto known = options_.book != nullptr ? options_.book->last(to_.host) : AddressBook::Addresses{};
  if (known.empty()) return end(Error{ErrorKind::local, whys_});
  connect_to(std::move(known));
}

// --- its addresses ---------------------------------------------------------------------------------------------------

void Dial::connect_to(AddressBook::Addresses addresses) {
  addresses_ = std::move(addresses);
  if (addresses_.size() > kAddressesMax) addresses_.resize(kAddressesMax);
  const auto first = static_cast<std::ptrdiff_t>(options_.first_address % addresses_.size());
  std::rotate(addresses_.begin(), addresses_.begin() + first, addresses_.end());
  connecting_since_ = std::chrono::steady_clock::now();
  patience_.expires_after(timeout_);
  patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_) return;
    // A process that was held up finds its timers expired and its answers there at the same moment: answers go first.
    asio::post(self->context_, [self] {
      if (self->done_) self->out_of_time();
    });
  });
  if (options_.machines != nullptr) probe_machines();
  try_next();
}

void Dial::probe_machines() {
  probing_.expires_after(kProbePause);
  probing_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_) return;
    for (std::size_t number = 0; number < self->tries_.size(); ++number) {
      Try& one = self->tries_[number];
      if (one.has_ended || !one.socket.is_open()) continue;
      if (!one.probe) {
        one.probe = std::make_shared<MachineProbe>(self->context_, *self->options_.machines,
                                                   asio::ip::tcp::endpoint(self->addresses_[number], self->to_.port));
      }
      one.probe->ask();
    }
    self->probe_machines();
  });
}

bool Dial::is_machine_heard(std::size_t number) const {
  return options_.machines != nullptr &&
         options_.machines->were_heard(addresses_[number], std::chrono::steady_clock::now());
}

void Dial::try_next() {
  if (tries_.size() == addresses_.size()) return;
  const std::size_t number = tries_.size();
  tries_.emplace_back(context_);
  tries_.back().socket.async_connect({addresses_[number], to_.port},
                                     [self = shared_from_this(), number](const error_code& failure) {
                                       if (self->done_ && !self->tries_[number].has_ended) self->tried(number, failure);
                                     });
  if (tries_.size() == addresses_.size()) return;
  // The last one still gets a share of the time if all before it are silent.
  const Duration share = timeout_ / static_cast<std::int64_t>(addresses_.size() + 1);
  stagger_.expires_after(std::min(kNextAddressAfter, share));
  stagger_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled && self->done_) self->try_next();
  });
}

void Dial::tried(std::size_t number, const error_code& failure) {
  if (failure) return fail_try(number, verdict_of(failure, addresses_[number]), failure.message());
  auto& socket = tries_[number].socket;
  error_code ignored;
  // On loopback a connect to a free port may connect to itself (TCP simultaneous open): nothing listens there.
  if (socket.local_endpoint(ignored) == socket.remote_endpoint(ignored))
    return fail_try(number, ConnectVerdict::refused, "nobody listens there");
  end(std::move(socket));
}

void Dial::out_of_time() {
  // While this loop was held up, the last tries have not even begun.
  while (tries_.size() < addresses_.size()) tries_.emplace_back(context_);
  for (std::size_t number = 0; number < tries_.size() && done_; ++number) {
    const Try& one = tries_[number];
    if (one.has_ended) continue;
    if (!one.socket.is_open()) {
      fail_try(number, ConnectVerdict::local, no_answer());
    } else if (is_machine_heard(number)) {
      fail_try(number, ConnectVerdict::full, no_answer() + ", but its machine lives: its queue of connections is full");
    } else {
      fail_try(number, ConnectVerdict::silent, no_answer());
    }
  }
}

void Dial::fail_try(std::size_t number, ConnectVerdict verdict, const std::string& why) {
  error_code ignored;
  tries_[number].socket.close(ignored);
  if (tries_[number].probe) tries_[number].probe->cancel();
  tries_[number].has_ended = true;
  ++failed_;
  verdict_ = std::max(verdict_, verdict);
  if (!whys_.empty()) whys_ += "; ";
  const std::string address = addresses_[number].to_string();
  whys_ += address == to_.host ? why : address + ": " + why;
  if (failed_ == addresses_.size()) return end(Error{kind_of(verdict_), whys_});
  if (failed_ < tries_.size()) return;
  stagger_.cancel();
  try_next();
}

std::optional<Error> Dial::so_far() const {
  if (!done_) return ended_;
  if (addresses_.empty()) return Error{ErrorKind::local, to_.host + " is not resolved yet"};
  if (std::chrono::steady_clock::now() - connecting_since_ < kSilenceMeaning) return std::nullopt;
  ConnectVerdict verdict = std::max(verdict_, ConnectVerdict::silent);
  for (std::size_t number = 0; number < tries_.size(); ++number) {
    if (!tries_[number].has_ended && is_machine_heard(number)) verdict = std::max(verdict, ConnectVerdict::full);
  }
  return Error{kind_of(verdict), "no answer yet"};
}

void Dial::end(Result<asio::ip::tcp::socket> result) {
  auto done = std::exchange(done_, nullptr);
  if (!result.ok()) ended_ = result.error();
  cancel();
  asio::post(context_, [done = std::move(done), kept = std::make_shared<Result<asio::ip::tcp::socket>>(
                                                    std::move(result))] { done(std::move(*kept)); });
}

void Dial::cancel() noexcept {
  done_ = nullptr;
  resolver_.cancel();
  patience_.cancel();
  stagger_.cancel();
  probing_.cancel();
  error_code ignored;
  for (Try& one : tries_) {
    one.socket.close(ignored);
    if (one.probe) one.probe->cancel();
  }
}

}  // namespace p2p::net
