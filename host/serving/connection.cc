#include "serving/connection.h"

#include "serving/loop.h"
#include "serving/message_head.h"

#include <p2p/thread_check.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/ip/address.hpp>
#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace p2p::host {
namespace {
using AcknowledgedWithin = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

// Replies of one read are sent together, but not buffered beyond this: the client can begin to read.
constexpr std::size_t kFlushBytes = 256 * 1024;

// Replies that may wait for a slow reader, in multiples of [host] reply_bytes_max, before its connection is closed.
constexpr std::size_t kReplyOverrunFactor = 2;

// Waiting bytes are reported to the home in steps of at least this size, so small requests and replies never are:
// 10,000 connections may leave 40 MiB unreported.
constexpr std::size_t kCountStep = 4096;

// Keeps a connection alive while an operation of Asio's is pending.
template <class Handler>
auto holding(Connection* connection, Handler handler) {
  return [ref = OriginRef(connection), handler = std::move(handler)](auto... results) mutable { handler(results...); };
}

// Of one end of a connection, by the kernel's word: `ask` is getpeername or getsockname. None of a unix socket.
std::optional<asio::ip::address> address_at_end(StreamSocket& socket, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage end{};
  socklen_t bytes = sizeof end;
  if (ask(socket.native_handle(), reinterpret_cast<sockaddr*>(&end), &bytes) != 0) return std::nullopt;
  if (end.ss_family == AF_INET)
    return asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in&>(end).sin_addr.s_addr));
  if (end.ss_family != AF_INET6) return std::nullopt;
  asio::ip::address_v6::bytes_type six;
  std::ranges::copy(reinterpret_cast<const sockaddr_in6&>(end).sin6_addr.s6_addr, six.begin());
  const asio::ip::address_v6 address(six);
  if (address.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address);
  return address;
}

// Who connects to an address of its own machine comes from that address, unless it chooses one of loopback.
HttpClient http_client_of(StreamSocket& socket) {
  const auto from = address_at_end(socket, ::getpeername);
  const auto to = address_at_end(socket, ::getsockname);
  if (!from || !to) return {};
  return {.is_local = from->is_loopback() || *from == *to, .asked_address = to->to_string()};
}

}  // namespace

Connection::Connection(StreamSocket socket, Loop& loop, ServiceRouter& router, ConnectionHome& home,
                       ConnectionStatus status, Logger& log)
    : socket_(std::move(socket)),
      loop_(loop),
      router_(router),
      home_(home),
      log_(log),
      status_(status),
      bytes_max_(router.limits().frame_bytes_max),
      allowance_(home.wide_allowances()) {}

void Connection::start() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  error_code ignored;
  socket_.non_blocking(true, ignored);
  active_at_ = opened_at_ = loop_.now();
  loop_.traffic().connections.add(1);
  read();
}

// --- reading ---------------------------------------------------------------------------------------------------------

bool Connection::may_take() const noexcept {
  return !is_closed_ && !is_finishing_ && !is_held_back_ && in_flight_ < router_.limits().calls_in_flight_max &&
         queued_bytes() < router_.limits().reply_bytes_max &&
         !((is_writing_ || order_.waiting_bytes() != 0) && home_.is_overloaded());
}

void Connection::read() {
  if (is_reading_ || is_closed_) return;
  const asio::mutable_buffer room = input_.room(frame_bytes_);
  if (counted_ != 0 || !input_.is_empty()) recount(false);
  if (is_closed_) return;
  is_reading_ = true;
  socket_.async_read_some(room,
                          holding(this, [this](error_code failure, std::size_t bytes) { on_read(failure, bytes); }));
}

void Connection::on_read(error_code failure, std::size_t bytes) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  is_reading_ = false;
  if (is_closed_) return;
  if (is_stream_) return close();
  if (failure) {
    // A client may have sent its last request, and still wait for answers; a node closes only what it has given up.
    if (failure != asio::error::eof || is_out_of_order_) return close();
    is_finishing_ = true;
    close_when_done();
    return watch_for_reset();
  }
  loop_.refresh_now();
  active_at_ = loop_.now();
  loop_.traffic().read_bytes.add(static_cast<std::int64_t>(bytes));
  home_.bytes_came();
  input_.arrived(bytes);
  take_messages();
  if (is_closed_) return;
  input_.adapt();
  if (!may_take() || is_turn_due_) return;  // take_turn() reads, too, when it has taken what is here
  // After the others' turn: by then the next request has usually arrived, which saves a read that finds nothing.
  loop_.post(holding(this, [this] {
    if (may_take()) read();
  }));
}

