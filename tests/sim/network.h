// How do calls travel between simulated processes? They take time, get lost, are cut off or refused; and a process may
// be frozen, or end before it has answered.
#pragma once

#include "virtual_time.h"

#include "classic/core/messages.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace p2p::sim {

struct Faults {
  Duration latency_least = std::chrono::microseconds(50);
  Duration latency_most = std::chrono::milliseconds(2);
  double loss = 0;   // of a message, either way; the caller waits for its deadline
  double delay = 0;  // of a message, by up to twice the deadline
};

// Whatever listens on a port. What waits for it holds it: end() lets go.
struct Process {
  explicit Process(int on) : port(on) {}
  virtual ~Process() = default;

  // Now, or once it is thawed.
  void run(std::function<void()> work) { is_frozen&& is_running ? waiting.push_back(std::move(work)) : work(); }
  void let_in();
  void end();

  const int port;
  bool is_running = true;
  bool is_frozen = false;
  bool parks_calls = false;  // of others, until its own start is over
  std::deque<std::function<void()>> waiting;
};

class Network {
 public:
  using Answer = std::function<void(classic::CallResult)>;
  using Arrival = std::function<void(const std::shared_ptr<Process>& target, const Answer& reply)>;

  explicit Network(VirtualTime& time) : time_(time) {}
  ~Network();

  void listen(std::shared_ptr<Process> process) { processes_[process->port] = std::move(process); }
  std::shared_ptr<Process> process(int port) const;  // null unless it runs

  // `arrive` runs at the target, if the call gets there; `answer` exactly once.
  void call(int from, int to, Duration deadline, Arrival arrive, Answer answer);

  void cut(int one, int other);                        // neither can connect to the other
  void unplug(int port) { unplugged_.insert(port); }   // nothing goes from there or to there, and nobody is told
  void exhaust(int port) { exhausted_.insert(port); }  // has no descriptor left: calls of others only
  void occupy(int port) { occupied_.insert(port); }    // while nobody runs there, somebody else listens
  void mend();                                         // none of these any more, and no faults

  Faults faults;
  std::uint64_t calls = 0;

 private:
  Duration travel(Duration deadline);

  VirtualTime& time_;
  std::map<int, std::shared_ptr<Process>> processes_;
  std::set<std::pair<int, int>> cuts_;  // smaller port first
  std::set<int> unplugged_;
  std::set<int> exhausted_;
  std::set<int> occupied_;
};

}  // namespace p2p::sim
