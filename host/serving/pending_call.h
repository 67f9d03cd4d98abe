// What does the host remember of a call? Its message, its codec, where the answer goes and when it is overdue. The
// host's side of p2p::Call: taken from a loop's pool, given back on the same loop when the call has ended.
#pragma once

#include "serving/call_counts.h"
#include "serving/encoded_reply.h"
#include "serving/forward_message.h"
#include "serving/message_head.h"
#include "serving/reply_handler.h"

#include <p2p/handlers.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::host {

class Loop;
class ServiceEntry;
class ServiceRouter;

// Where a call came from and its answer goes: a client's connection, or another node's forward(). Counted by its calls.
// All methods: [own loop] of the calls. Held and let go by any thread.
class ReplySink {
 public:
  virtual ~ReplySink() = default;

  // A call begins; returns its id, for answered().
  virtual std::uint64_t begun(bool is_oneway) = 0;
  // Exactly once for each call that is not oneway.
  virtual void answered(std::uint64_t call_id, EncodedReply reply) = 0;
  virtual void oneway_ended() = 0;
  // The handler of a call that holds its connection back has returned.
  virtual void returned() = 0;
  // The caller matches replies by sequence id from now on; false when this origin cannot do that.
  virtual bool allow_out_of_order_replies() { return false; }
  // The caller has said hello as a node of this cluster; has_said_hello() from then on.
  virtual void note_hello() noexcept {}
  virtual bool has_said_hello() const noexcept { return false; }
  // Nobody is left to read an answer.
  virtual bool is_gone() const noexcept { return false; }
  // Of answers that wait for a slow reader.
  virtual std::size_t unsent_bytes() const noexcept { return 0; }

