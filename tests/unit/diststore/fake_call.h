// A call without a connection: what a handler does with it, a test can look at.
#pragma once

#include <p2p/handlers.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

// One call, from its encoded arguments to its end. Outlives the Call.
class FakeCall final : public CallState {
 public:
  template <class Args>
  FakeCall(std::string method, const Args& args, TimePoint deadline, std::uint32_t hops = 0)
      : method_(std::move(method)), message_(encode_call(method_, args)), deadline_(deadline) {
    info_.service = "diststore";
    info_.method = method_;
    info_.hops = hops;
  }

  void dispatch(Endpoint& endpoint) {
    endpoint_ = &endpoint;
    std::string name;
    apache::thrift::protocol::TMessageType type{};
    std::int32_t sequence = 0;
    codec_.in().attach(message_);
    codec_.binary_in().readMessageBegin(name, type, sequence);
    endpoint.handle(Call(this));
  }

  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return codec_; }
  void rewind() noexcept override {}
  void finish() noexcept override { reply = codec_.out().written(); }
  void fail(CallFault why, std::string_view text) noexcept override {
    fault = why;
    failure = text;
  }
  void abandon() noexcept override { is_abandoned = true; }
  void forward(const NodeAddress& to, Duration, std::function<void(Error, Call)> failed) override {
    forwarded_to.push_back(to);
    forward_failed_ = std::move(failed);
  }
  void disagree() noexcept override { has_disagreed = true; }
  void dispatch_again() override {
    ++dispatched_again;
    if (before_dispatch_again) before_dispatch_again();
    dispatch(*endpoint_);
  }
  void keep() override { is_kept = true; }
  void expect_no_reply() noexcept override {}
  TimePoint deadline() const noexcept override { return deadline_; }
  void note_unknown_outcome() noexcept override { is_outcome_unknown = true; }
  bool has_unknown_outcome() const noexcept override { return is_outcome_unknown; }

  void fail_forward(ErrorKind kind) {
    is_outcome_unknown = is_outcome_unknown || may_have_run(kind);
    std::exchange(forward_failed_, nullptr)(Error{kind, "test"}, Call(this));
  }
  // As the host ends what it has not sent.
  void fail_unsent(ErrorKind kind) { std::exchange(forward_failed_, nullptr)(Error{kind, "test"}, Call(this)); }
  bool is_forwarding() const { return forward_failed_ != nullptr; }

  std::string reply;
  std::string failure;
  std::optional<CallFault> fault;
  std::vector<NodeAddress> forwarded_to;
  int dispatched_again = 0;
  std::function<void()> before_dispatch_again;
  bool has_disagreed = false;
  bool is_outcome_unknown = false;
  bool is_abandoned = false;
  bool is_kept = false;

 private:
  std::string method_;
  std::string message_;
  TimePoint deadline_;
  CallInfo info_;
  Codec codec_;
  Endpoint* endpoint_ = nullptr;
  std::function<void(Error, Call)> forward_failed_;
};

}  // namespace p2p::diststore
