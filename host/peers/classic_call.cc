#include "peers/classic_call.h"

#include "serving/loop.h"

#include <p2p/thread_check.h>

#include <algorithm>

namespace p2p::host {
namespace {

// A reply of the 2009 system is a value or a list of members: one block is nearly always enough.
constexpr net::ReadBuffer::Sizes kReplyBytes{.first = 16 * 1024, .usual_max = 16 * 1024};

// For a call whose time ran out before there was a connection: nothing was sent, and it says nothing about the node.
constexpr ErrorKind kHastyKind = ErrorKind::local;

}  // namespace

ClassicCall::ClassicCall(Loop& loop, const PeerEnvironment& environment, LeftConnections& left, NodeAddress to,
                         std::string message, Peers::Expect expect, Limits limits, Done done)
    : loop_(loop),
      environment_(environment),
      left_(left),
      to_(std::move(to)),
      message_(std::move(message)),
      expect_(expect),
      limits_(limits),
      done_(std::move(done)),
      socket_(loop.context()),
      dial_(std::make_shared<net::Dial>(loop.context(), to_, environment.dial_options())),
      patience_(loop.context()),
      input_(kReplyBytes) {}

void ClassicCall::start(Duration deadline) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  loop_.refresh_now();
  started_at_ = loop_.now();
  deadline_ = started_at_ + deadline;
  // A little before the deadline, so that a connect that took all the time is reported as one.
  const Duration patience = std::min(limits_.connect_timeout, deadline - deadline / 10);
  watch(deadline, kHastyKind, "no connection in time");
  dial_->start(patience, [self = shared_from_this()](Result<asio::ip::tcp::socket> connected) {
    if (self->done_) self->on_connected(std::move(connected));
  });
}

void ClassicCall::on_connected(Result<asio::ip::tcp::socket> connected) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (connected.ok()) {
    socket_ = std::move(connected).value();
    return send();
  }
  const Error& failure = connected.error();
  if (failure.kind == ErrorKind::local) {
    environment_.own_failures.note("connect to " + to_.name(), failure.text, loop_.now());
  }
  loop_.refresh_now();
  const bool was_hasty = deadline_ - started_at_ < net::kSilenceMeaning;
  fail(failure.kind == ErrorKind::silent && was_hasty ? kHastyKind : failure.kind, failure.text);
}

void ClassicCall::send() {
  is_sent_ = true;
  loop_.refresh_now();
  watch(std::max(deadline_ - loop_.now(), Duration::zero()), ErrorKind::timed_out, "no answer in time");
  asio::async_write(socket_, asio::buffer(message_), [self = shared_from_this()](error_code failure, std::size_t) {
    if (!self->done_) return;
    if (failure) return self->fail(ErrorKind::closed, failure.message());
    self->is_written_ = true;
    self->scanner_.reset(Encoding::binary, self->limits_.message_bytes_max);
    if (self->expect_ == Peers::Expect::reply) return self->read();
    if (self->expect_ == Peers::Expect::nothing) return self->end(std::string());
    error_code ignored;
    self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    self->wait_for_close();
  });
}

void ClassicCall::read() {
  socket_.async_read_some(input_.room(), [self = shared_from_this()](error_code failure, std::size_t bytes) {
    if (!self->done_) return;
    if (failure) return self->fail(ErrorKind::closed, failure.message());
    self->input_.arrived(bytes);
    switch (self->scanner_.scan(self->input_.unread())) {
      case ScanStatus::whole:
        return self->end(std::string(self->input_.unread().substr(0, self->scanner_.bytes())));
      case ScanStatus::need_more:
        return self->read();
      case ScanStatus::malformed:
        return self->fail(ErrorKind::protocol, self->scanner_.why());
    }
  });
}

// The node closes its side once it has executed the call and no other follows: only then is a oneway call done, and not
// when its bytes are in a socket's buffer.
void ClassicCall::wait_for_close() {
  socket_.async_read_some(input_.room(), [self = shared_from_this()](error_code failure, std::size_t) {
    if (!self->done_) return;
    if (failure == asio::error::eof) return self->end(std::string());
    if (failure) return self->fail(ErrorKind::closed, failure.message());
    self->wait_for_close();
  });
}

void ClassicCall::watch(Duration patience, ErrorKind kind, const char* what) {
  patience_.expires_after(patience);
  patience_.async_wait([self = shared_from_this(), kind, what](error_code cancelled) {
    if (cancelled || !self->done_) return;
    if (self->is_sent_ && kind == kHastyKind) return;  // it had expired already when send() set another
    if (self->is_written_) self->leave_connection();
    self->fail(kind, what);
  });
}

// At least its machine may go on acknowledging.
void ClassicCall::leave_connection() {
  error_code ignored;
  socket_.cancel(ignored);
  left_.keep(std::move(socket_));
}

void ClassicCall::cancel() {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  if (done_) fail(is_sent_ ? ErrorKind::closed : ErrorKind::cancelled, "this node stops");
}

void ClassicCall::end(Result<std::string> result) {
  P2P_ASSERT_THREAD(loop_.may_be_touched_here());
  error_code ignored;
  socket_.close(ignored);
  dial_->cancel();
  patience_.cancel();
  loop_.post([done = std::exchange(done_, nullptr), result = std::move(result)]() mutable { done(std::move(result)); });
}

}  // namespace p2p::host