void Connection::take_messages() {
  if (is_taking_) return;
  is_taking_ = true;
  bool is_more_due = false;
  while (may_take()) {
    std::span<char> message;
    const Next next = next_message(message);
    if (next != Next::message) {
      if (next == Next::need_more && !input_.is_empty() && partial_since_ == TimePoint{}) partial_since_ = loop_.now();
      break;
    }
    partial_since_ = {};
    if (form_.is_http) {
      is_more_due = take_request(message);
      break;
    }
    if (status_ == ConnectionStatus::on_trial && !may_be_of_a_node(message)) {
      break_off("a client's call, while [host] connections_max are open");
      break;
    }
    const Arrival arrival{this, 0, 0, form_.encoding, std::nullopt};
    const Taken taken = router_.take(loop_, arrival, message);
    if (taken == Taken::malformed) break_off("a message that is no call");
    if (taken == Taken::hold_back && !is_out_of_order_) is_held_back_ = true;
    if (out_.size() >= kFlushBytes) flush();
  }
  is_taking_ = false;
  flush();
  close_when_done();
  if (is_more_due) after_change();
}

// True: the next one may have come already. It is taken in another turn of the loop: an answer like that of /metrics is
// much work, and others wait.
bool Connection::take_request(std::span<char> request) {
  http_client_.is_beyond_limit = status_ == ConnectionStatus::on_trial;
  const HttpTaken taken = router_.http()->take(loop_, *this, {request.data(), request.size()}, http_client_);
  if (taken == HttpTaken::more) return !input_.is_empty();
  is_finishing_ = true;
  input_.take_all();
  is_stream_ = taken == HttpTaken::stream;
  if (!is_stream_) return false;
  error_code ignored;  // of a unix socket, whose reader cannot vanish
  socket_.set_option(AcknowledgedWithin(static_cast<int>(kVanishedReader.count())), ignored);
  loop_.post(holding(this, [this] { read(); }));
  return false;
}

// A node of ours says hello first. One of the 2009 system makes each call, as its clients do, on a connection of its
// own.
bool Connection::may_be_of_a_node(std::span<const char> message) const {
  if (form_.framed || form_.encoding != Encoding::binary) return false;
  const auto head = read_head({message.data(), message.size()}, form_.encoding);
  if (!head.ok()) return false;
  const std::string_view service = split_name(head.value().name).service;
  return service.empty() || service == kPeerService;
}

Connection::Next Connection::next_message(std::span<char>& message) {
  if (!is_detected_) {
    const Detection detection = detect(input_.unread(), form_);
    if (detection == Detection::need_more) return Next::need_more;
    if (detection == Detection::unknown || (form_.is_http && router_.http() == nullptr)) {
      break_off("bytes that are no Thrift message, framed or unframed, strict binary or compact");
      return Next::broken;
    }
    is_detected_ = true;
    if (form_.is_http && !begin_http()) return Next::broken;
    scanner_.reset(form_.encoding, bytes_max_);
  }
  if (form_.is_http) return next_http(message);
  return form_.framed ? next_framed(message) : next_unframed(message);
}

// False: it gets no place, and is told so.
bool Connection::begin_http() {
  http_client_ = http_client_of(socket_);
  const std::string_view refusal = router_.http()->opened(http_client_);
  is_http_ = refusal.empty();
  if (is_http_) return true;
  loop_.traffic().http_requests.add(1);
  loop_.traffic().http_refusals.add(1);
  out_.append(refusal);
  break_off("HTTP, which is refused to it");
  return false;
}

Connection::Next Connection::next_http(std::span<char>& message) {
  const std::size_t bytes = router_.http()->request_bytes(input_.unread());
  if (bytes == 0) return Next::need_more;
  message = input_.take(bytes);
  return Next::message;
}

Connection::Next Connection::next_framed(std::span<char>& message) {
  const std::string_view bytes = input_.unread();
  frame_bytes_ = 0;
  if (bytes.size() < 4) return Next::need_more;
  const std::uint32_t length = boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(bytes.data()));
  if (length > bytes_max_) {
    router_.warn_too_large(bytes.substr(4), form_.encoding, loop_.now());
    break_off("a frame larger than [host] frame_bytes_max");
    return Next::broken;
  }
  if (bytes.size() < 4ull + length) {
    frame_bytes_ = 4ull + length;
    return Next::need_more;
  }
  message = input_.take(4ull + length).subspan(4);
  return Next::message;
}

