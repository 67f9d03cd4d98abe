// What becomes of a call until it is answered? It waits here for its job or for its key, or is passed on to the node
// that owns the key, and comes back when that node cannot take it.
#pragma once

#include <p2p/call.h>
#include <p2p/forwarding.h>
#include <p2p/locator.h>
#include <p2p/strand.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace work {

// A new view usually arrives within one exchange of messages.
inline constexpr p2p::Duration kRetryPause = std::chrono::milliseconds(20);

// Calls that wait on one node; each holds its message.
inline constexpr std::size_t kWaitingMax = 20'000;

enum class Step {
  answered,   // the call has its answer
  wait,       // it is right here; wake() when something has changed
  elsewhere,  // it cannot be answered here, unless this node owns the key and has only not got it yet
};

// One call for one key. `step` tries to answer it here, and gets to know whether this node may act for the key;
// `give_up` answers it with an error.
struct PendingCall {
  std::string key;
  p2p::Call call;  // kept: see Call::keep()
  std::function<Step(p2p::Call&, bool may_act)> step;
  std::function<void(p2p::Call, const std::string& why)> give_up;

  std::unique_ptr<p2p::Timer> at_deadline = nullptr;
  std::unique_ptr<p2p::Timer> retry = nullptr;
};

class Calls final : public std::enable_shared_from_this<Calls> {
 public:
  using MayAct = std::function<bool(const std::string& key)>;

  // `may_act` is asked on the strand.
  Calls(std::shared_ptr<p2p::Strand> strand, std::shared_ptr<p2p::ILocator> locator, std::string service,
        MayAct may_act)
      : strand_(std::move(strand)),
        locator_(std::move(locator)),
        service_(std::move(service)),
        may_act_(std::move(may_act)) {}

  void take(std::shared_ptr<PendingCall> pending);  // [any thread]

  // Something has changed for the calls of this key, or of any. [own strand]
  void wake(const std::string& key);
  void wake_all();

  // Lets go of all that wait, and of what it was made of. [own strand]
  void stop();

 private:
  using Pending = std::shared_ptr<PendingCall>;

  void route(const Pending& pending);
  void wait(const Pending& pending);
  void retry(const Pending& pending);
  void forward(const Pending& pending, const p2p::NodeAddress& to);
  void failed(const Pending& pending, const p2p::NodeAddress& to, const p2p::Error& error);
  void give_up(const Pending& pending, const std::string& why);
  void forget(const Pending& pending);

  const std::shared_ptr<p2p::Strand> strand_;
  const std::shared_ptr<p2p::ILocator> locator_;
  const std::string service_;
  MayAct may_act_;
  std::multimap<std::string, Pending> waiting_;  // by key
  p2p::UnreachableReports reports_;
  bool is_stopped_ = false;
};

}  // namespace work
