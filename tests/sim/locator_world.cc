#include "locator_world.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace p2p::sim {

using membership::CallResult;
using membership::ChangeKind;
using membership::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kCallTimeout = seconds(1);

Location location(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

std::pair<int, int> pair_of(int one, int other) { return {std::min(one, other), std::max(one, other)}; }

}  // namespace

struct LocatorWorld::Process {
  int port = 0;
  bool is_running = true;
  bool is_frozen = false;
  bool is_leaving = false;
  bool is_settled = false;
  membership::ClassicMembership core;
  discovery::Discovery discovery;
  std::deque<std::function<void()>> waiting;  // for a thaw, or for the start to be over
  TimePoint alarm = TimePoint::max();
  std::set<std::string> ring;                      // others than itself
  std::map<std::string, std::int64_t> added_life;  // the latest incarnation that its add layers saw

  Process(int on, std::int64_t incarnation, discovery::Options options)
      : port(on),
        core({location(on), incarnation, membership::MemberState::alive}, membership::ClassicOptions{}),
        discovery(std::move(options)) {}
};

LocatorWorld::LocatorWorld(WorldOptions options) : options_(options), time_(options.seed) {
  for (int i = 0; i < options.ports; ++i) ports_.push_back(options.first_port + i);
}

// What waits for a process holds it.
LocatorWorld::~LocatorWorld() {
  for (auto& [port, at] : processes_) at->waiting.clear();
}

// --- processes -------------------------------------------------------------------------------------------------------

std::shared_ptr<LocatorWorld::Process> LocatorWorld::process(int port) const {
  const auto found = processes_.find(port);
  return found == processes_.end() || !found->second->is_running ? nullptr : found->second;
}

bool LocatorWorld::is_running(int port) const { return process(port) != nullptr; }

std::vector<int> LocatorWorld::running() const {
  std::vector<int> ports;
  for (const int port : ports_) {
    if (is_running(port)) ports.push_back(port);
  }
  return ports;
}

std::set<std::string> LocatorWorld::ring(int port) const {
  const auto at = process(port);
  return at ? at->ring : std::set<std::string>{};
}

void LocatorWorld::start(int port) {
  if (is_running(port)) return;
  discovery::Options options;
  options.self = location(port);
  for (const int other : ports_) options.candidates.push_back(location(other));
  // Wall clocks are microseconds; now and then one is set back before a restart.
  const std::int64_t wall = time_.now().time_since_epoch().count() / 1000;
  const std::int64_t incarnation = time_.happens(0.1) ? wall - 5'000'000 : wall;
  auto started = std::make_shared<Process>(port, incarnation, options);
  processes_[port] = started;
  discovery::Effects effects;
  started->discovery.start(time_.now(), effects);
  obey(started, std::move(effects));
}

// Whoever waits for its answers sees the connection break.
void LocatorWorld::kill(int port) {
  const auto at = process(port);
  if (!at) return;
  at->is_running = false;
  for (auto& work : std::exchange(at->waiting, {})) work();
}

void LocatorWorld::leave(int port) {
  const auto at = process(port);
  if (!at || at->is_leaving || at->is_frozen) return;
  at->is_leaving = true;
  membership::Effects effects;
  at->core.leave(time_.now(), effects);
  obey(at, std::move(effects));
}

void LocatorWorld::freeze(int port) {
  if (const auto at = process(port)) at->is_frozen = true;
}

void LocatorWorld::thaw(int port) {
  const auto at = process(port);
  if (!at || !at->is_frozen) return;
  at->is_frozen = false;
  let_in(at);
  wake(at);
}

void LocatorWorld::let_in(const std::shared_ptr<Process>& at) {
  if (at->is_frozen || (options_.parks_calls_until_settled && !at->is_settled)) return;
  for (auto& work : std::exchange(at->waiting, {})) work();
}

void LocatorWorld::cut(int one, int other) { cuts_.insert(pair_of(one, other)); }

void LocatorWorld::mend_all() {
  cuts_.clear();
  faults_ = Faults{};
  for (const int port : ports_) thaw(port);
}