Connection::Next Connection::next_unframed(std::span<char>& message) {
  if (input_.is_empty()) return Next::need_more;
  switch (scanner_.scan(input_.unread())) {
    case ScanStatus::need_more:
      return Next::need_more;
    case ScanStatus::malformed:
      if (scanner_.is_too_large()) router_.warn_too_large(input_.unread(), form_.encoding, loop_.now());
      break_off(scanner_.why());
      return Next::broken;
    case ScanStatus::whole:
      break;
  }
  message = input_.take(scanner_.bytes());
  scanner_.reset(form_.encoding, bytes_max_);
  return Next::message;
}

void Connection::break_off(const char* why) {
  log_.debug("closing a connection that sent {}", why);
  is_finishing_ = true;
  input_.take_all();
}

// --- answers ---------------------------------------------------------------------------------------------------------

std::uint64_t Connection::begun(bool is_oneway) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  ++in_flight_;
  return is_oneway || is_out_of_order_ ? 0 : order_.take_place();
}

void Connection::append_reply(EncodedReply reply) {
  if (reply.bytes.empty()) return;  // of a oneway method that was sent as a call
  if (form_.framed) {
    unsigned char length[4];
    boost::endian::store_big_u32(length, static_cast<std::uint32_t>(reply.bytes.size()));
    out_.append(reinterpret_cast<const char*>(length), sizeof length);
  }
  if (is_worth_moving(reply) && !is_writing_) {
    send_large(std::move(*reply.block));
  } else {
    out_.append(reply.bytes);
  }
}

void Connection::answered(std::uint64_t call_id, EncodedReply reply) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (!is_closed_) {
    if (is_out_of_order_) {
      append_reply(reply);
    } else {
      order_.fill(call_id, reply, [this](EncodedReply ready) { append_reply(ready); });
    }
  }
  // Requests stop at reply_bytes_max; the replies of those already taken may exceed it, but not without limit.
  if (!is_closed_ && queued_bytes() > kReplyOverrunFactor * router_.limits().reply_bytes_max) {
    router_.warn_unread(queued_bytes());
    close();
  }
  if (is_writing_ || order_.waiting_bytes() != 0 || counted_ != 0) recount(false);
  call_ended();
}

void Connection::oneway_ended() { call_ended(); }

bool Connection::allow_out_of_order_replies() {
  if (is_out_of_order_) return true;
  if (order_.open_places() > 1) return false;  // the hello itself is the only open call
  is_out_of_order_ = true;
  bytes_max_ += kPeerHeadroomBytes;
  home_.status_changed(*this, std::exchange(status_, ConnectionStatus::peer), ConnectionStatus::peer);
  return true;
}

void Connection::call_ended() {
  --in_flight_;
  active_at_ = loop_.now();
  after_change();
}

void Connection::returned() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  is_held_back_ = false;
  after_change();
}

// Replies of other nodes arrive in batches: all that arrive in this turn of the loop leave in one write.
void Connection::after_change() {
  if (is_taking_ || is_closed_ || is_turn_due_)
    return;  // take_messages() is on this thread's stack and goes on by itself
  is_turn_due_ = true;
  loop_.post(holding(this, [this] {
    is_turn_due_ = false;
    take_turn();
  }));
}

void Connection::take_turn() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (is_taking_ || is_closed_) return;
  if (may_take()) {
    loop_.refresh_now();
    take_messages();
    if (may_take() && !is_turn_due_) read();
  } else {
    flush();
    close_when_done();
  }
}

void Connection::note_sent(std::size_t bytes) noexcept {
  loop_.traffic().written_bytes.add(static_cast<std::int64_t>(bytes));
}

void Connection::flush() {
  if (is_writing_ || is_closed_ || out_.empty()) return;
  error_code failure;
  const std::size_t sent = socket_.write_some(asio::buffer(out_), failure);
  if (failure && failure != asio::error::would_block && failure != asio::error::try_again) return close();
  note_sent(sent);
  if (sent == out_.size()) {
    if (out_.capacity() > 2 * kFlushBytes) {
      std::string().swap(out_);
    } else {
      out_.clear();
    }
    if (counted_ != 0) recount(false);
    return;
  }
  writing_.swap(out_);
  write_rest(failure ? 0 : sent);
  recount(false);
}

