#include "peers/peer_connection.h"

#include "peers/greeting.h"
#include "serving/loop.h"
#include "serving/message_head.h"

#include <p2p/call.h>
#include <p2p/handlers.h>
#include <p2p/thread_check.h>

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace p2p::host {
namespace {

// Calls that went unanswered until their deadline; beyond it the other side has lost them, and the connection is given
// up.
constexpr std::size_t kLateCallsMax = 100'000;

// Lets a caller that checks only the error's kind learn, too, that the call was not executed.
Error unsent(Error error) {
  if (may_have_run(error.kind)) error.kind = ErrorKind::unreachable;
  return error;
}

// Calls a service's function with the reply.
class FunctionTaker final : public ReplyHandler {
 public:
  FunctionTaker(PeerConnection::Reply reply, Urgency urgency) : reply_(std::move(reply)), urgency_(urgency) {}
  void replied(std::string_view reply) override { end(std::string(reply)); }
  void failed(Error error) override { end(std::move(error)); }
  // A must_try call is made to find out how the node is: slow to greet does not mean unreachable.
  void failed_unsent(Error error) override {
    end(urgency_ == Urgency::must_try ? std::move(error) : unsent(std::move(error)));
  }
  void dropped() noexcept override { delete this; }

 private:
  void end(Result<std::string> result) {
    const std::unique_ptr<FunctionTaker> self(this);
    reply_(std::move(result));
  }

  PeerConnection::Reply reply_;
  const Urgency urgency_;
};

// Memory of written bytes kept for reuse.
constexpr std::size_t kKeptBytesMax = kDataBatchBytesMax;

}  // namespace

PeerConnection::PeerConnection(Loop& loop, NodeAddress to, const PeerEnvironment& environment,
                               std::shared_ptr<const PeerLimits> limits, std::size_t connections)
    : loop_(loop),
      to_(std::move(to)),
      environment_(environment),
      shared_limits_(std::move(limits)),
      limits_(*shared_limits_),
      calls_max_(std::max<std::size_t>(1, limits_.calls_max / connections)),
      queue_bytes_max_(limits_.queue_bytes_max / connections),
      outage_(std::hash<NodeAddress>()(to_) ^ reinterpret_cast<std::uintptr_t>(this)),
      socket_(loop.context()),
      patience_(loop.context()),
      expiry_(loop.context()),
      silence_(loop.context()),
      output_(kKeptBytesMax) {}

PeerConnection::~PeerConnection() {
  for (const auto& waiting : waiting_.clear()) waiting.taker->dropped();
}

void PeerConnection::fail_later(Loop& loop, ReplyHandler& taker, Error error, bool was_sent) {
  struct Drop {
    void operator()(ReplyHandler* of) const noexcept { of->dropped(); }
  };
  loop.post([owned = std::unique_ptr<ReplyHandler, Drop>(&taker), error = std::move(error), was_sent]() mutable {
    ReplyHandler* const told = owned.release();
    was_sent ? told->failed(std::move(error)) : told->failed_unsent(std::move(error));
  });
}

void PeerConnection::call(std::string_view service, std::string_view method, std::string_view body, TimePoint deadline,
                          Urgency urgency, Reply reply) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  auto* taker = new FunctionTaker(std::move(reply), urgency);  // deletes itself when called
  if (auto refusal = refusal_of(body.size(), urgency)) return fail_later(loop_, *taker, std::move(*refusal));
  enqueue(*taker, deadline, urgency, [&](std::string& out, std::int32_t sequence) {
    append_binary_head(out, MessageType::call, service, method, sequence);
    out.append(body);
  });
}

void PeerConnection::forward(const ForwardRequest& request, TimePoint deadline, ReplyHandler& taker) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (auto refusal = refusal_of(request.message.size(), Urgency::fails_fast))
    return fail_later(loop_, taker, std::move(*refusal));
  enqueue(taker, deadline, Urgency::fails_fast,
          [&](std::string& out, std::int32_t sequence) { append_forward(out, sequence, request); });
}