void LocatorWorld::run_for(Duration duration) {
  time_.run(time_.now() + duration, [this] { check(); });
}

// --- network ---------------------------------------------------------------------------------------------------------

void LocatorWorld::call(int from, const Location& to, membership::Message message, Duration deadline, Answer answer) {
  ++calls_;
  // Whatever comes first ends the call: an answer, a failure or the deadline.
  auto ended = std::make_shared<bool>(false);
  const Answer once = [ended, answer = std::move(answer)](CallResult result) {
    if (!std::exchange(*ended, true)) answer(std::move(result));
  };
  const auto travel = [this, deadline] {
    return time_.happens(faults_.delay) ? time_.between(Duration::zero(), 2 * deadline)
                                        : time_.between(faults_.latency_least, faults_.latency_most);
  };
  time_.after(deadline, [once] { once({Outcome::silent, {}}); });
  if (time_.happens(faults_.loss)) return;
  time_.after(travel(), [this, from, port = int{to.port}, message = std::move(message), once, travel] {
    const auto target = process(port);
    if (!target || cuts_.contains(pair_of(from, port))) return once({Outcome::refused, {}});
    const Answer reply = [this, once, travel, target](CallResult result) {
      if (!time_.happens(faults_.loss)) time_.after(travel(), [once, result = std::move(result)] { once(result); });
    };
    // A process that ends before it has answered breaks the connection.
    const auto work = [this, target, message, reply] { deliver(target, message, reply); };
    const bool must_wait = target->is_frozen || (options_.parks_calls_until_settled && !target->is_settled);
    if (must_wait) {
      target->waiting.push_back(work);
    } else {
      work();
    }
  });
}

void LocatorWorld::deliver(const std::shared_ptr<Process>& to, const membership::Message& message,
                           const Answer& reply) {
  if (!to->is_running) return reply({Outcome::broken, {}});
  membership::Effects effects;
  auto answer = to->core.handle(message, time_.now(), effects);
  obey(to, std::move(effects));
  reply(answer.ok() ? CallResult{Outcome::answered, std::move(answer).value()} : CallResult{Outcome::rejected, {}});
}

// --- effects ---------------------------------------------------------------------------------------------------------

void LocatorWorld::obey(const std::shared_ptr<Process>& at, membership::Effects effects) {
  for (const auto& change : effects.changes) change_ring(*at, change);
  if (effects.table_changed) touched_.insert(at);
  for (auto& wanted : effects.calls) {
    call(at->port, wanted.to, std::move(wanted.message), kCallTimeout, [this, at, id = wanted.id](CallResult result) {
      const auto work = [this, at, id, result = std::move(result)] {
        if (!at->is_running) return;
        membership::Effects more;
        at->core.call_ended(id, result, time_.now(), more);
        obey(at, std::move(more));
      };
      if (at->is_frozen) {
        at->waiting.push_back(work);
      } else {
        work();
      }
    });
  }
  if (effects.leave_announced) at->is_running = false;
  set_alarm(at);
}

void LocatorWorld::obey(const std::shared_ptr<Process>& at, discovery::Effects effects) {
  for (const Location& candidate : effects.ask) ask(at, candidate);
  if (effects.verdict) {
    at->is_settled = true;
    let_in(at);
  }
  set_alarm(at);
}

void LocatorWorld::ask(const std::shared_ptr<Process>& at, const Location& candidate) {
  call(at->port, candidate, membership::Join{at->core.self()}, seconds(2), [this, at, candidate](CallResult result) {
    const auto work = [this, at, candidate, result = std::move(result)] {
      if (!at->is_running) return;
      discovery::Effects effects;
      if (result.outcome == Outcome::answered) {
        membership::Effects wanted;
        at->core.merge(result.view.members, time_.now(), wanted);
        at->core.compare_after_join(time_.now(), wanted);
        obey(at, std::move(wanted));
        at->discovery.answered(candidate, time_.now(), effects);
      } else {
        const bool is_silent = result.outcome == Outcome::silent;
        at->discovery.not_answered(candidate, is_silent ? discovery::Refusal::silent : discovery::Refusal::absent,
                                   time_.now(), effects);
      }
      obey(at, std::move(effects));
    };
    if (at->is_frozen) {
      at->waiting.push_back(work);
    } else {
      work();
    }
  });
}

