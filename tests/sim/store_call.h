// What does a simulated host do with a call? The life of one request to the store of one node: dispatched, forwarded,
// parked, dispatched again, answered once; as host/serving and host/peers do it.
#pragma once

#include "store_network.h"

#include <p2p/handlers.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::sim {

// [host] call_timeout of every node.
inline constexpr Duration kStoreCallTimeout = std::chrono::seconds(2);

class StoreNode;

class StoreCall final : public CallState, public std::enable_shared_from_this<StoreCall> {
 public:
  using Ended = std::function<void(StoreReply)>;

  struct Arrival {
    std::string service;  // "diststore", or "diststore.peer"
    std::string message;
    std::uint32_t hops = 0;
    StoreExchangeRef exchange;  // in which it came from another node; null: from a client
    Ended ended;                // null: nobody waits for the answer
  };

  StoreCall(StoreNode& node, Endpoint& endpoint, Arrival arrival);

  // The first dispatch, and later ones. It keeps itself until it has ended.
  void dispatch();
  const std::string& method() const { return method_; }

  // CallState
  const CallInfo& info() const noexcept override { return info_; }
  Codec& codec() noexcept override { return *codec_; }
  void rewind() noexcept override { codec_->in().attach(arrival_.message); }
  void finish() noexcept override;
  void fail(CallFault fault, std::string_view text) noexcept override;
  void abandon() noexcept override;
  void forward(const NodeAddress& to, Duration deadline, std::function<void(Error, Call)> failed) override;
  void disagree() noexcept override;
  void dispatch_again() override;
  void keep() override {}
  void expect_no_reply() noexcept override { is_silent_ = true; }
  TimePoint deadline() const noexcept override { return deadline_; }
  void note_unknown_outcome() noexcept override { is_outcome_unknown_ = true; }
  bool has_unknown_outcome() const noexcept override { return is_outcome_unknown_; }

  static std::string encode_fault(std::string_view method, CallFault fault, std::string_view text);

 private:
  bool is_wanted() const;
  void begin();
  void expire();
  void tell(StoreReply reply);
  void trace(const char* what, const std::string& bytes) const;
  void end(StoreReply reply);
  void let_go();
  void forwarded(const NodeAddress& to, const Result<StoreReply>& reply);
  void hand_back(Error error);

  StoreNode& node_;
  const std::shared_ptr<StoreProcess> process_;
  Endpoint& endpoint_;
  Arrival arrival_;
  std::string method_;
  CallInfo info_;
  std::optional<Codec> codec_;
  const TimePoint deadline_;
  std::shared_ptr<StoreCall> self_;  // while it is open
  std::function<void(Error, Call)> on_failed_forward_;
  bool is_silent_ = false;
  bool is_outcome_unknown_ = false;
  bool has_expired_ = false;
  bool has_begun_ = false;
};

}  // namespace p2p::sim