std::optional<Error> PeerConnection::refusal_of(std::size_t bytes, Urgency urgency) {
  if (state_ == State::shut) return Error{ErrorKind::cancelled, "this node stops"};
  if (state_ == State::closed && environment_.classics.knows(to_, loop_.now())) return is_classic();
  if (bytes + kMethodNameBytesMax > limits_.message_bytes_max)
    return Error{ErrorKind::invalid, "the message is larger than [host] frame_bytes_max"};
  const bool may_fail_fast = state_ != State::ready && urgency == Urgency::fails_fast;
  if (may_fail_fast && outage_.lasts(loop_.now(), state_ != State::closed)) return outage_.error();
  const bool is_urgent = urgency == Urgency::must_try;
  if (waiting_.waiting(urgency) >= (is_urgent ? kUrgentCallsMax : calls_max_)) {
    const char* const which = is_urgent ? "too many calls of the locator" : "[host] peer_calls_max calls";
    return Error{ErrorKind::overloaded, which + (" to " + to_.name()) + " are unanswered"};
  }
  // A single message may exceed this connection's share.
  const std::uint64_t unsent = queue_.bytes(urgency) + (is_urgent ? 0 : output_.bytes());
  if (unsent > 0 && unsent + bytes > (is_urgent ? kUrgentBytesMax : queue_bytes_max_)) {
    const char* const which = is_urgent ? "too many bytes of the locator" : "[host] peer_queue_bytes_max bytes";
    return Error{ErrorKind::overloaded, which + (" wait to be sent to " + to_.name())};
  }
  return std::nullopt;
}

template <class Append>
void PeerConnection::enqueue(ReplyHandler& taker, TimePoint deadline, Urgency urgency, Append append) {
  const std::int32_t sequence = expect(deadline, taker, urgency);
  queue_.add(sequence, urgency, [&](std::string& out) { append(out, sequence); });
  was_used_ = true;
  if (state_ == State::closed) {
    connect();
  } else if (state_ == State::ready) {
    schedule_flush();
  }
}

std::int32_t PeerConnection::expect(TimePoint deadline, ReplyHandler& taker, Urgency urgency) {
  const auto earliest = waiting_.next_deadline();
  const std::int32_t sequence = waiting_.add(taker, deadline, urgency);
  if (!earliest || deadline < *earliest) arm();
  return sequence;
}

// --- connecting ------------------------------------------------------------------------------------------------------

void PeerConnection::connect() {
  state_ = State::connecting;
  ++generation_;
  dial_ = std::make_shared<net::Dial>(loop_.context(), to_, environment_.dial_options(first_address_));
  dial_->start(limits_.connect_timeout,
               [self = shared_from_this(), generation = generation_](Result<asio::ip::tcp::socket> connected) {
                 if (generation == self->generation_) self->on_connected(std::move(connected));
               });
}

void PeerConnection::on_connected(Result<asio::ip::tcp::socket> connected) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  dial_.reset();
  if (!connected.ok()) {
    const Error& failure = connected.error();
    if (failure.kind == ErrorKind::local) {
      environment_.own_failures.note("connect to " + to_.name(), failure.text, loop_.now());
    }
    return no_way_through({failure.kind, "cannot connect to " + to_.name() + ": " + failure.text});
  }
  socket_ = std::move(connected).value();
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  greet();
}

void PeerConnection::greet() {
  state_ = State::greeting;
  const auto request = environment_.identity.request();
  peer::Peer_hello_pargs arguments;
  arguments.request = &request;
  Codec codec;
  arguments.write(&codec.binary_out());
  loop_.refresh_now();
  auto* taker = new FunctionTaker(
      [self = shared_from_this(), generation = generation_](Result<std::string> reply) {
        if (generation == self->generation_ && self->state_ == State::greeting) self->on_hello(reply);
      },
      Urgency::must_try);
  const std::int32_t sequence = expect(loop_.now() + Duration(limits_.hello_timeout), *taker, Urgency::must_try);
  waiting_.sent(sequence);
  std::string hello;
  append_binary_head(hello, MessageType::call, kPeerService, "hello", sequence);
  hello.append(codec.out().written());
  error_code failure;
  // A fresh socket takes a few hundred bytes at once; if not, the connection is unusable.
  const std::size_t sent = socket_.write_some(asio::buffer(hello), failure);
  if (failure || sent != hello.size())
    return broke({ErrorKind::closed, "cannot greet " + to_.name() + ": " + failure.message()});
  watch_silence(kSilenceTicksFirst);
  scanner_.reset(Encoding::binary, limits_.message_bytes_max);
  read();
}

void PeerConnection::on_hello(const Result<std::string>& reply) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  const PeerIdentity& identity = environment_.identity;
  const bool is_member = identity.is_member(to_);
  const auto greeting = judge_greeting(reply, to_, is_member, identity.refusals(), loop_.now(), environment_.log);
  if (greeting.ok()) {
    for (const std::string& line : identity.new_differences(to_.name(), greeting.value())) {
      environment_.log.warn(kDiffers, to_.name(), line);
    }
    return became_ready();
  }
  const Error& why = greeting.error();
  if (why.kind == ErrorKind::unsupported) {
    environment_.classics.remember(to_, loop_.now());
    return fail_all(why);
  }
  if (why.kind == ErrorKind::wrong_node) ++first_address_;
  no_way_through(why);
}

