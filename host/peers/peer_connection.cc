#include "peers/peer_connection.h"

#include "serving/loop.h"
#include "serving/message_head.h"

#include <p2p/handlers.h>

#include <chrono>
#include <limits>

namespace p2p::host {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

// How a node of the 2009 system answers a call that it does not know.
bool is_unknown_method(std::string_view reply) {
  using apache::thrift::TApplicationException;
  Codec codec;
  codec.in().attach(reply);
  try {
    std::string method;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec.binary_in().readMessageBegin(method, type, sequence);
    if (type != apache::thrift::protocol::T_EXCEPTION) return false;
    TApplicationException exception;
    exception.read(&codec.binary_in());
    return exception.getType() == TApplicationException::UNKNOWN_METHOD;
  } catch (const std::exception&) {
    return false;
  }
}

auto clock_time(TimePoint at) { return std::chrono::time_point_cast<std::chrono::steady_clock::duration>(at); }
auto clock_duration(Duration length) { return std::chrono::duration_cast<std::chrono::steady_clock::duration>(length); }

}  // namespace

PeerConnection::PeerConnection(Loop& loop, Location to, const PeerIdentity& identity, ClassicNodes& classics,
                               std::shared_ptr<const PeerLimits> limits, Logger& log)
    : loop_(loop),
      to_(std::move(to)),
      identity_(identity),
      classics_(classics),
      shared_limits_(std::move(limits)),
      limits_(*shared_limits_),
      log_(log),
      socket_(loop.context()),
      resolver_(loop.context()),
      patience_(loop.context()),
      expiry_(loop.context()) {}

void PeerConnection::deliver_later(Loop& loop, Reply reply, Result<std::string> result) {
  loop.post([reply = std::move(reply), result = std::move(result)]() mutable { reply(std::move(result)); });
}

void PeerConnection::call(std::string_view service, std::string_view method, std::string_view body, TimePoint deadline,
                          Reply reply) {
  if (state_ == State::shut)
    return deliver_later(loop_, std::move(reply), Error{ErrorKind::cancelled, "this node stops"});
  if (state_ == State::closed && classics_.knows(to_, loop_.now())) {
    return deliver_later(loop_, std::move(reply), is_classic());
  }
  if (body.size() + kMethodNameBytesMax > limits_.message_bytes_max) {
    return deliver_later(loop_, std::move(reply),
                         Error{ErrorKind::invalid, "the message is larger than [host] frame_bytes_max"});
  }
  if (pending_.size() >= limits_.calls_max || queued_bytes_ + body.size() > limits_.queue_bytes_max) {
    return deliver_later(loop_, std::move(reply),
                         Error{ErrorKind::overloaded, "too many calls wait for " + to_.name() +
                                                          " ([host] peer_calls_max, peer_queue_bytes_max)"});
  }
  const std::int32_t sequence = expect(deadline, std::move(reply));
  Queued& queued = queued_.emplace_back(Queued{sequence, {}});
  queued.bytes.reserve(body.size() + service.size() + method.size() + 16);
  append_binary_head(queued.bytes, MessageType::call, service, method, sequence);
  queued.bytes.append(body);
  queued_bytes_ += queued.bytes.size();
  was_used_ = true;
  if (state_ == State::closed) {
    connect();
  } else if (state_ == State::ready) {
    schedule_flush();
  }
}

std::int32_t PeerConnection::expect(TimePoint deadline, Reply reply) {
  do {
    last_sequence_ = last_sequence_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_sequence_ + 1;
  } while (pending_.contains(last_sequence_));
  const auto place = deadlines_.emplace(deadline, last_sequence_);
  pending_.emplace(last_sequence_, Pending{std::move(reply), place});
  if (place == deadlines_.begin()) arm();
  return last_sequence_;
}

// --- connecting ------------------------------------------------------------------------------------------------------

void PeerConnection::connect() {
  state_ = State::connecting;
  ++generation_;
  patience_.expires_after(clock_duration(Duration(limits_.connect_timeout)));
  patience_.async_wait([self = shared_from_this(), generation = generation_](error_code cancelled) {
    if (cancelled || generation != self->generation_ || self->state_ != State::connecting) return;
    self->fail_all({ErrorKind::refused, "no connection to " + self->to_.name() + " within [host] connect_timeout"});
  });
  error_code not_numeric;
  const auto address = asio::ip::make_address(to_.address, not_numeric);
  if (not_numeric) {
    resolve_then_connect();
  } else {
    connect_to({address, to_.port});
  }
}