  friend void intrusive_ptr_add_ref(ReplySink* sink) noexcept {
    sink->holders_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(ReplySink* sink) noexcept {
    if (sink->holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete sink;
  }

 private:
  std::atomic<std::uint32_t> holders_{0};
};

// Shares an origin; the last one destroys it. May be empty.
using OriginRef = boost::intrusive_ptr<ReplySink>;

struct Arrival {
  ReplySink* origin = nullptr;
  std::uint32_t hops = 0;
  std::uint64_t view = 0;
  Encoding encoding = Encoding::binary;
  std::optional<Envelope> envelope;  // what the call came in; the origin gets the reply to this
};

class PendingCall final : public CallState, public ReplyHandler {
 public:
  explicit PendingCall(Loop& home) : home_(home) {}

  // Begins a call: `message` and the name in its head (without service prefix) must hold until the handler returns, or
  // until keep(). [own loop]
  void begin(ServiceRouter& router, ServiceEntry& service, const Arrival& arrival, std::string_view message,
             const MessageHead& head, TimePoint deadline);
  // Puts the codec at the arguments, for a first or a further dispatch.
  void open_codec() noexcept;

  ServiceEntry& service() noexcept { return *service_; }
  std::uint64_t call_id() const noexcept { return call_id_; }
  ReplySink& origin() noexcept { return *origin_.get(); }
  // The kept message; only after keep() or forward().
  const std::string& kept_message() const noexcept { return kept_; }
  // The encoded arguments, where they lie; before the handler runs, or after keep(). [own loop]
  std::string_view arguments() const noexcept { return message_.substr(head_bytes_); }
  void note_unknown_outcome() noexcept override { is_outcome_unknown_ = true; }
  bool has_unknown_outcome() const noexcept override { return is_outcome_unknown_; }
  bool has_expired() const noexcept { return is_expired_.load(std::memory_order_relaxed); }
  // The handler is about to get the call; false: its deadline has passed first, and the caller was answered that
  // nothing was executed. [any thread]
  bool begin_handler() noexcept;
  Loop& home() noexcept { return home_; }

  // The deadline has passed: the caller gets an exception now, and whatever the holder does later is dropped. [own
  // loop]
  void expire() noexcept;

  // The answer is awaited: the deadline has not passed, and the caller is still there. A oneway call needs no caller:
  // its sender may leave once it is sent. [own loop]
  bool is_wanted() const noexcept override { return !has_expired() && !has_lost_caller(); }
  bool has_lost_caller() const noexcept { return !info_.oneway && !is_silent_ && origin_.get()->is_gone(); }
  // The caller is gone: whatever the holder does later is dropped, and what only a retry would need is freed now. [own
  // loop]
  void forget_caller() noexcept;

  // CallState
  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  TimePoint deadline() const noexcept override { return deadline_; }
  void rewind() noexcept override { codec_.in().attach(message_); }
  void keep() override;
  void finish() noexcept override;
  void fail(CallFault fault, std::string_view text) noexcept override;
  void abandon() noexcept override;
  void expect_no_reply() noexcept override { is_silent_.store(true, std::memory_order_relaxed); }
  void forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) override;
  void disagree() noexcept override;
  void dispatch_again() override;

  // ReplyHandler, for the forwarded call
  void replied(std::string_view reply) override;
  void failed(Error error) override;
  void failed_unsent(Error error) override;
  const NodeAddress& forwarded_to() const noexcept { return forwarded_to_; }
  // Gives the call back to its holder; first notes that its outcome is unknown if the error says so.
  void forward_failed(Error error);

  // Ends the call with a reply that is already encoded as the caller wants it. [own loop]
  void answer_encoded(std::string_view reply) noexcept { end_here(End::answer, {reply}); }

  // What became of a call while its handler ran on this thread. A state that has ended must not be touched any more.
  struct HandlerScope {
    PendingCall* pending = nullptr;
    HandlerScope* outer = nullptr;
    bool has_ended = false;
    bool is_abandoned = false;
  };
  static HandlerScope*& current_scope() noexcept;
  // The handler has returned and left the call open: unless it was kept, the message is gone. [own loop]
  void lose_message() noexcept { is_message_here_ = false; }
  void set_waits_for_return(bool waits) noexcept { waits_for_return_ = waits; }
  bool waits_for_return() const noexcept { return waits_for_return_; }

 private:
  friend class Loop;

  enum class End : std::uint8_t { answer, disagree };
  // What comes first for the first handler: its start or the deadline.
  enum class Run : std::uint8_t { waits, has_begun, never };
  void start_forward(Duration deadline);  // [own loop]
  void hand_back(Error error);            // the forwarded call
  void end(End how) noexcept;             // from any thread
  // `reply` is what the caller gets, for End::answer. [own loop]
  void end_here(End how, EncodedReply reply) noexcept;
  void end_here(End how) noexcept { end_here(how, {codec_.out().written(), &codec_.out().block()}); }
  void deliver(ReplySink& origin, End how, EncodedReply reply);
  void tell_return() noexcept;                      // the origin may go on to its next message
  void count_end(std::string_view reply) noexcept;  // [own loop]
  // The service, of this node or of another, knows the method of a call that has ended so.
  bool is_method_known(CallEnd end, std::string_view reply) const noexcept;
  CallEnd failure() const noexcept;
  void mark_ended() noexcept;  // for the scope of the handler that runs on this thread, if any

  Loop& home_;
  ServiceRouter* router_ = nullptr;
  ServiceEntry* service_ = nullptr;
  OriginRef origin_;
  std::uint64_t call_id_ = 0;
  std::optional<Envelope> envelope_;
  NodeAddress forwarded_to_;
  std::function<void(Error, Call)> on_failed_forward_;
  CallInfo info_;
  std::string method_;              // what info_.method points to
  MethodCounts* counts_ = nullptr;  // of that method of service_, once it is known to be one
  std::string_view message_;
  std::string kept_;  // message_ points here once kept
  std::size_t head_bytes_ = 0;
  Codec codec_;
  TimePoint begun_at_{};
  TimePoint deadline_{};
  bool is_message_here_ = false;  // what message_ points to is still there
  bool is_kept_ = false;
  bool is_watched_ = false;
  bool is_forwarded_ = false;  // another node has it, and nothing here reads the message
  bool has_no_caller_ = false;
  std::atomic<Run> run_{Run::waits};
  std::atomic<bool> is_expired_{false};  // written on the home loop
  std::atomic<bool> is_silent_{false};   // of a oneway method, whatever the message's type says
  bool is_clean_ = true;                 // no exception left the codec half way through a message
  bool is_error_ = false;
  bool is_refusal_ = false;  // an error that says: not executed, and may be retried elsewhere or later
  CallFault fault_ = CallFault::internal_error;  // of an error
  bool waits_for_return_ = false;
  bool is_outcome_unknown_ = false;
  PendingCall* previous_ = nullptr;  // in the loop's list
  PendingCall* next_ = nullptr;
};

// Encodes a TApplicationException as the reply to the call that `info` describes.
void encode_fault(Codec& codec, const CallInfo& info, CallFault fault, std::string_view text);

}  // namespace p2p::host