// After what is buffered, without a copy. Neither closes the connection nor notifies its home: the caller is in the
// middle of the replies. Write errors surface in write_rest(), too.
void Connection::send_large(std::string reply) {
  writing_.swap(out_);
  writing_large_ = std::move(reply);
  error_code failure;
  const std::array<asio::const_buffer, 2> pieces{asio::buffer(writing_), asio::buffer(writing_large_)};
  const std::size_t sent = socket_.write_some(pieces, failure);
  note_sent(sent);
  if (failure || sent < writing_.size() + writing_large_.size()) return write_rest(failure ? 0 : sent);
  writing_.swap(out_);
  out_.clear();
  std::string().swap(writing_large_);
}

void Connection::write_rest(std::size_t done) {
  is_writing_ = true;
  allowance_.write_begins(loop_.now());
  const std::size_t first = std::min(done, writing_.size());
  const std::array<asio::const_buffer, 2> rest{asio::buffer(writing_) + first,
                                               asio::buffer(writing_large_) + (done - first)};
  asio::async_write(socket_, rest, holding(this, [this](error_code written, std::size_t sent) {
                      note_sent(sent);
                      on_written(written);
                    }));
}

void Connection::on_written(error_code failure) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  is_writing_ = false;
  const std::size_t bytes = writing_.size() + writing_large_.size();
  std::string().swap(writing_);
  std::string().swap(writing_large_);
  if (is_closed_) return;
  if (failure) return close();
  loop_.refresh_now();
  active_at_ = loop_.now();
  allowance_.write_ends(socket_, bytes, loop_.now());
  flush();
  recount(true);
  take_turn();
}

// Counts the replies that wait for the client, and the block that an incomplete request keeps.
void Connection::recount(bool has_moved) noexcept {
  if (is_closed_) return;
  std::size_t now = input_.is_empty() ? 0 : input_.capacity();
  if (queued_bytes() >= kCountStep) {
    now += out_.capacity() + writing_.capacity() + writing_large_.capacity() + order_.waiting_bytes();
  }
  if (now < kCountStep) now = 0;
  const std::size_t difference = now > counted_ ? now - counted_ : counted_ - now;
  if (!has_moved && now != 0 && difference < kCountStep) return;
  const std::size_t before = std::exchange(counted_, now);
  if (before == 0 || has_moved) moved_at_ = loop_.now();
  if (before != 0 || now != 0) home_.waiting_changed(*this, before, now, has_moved);
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Connection::finish_up() noexcept {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  is_finishing_ = true;
  is_stream_ ? close() : close_when_done();
}

void Connection::close_when_done() noexcept {
  if (is_finishing_ && in_flight_ == 0 && !is_writing_ && out_.empty()) close();
}

void Connection::close() noexcept {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (is_closed_) return;
  is_closed_ = true;
  if (counted_ != 0) home_.waiting_changed(*this, std::exchange(counted_, 0), 0, false);
  if (in_flight_ != 0) loop_.note_lost_caller();
  if (is_http_) router_.http()->closed();
  allowance_.release();
  error_code ignored;
  socket_.shutdown(StreamSocket::shutdown_both, ignored);
  socket_.close(ignored);
  // Now, and not when the last operation or call has released this: on a busy loop that takes long. Closing has
  // cancelled the pending operations; their handlers are yet to run, but nothing touches the bytes any more.
  std::string().swap(out_);
  std::string().swap(writing_);
  std::string().swap(writing_large_);
  order_ = ReplyOrder();
  is_taking_ ? input_.take_all() : input_.reset();
  home_.connection_closed(*this);
}

void Connection::break_now() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

// Nothing is read any more, so nothing else would notice a reset before the last answer is ready.
void Connection::watch_for_reset() {
  if (is_closed_) return;
  socket_.async_wait(StreamSocket::wait_error, holding(this, [this](error_code failure) {
                       if (!failure) close();
                     }));
}

void Connection::check_age(TimePoint now) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  allowance_.look(socket_, is_writing_, active_at_, now);
  if (partial_since_ != TimePoint{} && may_take() &&
      now - partial_since_ > Duration(router_.limits().message_timeout)) {
    log_.debug("closing a connection whose message did not arrive within [host] message_timeout");
    return close();
  }
  if (in_flight_ == 0 && now - active_at_ > Duration(router_.limits().idle_timeout)) return close();
  check_trial(now, kTrialPeriod);
}

bool Connection::check_trial(TimePoint now, Duration patience) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  // Who speaks HTTP is no node, and keeps none waiting by asking or reading slowly.
  const bool is_idle = in_flight_ == 0 && (is_http_ || (input_.is_empty() && !is_writing_ && out_.empty()));
  if (status_ != ConnectionStatus::on_trial || !is_idle || now - opened_at_ <= patience) return false;
  close();
  return true;
}

}  // namespace p2p::host