void PeerConnection::became_ready() {
  state_ = State::ready;
  outage_.is_over();
  watch_idleness();
  schedule_flush();
}

void PeerConnection::watch_idleness() {
  was_used_ = false;
  // Half of the other side's idle timeout: so a call never races with its close.
  patience_.expires_after(Duration(limits_.idle_timeout) / 2);
  patience_.async_wait([self = weak_from_this(), generation = generation_](error_code cancelled) {
    const auto here = self.lock();
    if (cancelled || !here || generation != here->generation_) return;
    if (here->was_used_ || !here->waiting_.empty()) return here->watch_idleness();
    here->fail_all({ErrorKind::closed, "idle"});
  });
}

// Answers may take any time, acknowledgments may not: a machine that is switched off would otherwise be noticed only
// when the kernel gives up, a quarter of an hour later. A frozen process's machine still acknowledges.
void PeerConnection::watch_silence(int ticks) {
  if (is_watching_silence_) return;
  is_watching_silence_ = true;
  // All connections of the loop at the same moments: one wake-up, and not one for each.
  const Duration now = std::chrono::steady_clock::now().time_since_epoch();
  silence_.expires_at(TimePoint((now / kSilenceTick + ticks) * kSilenceTick));
  silence_.async_wait([self = weak_from_this(), generation = generation_](error_code cancelled) {
    const auto here = self.lock();
    if (cancelled || !here || generation != here->generation_) return;
    here->is_watching_silence_ = false;
    if (here->waiting_.empty() && here->waiting_.late() == 0) return;
    switch (here->silence()) {
      case Silence::none:  // until more is sent
        return;
      case Silence::possible:
        return here->watch_silence(1);
      case Silence::certain:
        here->fail_all({ErrorKind::closed, "no sign of life from the machine of " + here->to_.name()});
        here->report(ErrorKind::silent);
    }
  });
}

PeerConnection::Silence PeerConnection::silence() {
  int unacknowledged = 0;  // bytes, those that wait to be sent among them
  if (::ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0) return Silence::none;
  tcp_info info{};
  socklen_t bytes = sizeof info;
  if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return Silence::possible;
  const bool is_certain = info.tcpi_unacked > 0 && info.tcpi_retransmits >= kRepetitionsLeast &&
                          std::chrono::milliseconds(info.tcpi_last_ack_recv) >= kSilenceLeast;
  return is_certain ? Silence::certain : Silence::possible;
}

// --- deadlines -------------------------------------------------------------------------------------------------------

// A timer that fires with nothing to do is cheaper than one that is moved with every call.
void PeerConnection::arm() {
  const auto next = waiting_.next_deadline();
  if (!next || (is_armed_ && expiry_.expiry() <= *next)) return;
  is_armed_ = true;
  expiry_.expires_at(*next);
  expiry_.async_wait([self = weak_from_this()](error_code replaced) {
    if (replaced) return;
    if (const auto here = self.lock()) {
      here->is_armed_ = false;
      here->expire();
    }
  });
}

void PeerConnection::expire() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  loop_.refresh_now();
  for (auto overdue = waiting_.take_overdue(loop_.now()); overdue.taker != nullptr;
       overdue = waiting_.take_overdue(loop_.now())) {
    overdue.was_sent ? overdue.taker->failed({ErrorKind::timed_out, to_.name() + " did not answer in time"})
                     : overdue.taker->failed_unsent(why_unsent());
  }
  if (waiting_.late() > kLateCallsMax)
    return fail_all({ErrorKind::closed, to_.name() + " leaves too many calls unanswered"});
  arm();
}

Error PeerConnection::why_unsent() const {
  const auto unconnected = dial_ ? dial_->so_far() : std::nullopt;
  if (!unconnected) return {ErrorKind::timed_out, to_.name() + " was not ready for the call in time"};
  return {unconnected->kind, "cannot connect to " + to_.name() + ": " + unconnected->text};
}

// --- bytes -----------------------------------------------------------------------------------------------------------

void PeerConnection::schedule_flush() {
  if (is_flush_scheduled_ || output_.is_waiting() || queue_.empty()) return;
  is_flush_scheduled_ = true;
  // Later, so that all calls from one read of a client leave in one write.
  loop_.post([self = shared_from_this()] {
    self->is_flush_scheduled_ = false;
    self->flush();
  });
}