void PeerConnection::resolve_then_connect() {
  resolver_.async_resolve(to_.address, std::to_string(to_.port),
                          [self = shared_from_this(), generation = generation_](error_code failure, auto found) {
                            if (generation != self->generation_) return;
                            if (failure || found.empty()) {
                              return self->fail_all({ErrorKind::refused, "cannot resolve '" + self->to_.address +
                                                                             "': " + failure.message()});
                            }
                            self->connect_to(found.begin()->endpoint());
                          });
}

void PeerConnection::connect_to(const asio::ip::tcp::endpoint& endpoint) {
  socket_.async_connect(endpoint, [self = shared_from_this(), generation = generation_](error_code failure) {
    if (generation == self->generation_) self->on_connected(failure);
  });
}

void PeerConnection::on_connected(error_code failure) {
  if (failure) return fail_all({ErrorKind::refused, "cannot connect to " + to_.name() + ": " + failure.message()});
  error_code ignored;
  // On loopback a connect to a free port may meet itself (TCP simultaneous open): that is nobody's listener.
  if (socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored)) {
    return fail_all({ErrorKind::refused, "nobody listens on " + to_.name()});
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  greet();
}

void PeerConnection::greet() {
  state_ = State::greeting;
  patience_.cancel();
  const auto request = identity_.request();
  peer::Peer_hello_pargs arguments;
  arguments.request = &request;
  Codec codec;
  arguments.write(&codec.binary_out());
  loop_.refresh_now();
  const std::int32_t sequence =
      expect(loop_.now() + Duration(limits_.hello_timeout),
             [self = shared_from_this(), generation = generation_](Result<std::string> reply) {
               if (generation == self->generation_ && self->state_ == State::greeting) self->on_hello(reply);
             });
  std::string hello;
  append_binary_head(hello, MessageType::call, kPeerService, "hello", sequence);
  hello.append(codec.out().written());
  error_code failure;
  // A fresh socket takes a few hundred bytes at once; if it does not, the connection is of no use.
  const std::size_t sent = socket_.write_some(asio::buffer(hello), failure);
  if (failure || sent != hello.size())
    return fail_all({ErrorKind::closed, "cannot greet " + to_.name() + ": " + failure.message()});
  scanner_.reset(Encoding::binary, limits_.message_bytes_max);
  received_.clear();
  read();
}

void PeerConnection::on_hello(const Result<std::string>& reply) {
  if (!reply.ok()) return fail_all(reply.error());
  const auto hello = decode_reply<peer::Peer_hello_result>(reply.value());
  if (!hello.ok() && is_unknown_method(reply.value())) {
    classics_.remember(to_, loop_.now());
    return fail_all(is_classic());
  }
  if (!hello.ok()) {
    return fail_all({ErrorKind::protocol, to_.name() + " does not speak to nodes of ours: " + hello.error().text});
  }
  if (hello.value().__isset.refused) {
    const auto& refused = hello.value().refused;
    log_.warn("{} refuses us: its {} is '{}', ours is '{}'", to_.name(), refused.field, refused.ours, refused.theirs);
    return fail_all({ErrorKind::protocol, to_.name() + " refuses us: its " + refused.field + " is '" + refused.ours +
                                              "', ours is '" + refused.theirs + "'"});
  }
  became_ready();
}

void PeerConnection::became_ready() {
  state_ = State::ready;
  watch_idleness();
  schedule_flush();
}

void PeerConnection::watch_idleness() {
  was_used_ = false;
  // Half of the other side's patience: a call then never crosses its closing.
  patience_.expires_after(clock_duration(Duration(limits_.idle_timeout) / 2));
  patience_.async_wait([self = weak_from_this(), generation = generation_](error_code cancelled) {
    const auto here = self.lock();
    if (cancelled || !here || generation != here->generation_) return;
    if (here->was_used_ || !here->pending_.empty()) return here->watch_idleness();
    here->fail_all({ErrorKind::closed, "idle"});
  });
}

// --- deadlines -------------------------------------------------------------------------------------------------------

void PeerConnection::arm() {
  if (deadlines_.empty()) {
    expiry_.cancel();
    return;
  }
  expiry_.expires_at(clock_time(deadlines_.begin()->first));
  expiry_.async_wait([self = weak_from_this()](error_code cancelled) {
    if (cancelled) return;
    if (const auto here = self.lock()) here->expire();
  });
}

void PeerConnection::expire() {
  loop_.refresh_now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= loop_.now()) {
    const auto overdue = pending_.find(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    Reply reply = std::move(overdue->second.reply);
    pending_.erase(overdue);
    reply(Error{ErrorKind::timed_out, to_.name() + " did not answer in time"});
  }
  arm();
}

// --- bytes -----------------------------------------------------------------------------------------------------------

