// A machine full of locators on virtual time: real membership and discovery cores, a network that delays, loses and
// cuts, and processes that are killed, frozen and started again. What must always hold is checked after every event.
#pragma once

#include "virtual_time.h"

#include "discovery/discovery.h"
#include "membership/classic.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

struct Faults {
  Duration latency_least = std::chrono::microseconds(50);
  Duration latency_most = std::chrono::milliseconds(2);
  double loss = 0;   // of a message, either way; the caller waits for its deadline
  double delay = 0;  // of a message, by up to twice the deadline
};

struct WorldOptions {
  std::uint64_t seed = 1;
  int first_port = 9900;
  int ports = 10;
  // As a host that answers other nodes only when its own start is over.
  bool parks_calls_until_settled = false;
  bool looks_around = true;  // for other networks, once settled
};

class LocatorWorld {
 public:
  explicit LocatorWorld(WorldOptions options);
  ~LocatorWorld();

  VirtualTime& time() { return time_; }
  Faults& faults() { return faults_; }
  const std::vector<int>& ports() const { return ports_; }

  void start(int port);   // a new life; nothing when it runs already
  void kill(int port);    // as kill -9
  void leave(int port);   // announces it, then ends
  void freeze(int port);  // connects, but answers nothing
  void thaw(int port);
  void cut(int one, int other);  // neither can connect to the other
  void mend_all();               // no more cuts, freezes or faults

  void run_for(Duration duration);

  bool is_running(int port) const;
  std::vector<int> running() const;
  std::set<std::string> ring(int port) const;  // names, as its layers have seen them

  // "" when every running node sees exactly the running nodes, each in its present life; otherwise what is wrong.
  std::string disagreement() const;

  // What held no more, with the time; empty when all is well.
  const std::vector<std::string>& broken_invariants() const { return broken_; }

  std::uint64_t calls() const { return calls_; }

 private:
  struct Process;
  using Answer = std::function<void(membership::CallResult)>;

  std::shared_ptr<Process> process(int port) const;
  void call(int from, const Location& to, membership::Message message, Duration deadline, Answer answer);
  void deliver(const std::shared_ptr<Process>& to, const membership::Message& message, const Answer& reply);
  void obey(const std::shared_ptr<Process>& process, membership::Effects effects);
  void obey(const std::shared_ptr<Process>& process, discovery::Effects effects);
  void change_ring(Process& process, const membership::RingChange& change);
  void ask(const std::shared_ptr<Process>& process, const Location& candidate);
  void wake(const std::shared_ptr<Process>& process);
  void set_alarm(const std::shared_ptr<Process>& process);
  void let_in(const std::shared_ptr<Process>& process);
  void check();
  void broke(const Process& process, const std::string& what);

  WorldOptions options_;
  VirtualTime time_;
  Faults faults_;
  std::vector<int> ports_;
  std::map<int, std::shared_ptr<Process>> processes_;
  std::set<std::pair<int, int>> cuts_;  // smaller port first
  std::int64_t last_incarnation_ = 0;
  std::uint64_t calls_ = 0;
  std::set<std::shared_ptr<Process>> touched_;  // since the last check
  std::vector<std::string> broken_;
};

}  // namespace p2p::sim