void PeerConnection::flush() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (state_ != State::ready) return;
  const error_code broken = output_.flush(
      socket_,
      [this](std::string& batch) { queue_.take(batch, [this](std::int32_t sequence) { return is_wanted(sequence); }); },
      [this] {
        return [self = shared_from_this(), generation = generation_](error_code) {
          if (generation != self->generation_) return;
          self->output_.has_room();
          self->flush();
        };
      });
  if (broken) return fail_all({ErrorKind::closed, "the connection to " + to_.name() + " broke: " + broken.message()});
  if (!waiting_.empty()) watch_silence(kSilenceTicksFirst);
}

// The caller has given up on an expired call, and may have retried it: it must not be executed any more.
bool PeerConnection::is_wanted(std::int32_t sequence) {
  const ReplyHandler* taker = waiting_.find_taker(sequence);
  if (taker != nullptr && taker->is_wanted()) {
    waiting_.sent(sequence);
    return true;
  }
  if (ReplyHandler* unwanted = waiting_.take(sequence))  // in any case: it will get no answer
    fail_later(loop_, *unwanted, {ErrorKind::cancelled, "nobody waits for the answer"});
  return false;
}

void PeerConnection::read() {
  socket_.async_read_some(input_.room(),
                          [self = shared_from_this(), generation = generation_](error_code failure, std::size_t bytes) {
                            if (generation == self->generation_) self->on_read(failure, bytes);
                          });
}

void PeerConnection::on_read(error_code failure, std::size_t bytes) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (failure) return broke({ErrorKind::closed, to_.name() + " closed the connection: " + failure.message()});
  loop_.refresh_now();
  input_.arrived(bytes);
  // A reply's handler may end this connection, and with it the buffer that holds the reply.
  net::ReadBuffer input = std::move(input_);
  if (!take_replies(input)) return;
  input_ = std::move(input);
  input_.adapt();
  read();
}

// False when the connection has ended meanwhile.
bool PeerConnection::take_replies(net::ReadBuffer& input) {
  const std::uint64_t generation = generation_;
  while (!input.is_empty()) {
    const std::string_view rest = input.unread();
    const ScanStatus status = scanner_.scan(rest);
    if (status == ScanStatus::need_more) break;
    if (status == ScanStatus::malformed) {
      broke({ErrorKind::protocol, to_.name() + " sent bytes that are no reply: " + scanner_.why()});
      return false;
    }
    const std::size_t bytes = scanner_.bytes();
    scanner_.reset(Encoding::binary, limits_.message_bytes_max);
    input.take(bytes);
    if (!take_reply(rest.substr(0, bytes)) || generation != generation_) return false;
  }
  return state_ != State::shut;
}

bool PeerConnection::take_reply(std::string_view message) {
  const auto head = read_head(message, Encoding::binary);
  if (!head.ok()) {
    broke({ErrorKind::protocol, to_.name() + " sent a reply without a head: " + head.error().text});
    return false;
  }
  if (ReplyHandler* taker = waiting_.take(head.value().sequence)) taker->replied(message);
  return true;
}

// --- the end ---------------------------------------------------------------------------------------------------------

void PeerConnection::close_socket() noexcept {
  error_code ignored;
  socket_.close(ignored);
  if (dial_) dial_->cancel();
  dial_.reset();
  patience_.cancel();
  expiry_.cancel();
  silence_.cancel();
}

void PeerConnection::fail_all(Error error) {
  ++generation_;
  close_socket();
  if (state_ != State::shut) state_ = State::closed;
  is_armed_ = is_watching_silence_ = false;
  queue_.clear();
  output_.reset();
  input_.reset();
  for (const auto& waiting : waiting_.clear()) fail_later(loop_, *waiting.taker, error, waiting.was_sent);
}

void PeerConnection::broke(Error error) {
  if (state_ == State::greeting) return on_hello(std::move(error));
  fail_all(std::move(error));
}

void PeerConnection::no_way_through(Error error) {
  loop_.refresh_now();
  outage_.begins(error, loop_.now());
  const ErrorKind kind = error.kind;
  fail_all(std::move(error));
  report(kind);
}

// Refused connects are reported by the services. Callers of failed calls learn of the failure first.
void PeerConnection::report(ErrorKind kind) {
  if (kind != ErrorKind::silent && kind != ErrorKind::wrong_node) return;
  loop_.post([self = shared_from_this()] {
    if (const auto locator = self->environment_.identity.locator()) locator->report_unreachable(self->to_);
  });
}

void PeerConnection::shut_down() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  state_ = State::shut;
  for (const std::int32_t sequence : queue_.clear()) {
    if (ReplyHandler* unsent = waiting_.take(sequence))
      fail_later(loop_, *unsent, {ErrorKind::cancelled, "this node stops"});
  }
  fail_all({ErrorKind::closed, "this node stops, and waits for no answer of " + to_.name()});
}

}  // namespace p2p::host
