#include "engine/link.h"

#include "engine/engine.h"
#include "wire/probe.h"

#include <algorithm>
#include <limits>
#include <string>

namespace p2p::client {
Link::Link(asio::io_context& io, Engine& home, NodeAddress to, LinkLimits limits)
    : io_(io), home_(home), to_(std::move(to)), limits_(limits), socket_(io), patience_(io) {}

// Wraps a handler of this socket in a turn of its own; ignored once the socket has been replaced. The home outlives the
// link's pending operations, but gets nothing from ignored ones: these do not touch it.
template <class Handler>
auto Link::guarded(Handler handler) {
  return [self = shared_from_this(), generation = generation_, handler](error_code failure, auto... told) {
    if (generation != self->generation_) return;
    self->home_.begin_turn();
    handler(*self, failure, told...);
    self->home_.end_turn();
  };
}

// --- connecting ------------------------------------------------------------------------------------------------------

void Link::open() {
  if (state_ != State::closed) return;
  used_at_ = home_.now();
  is_probed_ = false;
  connect();
}

void Link::connect() {
  state_ = State::connecting;
  ++generation_;
  dial_ = std::make_shared<net::Dial>(io_, to_);
  dial_->start(limits_.connect_timeout,
               [tell = guarded([](Link& link, error_code, Result<asio::ip::tcp::socket>* connected) {
                  link.on_connected(std::move(*connected));
                })](Result<asio::ip::tcp::socket> connected) { tell({}, &connected); });
}

void Link::on_connected(Result<asio::ip::tcp::socket> connected) {
  dial_.reset();
  if (!connected.ok()) {
    return close(
        {Effect::none, ErrorKind::refused, "no node reached at " + to_.name() + ": " + connected.error().text});
  }
  socket_ = std::move(connected).value();
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (is_probed_) return greet();
  probe();
}

void Link::probe() {
  state_ = State::probing;
  patience_.expires_after(limits_.connect_timeout);
  patience_.async_wait(guarded([](Link& link, error_code cancelled) {
    if (cancelled || link.state_ != State::probing) return;
    link.close({Effect::none, ErrorKind::timed_out, "no answer of " + link.to_.name() + " in time"});
  }));
  const std::string question = probe_message();
  error_code failure;
  // A fresh socket accepts this few bytes at once.
  if (socket_.write_some(asio::buffer(question), failure) != question.size()) {
    return close({Effect::none, ErrorKind::closed, "cannot ask " + to_.name() + ": " + failure.message()});
  }
  read_probe_answer();
}

void Link::read_probe_answer() {
  socket_.async_read_some(input_.room(), guarded([](Link& link, error_code failure, std::size_t bytes) {
                            if (failure) {
                              return link.close({Effect::none, ErrorKind::closed,
                                                 link.to_.name() + " closed the connection before it answered (" +
                                                     failure.message() + ")"});
                            }
                            link.input_.arrived(bytes);
                            switch (read_probe(link.input_.unread())) {
                              case Probed::need_more:
                                return link.read_probe_answer();
                              case Probed::foreign:
                                return link.close({Effect::none, ErrorKind::unsupported,
                                                   link.to_.name() + " is no node of ours, but of the 2009 system, or "
                                                                     "another program"});
                              case Probed::ours:
                                break;
                            }
                            link.is_probed_ = true;
                            link.input_.take_all();
                            link.patience_.cancel();
                            link.socket_.close(failure);
                            link.connect();  // a connection keeps the message form of its first message
                          }));
}

void Link::greet() {
  state_ = State::greeting;
  received_at_ = home_.now();
  greeting_ = home_.greeting();
  greeting_->link = this;
  put(*greeting_);
  read();
  flush();
}

void Link::become_ready() {
  state_ = State::ready;
  greeting_ = nullptr;
  want_flush();
}

// --- sending ---------------------------------------------------------------------------------------------------------

void Link::enqueue(Call& call) {
  call.state = CallState::queued;
  call.link = this;
  queue_.push_back(&call);
  queued_bytes_ += call.frame.size();
  ++live_;
  used_at_ = home_.now();
  open();
  if (state_ == State::ready) want_flush();
}

void Link::want_flush() {
  if (!std::exchange(is_flush_wanted_, true)) home_.wants_flush(*this);
}

// Moves the call from the queue into the batch, the one that is written next.
void Link::put(Call& call) {
  last_sequence_ = last_sequence_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_sequence_ + 1;
  call.sequence = last_sequence_;
  set_sequence(call.frame, call.info, call.sequence);
  output_.batch() += call.frame;
  call.end_offset = output_.end();
  call.sent_at = home_.now();
  call.state = CallState::sent;
  sent_.push_back(&call);
}

void Link::fill() {
  if (state_ != State::ready) return;
  while (!queue_.empty() && output_.bytes() < kWriteBytes) {
    Call& call = *queue_.front();
    queue_.pop_front();
    queued_bytes_ -= call.frame.size();
    if (call.state == CallState::done) {
      home_.let_go(call);  // its deadline passed before it was sent: it must not be executed any more
    } else {
      put(call);
    }
  }
}

void Link::flush() {
  is_flush_wanted_ = false;
  if (state_ != State::greeting && state_ != State::ready) return;
  const error_code broken = output_.flush(
      socket_, [this](std::string&) { fill(); },
      [this] {
        return guarded([](Link& link, error_code) {
          link.output_.has_room();
          link.flush();
        });
      });
  if (broken) {
    close({Effect::none, ErrorKind::closed, "the connection to " + to_.name() + " broke: " + broken.message()});
  }
}

// --- replies ---------------------------------------------------------------------------------------------------------

void Link::read() {
  socket_.async_read_some(input_.room(frame_bytes_), guarded([](Link& link, error_code failure, std::size_t bytes) {
                            if (failure) {
                              return link.close({Effect::none, ErrorKind::closed,
                                                 link.to_.name() + " closed the connection before it answered (" +
                                                     failure.message() + ")"});
                            }
                            link.received_at_ = link.home_.now();
                            link.input_.arrived(bytes);
                            // Handling a reply may end this connection, and the buffer that the reply is in.
                            net::ReadBuffer input = std::move(link.input_);
                            if (!link.take_replies(input)) return;
                            link.input_ = std::move(input);
                            link.input_.adapt();
                            link.read();
                          }));
}

// False when the connection was closed meanwhile.
bool Link::take_replies(net::ReadBuffer& input) {
  const std::uint64_t generation = generation_;
  frame_bytes_ = 0;
  while (input.unread().size() >= kFrameHeadBytes) {
    const std::string_view rest = input.unread();
    const std::uint32_t length = length_at(rest);
    if (length > limits_.reply_bytes_max) {
      end_over_reply(length);
      return false;
    }
    if (rest.size() - kFrameHeadBytes < length) {
      frame_bytes_ = kFrameHeadBytes + length;
      break;
    }
    input.take(kFrameHeadBytes + length);
    if (!take_reply(rest.substr(kFrameHeadBytes, length)) || generation != generation_) return false;
  }
  return true;
}

bool Link::take_reply(std::string_view message) {
  const auto head = read_reply_head(message);
  if (!head.ok() || sent_.empty() || head.value().sequence != sent_.front()->sequence) {
    close({Effect::none, ErrorKind::protocol, to_.name() + " sent bytes that are no reply to what it was asked"});
    return false;
  }
  Call& call = *sent_.front();
  sent_.pop_front();
  if (call.state == CallState::done) {
    home_.let_go(call);
    return true;
  }
  if (!is_greeting(call)) --live_;
  call.link = is_greeting(call) ? this : nullptr;
  home_.answered(*this, call, message);
  return true;
}

// The next reply exceeds the limit. A retry would bring the same one: its call fails, and is not sent to another node,
// where the same reply would end the next connection.
void Link::end_over_reply(std::size_t bytes) {
  if (sent_.empty() || is_greeting(*sent_.front())) {
    return close({Effect::none, ErrorKind::protocol, to_.name() + " sent a frame that is no reply, or too long a one"});
  }
  Call& call = *sent_.front();
  sent_.pop_front();
  const bool is_done = call.state == CallState::done;
  if (is_done) {
    home_.let_go(call);
  } else {
    call.link = nullptr;
  }
  const std::string limit = "the client's reply_bytes_max is " + format_bytes(limits_.reply_bytes_max);
  close({Effect::none, ErrorKind::closed, "the connection to " + to_.name() + " ended over a reply: " + limit},
        Cause::own_limit);
  if (is_done) return;
  FailedAttempt failed_attempt =
      failed_attempt_of(retry::fault_of(ErrorKind::protocol),
                        "the reply of " + to_.name() + " has " + std::to_string(bytes) + " bytes, " + limit);
  failed_attempt.failure.kind = ErrorKind::invalid;
  home_.lost(*this, call, std::move(failed_attempt));
}

bool Link::is_stuck() const noexcept {
  if (sent_.empty()) return false;
  return home_.now() - std::max(received_at_, sent_.front()->sent_at) > kStuckAfter;
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Link::abandon(Call& call) {
  const bool was_sent = call.state == CallState::sent;
  call.state = CallState::done;
  if (is_greeting(call)) {
    return close({Effect::none, ErrorKind::timed_out, to_.name() + " did not answer in time"});
  }
  --live_;
  // No call waits here any more, and the node has been silent: the next call had better use a new connection.
  if (was_sent && live_ == 0 && received_at_ < call.sent_at) {
    close({Effect::none, ErrorKind::timed_out, to_.name() + " did not answer in time"});
  }
}

void Link::close(const Failure& why, Cause cause) {
  if (state_ == State::closed) return;
  const State was = state_;
  ++generation_;
  error_code ignored;
  socket_.close(ignored);
  if (dial_ != nullptr) std::exchange(dial_, nullptr)->cancel();
  patience_.cancel();
  state_ = State::closed;
  input_.reset();
  frame_bytes_ = queued_bytes_ = live_ = 0;
  const std::uint64_t handed = output_.handed();
  output_.reset();
  Call* const greeting = std::exchange(greeting_, nullptr);
  std::deque<Call*> pending;
  pending.swap(sent_);
  pending.insert(pending.end(), queue_.begin(), queue_.end());
  queue_.clear();
  home_.closed(*this, was, why);
  for (Call* call : pending) {
    const bool was_handed = call->state == CallState::sent && call->end_offset <= handed;
    call->link = nullptr;
    if (call->state == CallState::done || call == greeting) {
      home_.let_go(*call);
    } else {
      FailedAttempt failed_attempt =
          failed_attempt_of(was_handed ? retry::fault_of(ErrorKind::closed) : retry::fault_of_unsent(), why.text);
      failed_attempt.failure.kind = why.kind;
      if (cause == Cause::own_limit) failed_attempt.fault.where = retry::Where::owner;
      home_.lost(*this, *call, std::move(failed_attempt));
    }
  }
}

}  // namespace p2p::client