void LocatorWorld::wake(const std::shared_ptr<Process>& at) {
  if (!at->is_running || at->is_frozen) return;
  at->alarm = TimePoint::max();
  membership::Effects wanted;
  at->core.tick(time_.now(), wanted);
  obey(at, std::move(wanted));
  if (at->is_settled && !options_.looks_around) return;
  discovery::Effects effects;
  at->discovery.tick(at->core.members(), time_.now(), effects);
  obey(at, std::move(effects));
}

void LocatorWorld::set_alarm(const std::shared_ptr<Process>& at) {
  const bool looks = !at->is_settled || options_.looks_around;
  const TimePoint next = std::min(at->core.next_wakeup(), looks ? at->discovery.next_wakeup() : TimePoint::max());
  if (next >= at->alarm) return;
  at->alarm = next;
  time_.at(next, [this, at, next] {
    if (at->alarm == next) wake(at);
  });
}

// --- invariants ------------------------------------------------------------------------------------------------------

void LocatorWorld::broke(const Process& at, const std::string& what) {
  const auto since = time_.now().time_since_epoch();
  broken_.push_back(format_duration(since) + " node " + std::to_string(at.port) + ": " + what);
}

// Members come and go in turn, and each life runs through the add layers once.
void LocatorWorld::change_ring(Process& at, const membership::RingChange& change) {
  const std::string name = change.location.name();
  const bool was_there = at.ring.contains(name);
  switch (change.kind) {
    case ChangeKind::joined:
    case ChangeKind::restarted: {
      if (was_there != (change.kind == ChangeKind::restarted)) broke(at, name + " joined in the wrong order");
      at.ring.insert(name);
      std::int64_t life = -1;
      for (const auto& row : at.core.view().members) {
        if (row.location == change.location) life = row.incarnation;
      }
      const auto [known, is_new] = at.added_life.try_emplace(name, life);
      if (!is_new && life <= known->second) broke(at, name + " joined twice in one life");
      known->second = life;
      break;
    }
    case ChangeKind::left:
    case ChangeKind::given_up:
      if (!was_there) broke(at, name + " left without being there");
      at.ring.erase(name);
      break;
  }
}

void LocatorWorld::check() {
  for (const auto& at : std::exchange(touched_, {})) {
    if (!at->is_running) continue;
    std::set<std::string> alive;
    for (const Location& member : at->core.members()) alive.insert(member.name());
    alive.erase(location(at->port).name());
    if (alive != at->ring) broke(*at, "the ring is not what the table says");
  }
}

std::string LocatorWorld::disagreement() const {
  std::vector<membership::Member> expected;
  for (const int port : running()) expected.push_back(process(port)->core.self());
  std::sort(expected.begin(), expected.end(),
            [](const auto& left, const auto& right) { return left.location.name() < right.location.name(); });
  std::string wrong;
  for (const int port : running()) {
    auto rows = process(port)->core.view().members;
    std::erase_if(rows, [](const auto& row) { return row.state == membership::MemberState::removed; });
    for (const auto& member : expected) {
      const std::string name = member.location.name();
      const auto& added = process(port)->added_life;
      const auto seen = added.find(name);
      const bool is_seen = seen != added.end() && seen->second == member.incarnation;
      if (member.location.port != port && !is_seen) {
        wrong += std::to_string(port) + "'s layers have not seen this life of " + name + "; ";
      }
    }
    if (rows == expected) continue;
    wrong += std::to_string(port) + " sees";
    for (const auto& row : rows)
      wrong += " " + std::to_string(row.location.port) + "@" + std::to_string(row.incarnation);
    wrong += "; ";
  }
  return wrong;
}

}  // namespace p2p::sim
