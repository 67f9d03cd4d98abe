// Who is there, for an operator who goes on without a majority of the voters (J5)? Each member is asked once, anew:
// what was heard of it before says nothing. Pure.
#pragma once

#include "cluster/member/recovery_plan.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace p2p::agreed {

// A member that has not answered by then is not there. Less than an operator's command waits.
inline constexpr Duration kSurveyFor = std::chrono::seconds(2);

// What an operator was shown, and has confirmed: it must still be what would be done.
struct Confirmed {
  cluster::Epoch epoch = 0;
  std::set<cluster::NodeId> given_up;
};

struct RecoveryOrder {
  std::vector<cluster::NodeId> survivors;  // none: all that answer
  std::optional<Confirmed> confirmed;      // none: nothing is done, and the plan told
};

struct RecoveryTold {
  std::shared_ptr<const cluster::ClusterMap> map;  // that it goes on from
  cluster::RecoveryPlan plan;
  bool is_begun = false;  // on this node's disk: it goes on by itself, also after a crash
};
using TellRecovery = std::function<void(const Result<RecoveryTold>&)>;

class RecoverySurvey final {
 public:
  RecoverySurvey(RecoveryOrder order, TellRecovery told, TimePoint until)
      : order_(std::move(order)), told_(std::move(told)), until_(until) {}

  void ask(const cluster::NodeId& node) { awaited_.insert(node); }
  void answered(const cluster::NodeId& node, cluster::Epoch epoch) {
    if (awaited_.erase(node) > 0) answers_[node] = epoch;
  }
  void failed(const cluster::NodeId& node) { awaited_.erase(node); }
  bool has_ended(TimePoint now) const { return awaited_.empty() || now >= until_; }

  const RecoveryOrder& order() const { return order_; }
  const cluster::Answers& answers() const { return answers_; }
  const TellRecovery& told() const { return told_; }

 private:
  RecoveryOrder order_;
  TellRecovery told_;
  TimePoint until_;
  std::set<cluster::NodeId> awaited_;
  cluster::Answers answers_;
};

}  // namespace p2p::agreed
