#include "peers/dial.h"

#include "serving/loop.h"

#include <p2p/thread_check.h>

#include <algorithm>
#include <utility>

namespace p2p::host {
namespace {

constexpr const char* kNoAnswer = "no answer within [host] connect_timeout";
constexpr const char* kQueueFull =
    "no answer within [host] connect_timeout, but its machine lives: its queue of connections is full";

auto clock_length(Duration length) { return std::chrono::duration_cast<std::chrono::steady_clock::duration>(length); }

}  // namespace

Dial::Dial(Loop& loop, AddressBook& book, MachinesHeard& machines, NodeAddress to, std::size_t first)
    : loop_(loop),
      book_(book),
      machines_(machines),
      to_(std::move(to)),
      first_(first),
      resolver_(loop.context()),
      patience_(loop.context()),
      stagger_(loop.context()),
      probing_(loop.context()) {}

void Dial::start(Duration timeout, Done done) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  timeout_ = timeout;
  done_ = std::move(done);
  error_code not_numeric;
  const auto address = asio::ip::make_address(to_.host, not_numeric);
  if (!not_numeric) return connect_to({address});
  resolve();
}

// --- the name --------------------------------------------------------------------------------------------------------

void Dial::resolve() {
  patience_.expires_after(clock_length(timeout_));
  patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_ || !self->addresses_.empty()) return;
    self->resolver_.cancel();
    self->not_resolved("no answer of the name service within [host] connect_timeout");
  });
  resolver_.async_resolve(
      to_.host, std::to_string(to_.port),
      [self = shared_from_this()](const error_code& failure, const asio::ip::tcp::resolver::results_type& found) {
        if (self->done_ && self->addresses_.empty()) self->resolved(failure, found);
      });
}

void Dial::resolved(const error_code& failure, const asio::ip::tcp::resolver::results_type& found) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (failure || found.empty()) return not_resolved(failure.message());
  AddressBook::Addresses addresses;
  for (const auto& entry : found) {
    const auto address = entry.endpoint().address();
    const bool is_known = std::find(addresses.begin(), addresses.end(), address) != addresses.end();
    if (!is_known && addresses.size() < kAddressesMax) addresses.push_back(address);
  }
  book_.keep(to_.host, addresses);
  connect_to(std::move(addresses));
}

// A name that no longer exists may belong to a node that no longer exists: its last addresses tell, if known. If names
// do not resolve at all, that is this machine's trouble, and says nothing about any node.
void Dial::not_resolved(const std::string& why) {
  whys_ = "cannot resolve '" + to_.host + "': " + why;
  auto known = book_.last(to_.host);
  if (known.empty()) return end(Error{ErrorKind::local, whys_});
  connect_to(std::move(known));
}

// --- its addresses ---------------------------------------------------------------------------------------------------

void Dial::connect_to(AddressBook::Addresses addresses) {
  addresses_ = std::move(addresses);
  std::rotate(addresses_.begin(), addresses_.begin() + static_cast<std::ptrdiff_t>(first_ % addresses_.size()),
              addresses_.end());
  connecting_since_ = std::chrono::steady_clock::now();
  patience_.expires_after(clock_length(timeout_));
  patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_) return;
    // A process that was held up finds its timers expired and its answers there at the same moment: answers go first.
    self->loop_.post([self] {
      if (self->done_) self->out_of_time();
    });
  });
  probe_machines();
  try_next();
}

void Dial::probe_machines() {
  probing_.expires_after(clock_length(kProbePause));
  probing_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (cancelled || !self->done_) return;
    for (std::size_t number = 0; number < self->tries_.size(); ++number) {
      Try& one = self->tries_[number];
      if (one.has_ended || !one.socket.is_open()) continue;
      if (!one.probe) {
        one.probe = std::make_shared<MachineProbe>(self->loop_.context(), self->machines_,
                                                   asio::ip::tcp::endpoint(self->addresses_[number], self->to_.port));
      }
      one.probe->ask();
    }
    self->probe_machines();
  });
}

bool Dial::is_machine_heard(std::size_t number) const {
  return machines_.were_heard(addresses_[number], std::chrono::steady_clock::now());
}

void Dial::try_next() {
  if (tries_.size() == addresses_.size()) return;
  const std::size_t number = tries_.size();
  tries_.emplace_back(loop_.context());
  tries_.back().socket.async_connect({addresses_[number], to_.port},
                                     [self = shared_from_this(), number](const error_code& failure) {
                                       if (self->done_ && !self->tries_[number].has_ended) self->tried(number, failure);
                                     });
  if (tries_.size() == addresses_.size()) return;
  // The last one still gets a share of the time if all before it are silent.
  stagger_.expires_after(clock_length(timeout_ / (addresses_.size() + 1)));
  stagger_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled && self->done_) self->try_next();
  });
}

void Dial::tried(std::size_t number, const error_code& failure) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (failure) return fail_try(number, verdict_of(failure, addresses_[number]), failure.message());
  auto& socket = tries_[number].socket;
  error_code ignored;
  // On loopback a connect to a free port may connect to itself (TCP simultaneous open): nothing listens there.
  if (socket.local_endpoint(ignored) == socket.remote_endpoint(ignored))
    return fail_try(number, ConnectVerdict::refused, "nobody listens there");
  end(std::move(socket));
}

void Dial::out_of_time() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  // While this loop was held up, the last tries have not even begun.
  while (tries_.size() < addresses_.size()) tries_.emplace_back(loop_.context());
  for (std::size_t number = 0; number < tries_.size() && done_; ++number) {
    const Try& one = tries_[number];
    if (one.has_ended) continue;
    if (!one.socket.is_open()) {
      fail_try(number, ConnectVerdict::local, kNoAnswer);
    } else if (is_machine_heard(number)) {
      fail_try(number, ConnectVerdict::full, kQueueFull);
    } else {
      fail_try(number, ConnectVerdict::silent, kNoAnswer);
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
  loop_.post([done = std::move(done), kept = std::make_shared<Result<asio::ip::tcp::socket>>(std::move(result))] {
    done(std::move(*kept));
  });
}

void Dial::cancel() noexcept {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
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

}  // namespace p2p::host