void PeerConnection::schedule_flush() {
  if (is_flush_scheduled_ || is_writing_ || queued_.empty()) return;
  is_flush_scheduled_ = true;
  // Later, so that all calls that come out of one read of a client leave in one write.
  loop_.post([self = shared_from_this()] {
    self->is_flush_scheduled_ = false;
    self->flush();
  });
}

void PeerConnection::flush() {
  if (state_ != State::ready || is_writing_ || queued_.empty()) return;
  writing_ = take_queued();
  error_code failure;
  const std::size_t sent = socket_.write_some(asio::buffer(writing_), failure);
  const bool must_wait = failure == asio::error::would_block || failure == asio::error::try_again;
  if (failure && !must_wait)
    return fail_all({ErrorKind::closed, "the connection to " + to_.name() + " broke: " + failure.message()});
  if (sent == writing_.size()) return std::string().swap(writing_);
  writing_.erase(0, must_wait ? 0 : sent);
  is_writing_ = true;
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this(), generation = generation_](error_code broken, std::size_t) {
                      if (generation != self->generation_) return;
                      self->is_writing_ = false;
                      std::string().swap(self->writing_);
                      if (broken) {
                        return self->fail_all({ErrorKind::closed, "the connection to " + self->to_.name() +
                                                                      " broke: " + broken.message()});
                      }
                      self->flush();
                    });
}

std::string PeerConnection::take_queued() {
  std::string bytes;
  bytes.reserve(queued_bytes_);
  for (const Queued& queued : queued_) {
    // Whoever asked has given up on an expired call, and may have asked again: it must not be executed any more.
    if (pending_.contains(queued.sequence)) bytes += queued.bytes;
  }
  queued_.clear();
  queued_bytes_ = 0;
  return bytes;
}

void PeerConnection::read() {
  if (block_.empty()) block_.resize(kReadBytes);
  socket_.async_read_some(asio::buffer(block_),
                          [self = shared_from_this(), generation = generation_](error_code failure, std::size_t bytes) {
                            if (generation == self->generation_) self->on_read(failure, bytes);
                          });
}

void PeerConnection::on_read(error_code failure, std::size_t bytes) {
  if (failure) {
    return fail_all({ErrorKind::closed, to_.name() + " closed the connection: " + failure.message()});
  }
  received_.append(block_.data(), bytes);
  const std::uint64_t generation = generation_;
  if (!take_replies() || generation != generation_ || state_ == State::shut) return;
  read();
}

bool PeerConnection::take_replies() {
  std::size_t at = 0;
  while (at < received_.size()) {
    const std::string_view rest = std::string_view(received_).substr(at);
    const ScanStatus status = scanner_.scan(rest);
    if (status == ScanStatus::need_more) break;
    if (status == ScanStatus::malformed) {
      fail_all({ErrorKind::protocol, to_.name() + " sent bytes that are no reply: " + scanner_.why()});
      return false;
    }
    const std::size_t bytes = scanner_.bytes();
    scanner_.reset(Encoding::binary, limits_.message_bytes_max);
    const std::uint64_t generation = generation_;
    if (!take_reply(rest.substr(0, bytes)) || generation != generation_) return false;
    at += bytes;
  }
  received_.erase(0, at);
  if (received_.empty() && received_.capacity() > kReadBytes) std::string().swap(received_);
  return true;
}

bool PeerConnection::take_reply(std::string_view message) {
  const auto head = read_head(message, Encoding::binary);
  if (!head.ok()) {
    fail_all({ErrorKind::protocol, to_.name() + " sent a reply without a head: " + head.error().text});
    return false;
  }
  const auto found = pending_.find(head.value().sequence);
  if (found == pending_.end()) return true;  // its deadline has passed
  Reply reply = std::move(found->second.reply);
  deadlines_.erase(found->second.deadline);
  pending_.erase(found);
  reply(std::string(message));
  return true;
}

// --- the end ---------------------------------------------------------------------------------------------------------

void PeerConnection::close_socket() noexcept {
  error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  patience_.cancel();
  expiry_.cancel();
}

void PeerConnection::fail_all(Error error) {
  ++generation_;
  close_socket();
  if (state_ != State::shut) state_ = State::closed;
  is_writing_ = false;
  queued_.clear();
  queued_bytes_ = 0;
  std::string().swap(writing_);
  std::string().swap(received_);
  std::vector<char>().swap(block_);
  deadlines_.clear();
  std::unordered_map<std::int32_t, Pending> failed;
  failed.swap(pending_);
  for (auto& [sequence, pending] : failed) deliver_later(loop_, std::move(pending.reply), error);
}

void PeerConnection::shut_down() {
  state_ = State::shut;
  fail_all({ErrorKind::cancelled, "this node stops"});
}

}  // namespace p2p::host
