// How does the locator's shell run the 2009 system's membership? Here the core's messages become bytes and its changes
// text, and a node is joined in its own form: as one of ours, or as one of the 2009 system.
#pragma once

#include "classic/core/classic_membership.h"
#include "membership/membership.h"

#include <p2p/peers.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace p2p::classic {

// Forms of membership::OutgoingCall.
enum class Form : int {
  ours,          // a call of idl/membership.thrift
  of_2009,       // the 2009 system's own, which is answered
  of_2009_done,  // the same, oneway: ends when it was executed
  of_2009_sent,  // the same, oneway: ends when it is sent
};

// [own strand] throughout.
class Adapter final : public membership::Membership {
 public:
  Adapter(Member self, ClassicOptions options, Duration call_timeout);

  void join(const NodeAddress& via, Duration patience, TimePoint now, membership::Effects& effects) override;
  bool remembers_network() const override { return false; }
  void enter(const std::optional<NodeAddress>& via, TimePoint now, membership::Effects& effects) override;
  void call_ended(membership::CallId id, const Result<std::string>& reply, TimePoint now,
                  membership::Effects& effects) override;
  void report(const membership::Evidence& evidence, TimePoint now, membership::Effects& effects) override;
  Result<Done> merge_table(std::string_view table, TimePoint now, membership::Effects& effects) override;
  // On a ring a key has one owner for all services.
  void run_services(std::vector<std::string>, TimePoint, membership::Effects& effects) override {
    effects.services_known = true;
  }
  void withdraw(TimePoint now, membership::Effects& effects) override;
  void leave(TimePoint now, membership::Effects& effects) override;
  void halt() override {}
  void tick(TimePoint now, membership::Effects& effects) override;
  TimePoint next_wakeup() const override { return core_.next_wakeup(); }
  void waits_for(std::vector<NodeAddress> others) override { waits_for_ = std::move(others); }
  void note_joined() override { has_joined_ = true; }
  std::vector<NodeAddress> members() const override { return core_.members(); }
  std::string encode_table() const override;

  // A message from another node of ours; the answer goes back to it, an Error says why it was rejected.
  Result<View> handle(const Message& message, TimePoint now, membership::Effects& effects);

  // The 2009 system's calls. `visited`: nodes that know already, or that could not be reached.
  void add(const NodeAddress& address, const std::vector<NodeAddress>& visited, TimePoint now,
           membership::Effects& effects);
  void remove(const NodeAddress& address, const std::vector<NodeAddress>& visited, TimePoint now,
              membership::Effects& effects);

 private:
  using Ended = std::function<void(const Result<std::string>& reply, TimePoint now, membership::Effects& effects)>;

  void send(const NodeAddress& to, Form form, std::string message, Duration deadline, Ended ended,
            membership::Effects& effects);
  void pass_on(Effects wanted, membership::Effects& effects);
  // Lets the core act, as `act(Effects&)`, and passes on what it wants.
  template <class Act>
  void with_core(membership::Effects& effects, Act act);
  void pass_on(OutgoingCall wanted, membership::Effects& effects);

  void answered_join(const NodeAddress& via, const Result<std::string>& reply, TimePoint now,
                     membership::Effects& effects);
  void take_in(const NodeAddress& via, const View& view, TimePoint now, membership::Effects& effects);
  void ask_whom_it_knows(const NodeAddress& via, membership::Effects& effects);
  void join_those(const NodeAddress& via, const Result<std::string>& reply, TimePoint now,
                  membership::Effects& effects);
  void say_join(const NodeAddress& via, membership::Effects& effects);

  ClassicMembership core_;
  const Duration call_timeout_;
  std::vector<NodeAddress> waits_for_;
  bool has_joined_ = false;
  bool is_leaving_ = false;
  membership::CallId last_call_ = 0;
  std::map<membership::CallId, Ended> awaited_;
};

// Sends calls of all forms; those of ours to `service`. `peers` outlives it.
membership::Carrier carrier(Peers& peers, std::string service);

}  // namespace p2p::classic
