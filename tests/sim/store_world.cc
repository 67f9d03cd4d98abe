#include "store_world.h"

#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Phase = StoreNode::Phase;

namespace {

constexpr std::uint16_t kFirstPort = 9900;
constexpr std::size_t kPorts = 8;
constexpr std::size_t kNodesMax = 6;

// Much longer than the longest hand-over: something hangs.
constexpr Duration kCalmPatience = seconds(90);
constexpr std::size_t kTimelineLines = 4'000;

// A joiner waits three seconds for a silent member. Freezes stay below, so that few runs depend on that.
constexpr Duration kFreezeMost = milliseconds(1'200);

// After a node has begun to leave.
constexpr Duration kPutsAtLeaversMost = milliseconds(100);

}  // namespace

// --- its life --------------------------------------------------------------------------------------------------------

StoreWorld::StoreWorld(StoreWorldOptions options)
    : options_(options),
      time_(options.seed),
      network_(time_),
      plan_(make_plan(time_, options.seed, options.is_beside_2009)) {
  if (options_.traces) network_.trace = [this](const std::string& line) { say(line); };
  auto keys = make_keys(time_, plan_.keys);
  lost_since_.resize(keys.size());
  clients_ = std::make_unique<StoreClients>(network_, std::move(keys), [this] { return any_to_ask(); });
  clients_->value_bytes_most = plan_.value_bytes_most;
  clients_->puts_percent = plan_.has_one_of_2009 ? 0 : plan_.puts_percent;
  clients_->erases_percent = plan_.erases_percent;
  clients_->put_only_keys = plan_.puts_at_leavers > 0 ? 2 : 0;
  clients_->erases = !plan_.has_one_of_2009;
  clients_->repeats = plan_.has_one_of_2009;
}

// Nothing may run while the parts go.
StoreWorld::~StoreWorld() {
  network_.trace = nullptr;
  for (const auto& node : nodes_) node->shut();
  for (const auto& node : nodes_of_2009_) node->process()->end();
  time_.forget_all();
}

void StoreWorld::say(const std::string& line) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time_.now().time_since_epoch()).count();
  timeline_.push_back(fmt::format("{:>9} {}", since - 1'000'000'000, line));
  if (timeline_.size() > kTimelineLines) timeline_.pop_front();
}

void StoreWorld::logged(const StoreNode& node, const std::string& line) {
  if (line.find("takes over its keys without it") != std::string::npos && !std::exchange(has_given_up_, true)) {
    given_up_at_ = time_.now();
  }
  if (network_.trace) network_.trace(fmt::format("{} logs: {}", node.self().port, line));
}

// --- nodes -----------------------------------------------------------------------------------------------------------

StoreNode* StoreWorld::node_of(StoreListener& listener) const { return dynamic_cast<StoreNode*>(&listener); }

std::vector<StoreNode*> StoreWorld::nodes_in(Phase phase) const {
  std::vector<StoreNode*> found;
  for (const auto& node : nodes_) {
    if (node->phase() == phase) found.push_back(node.get());
  }
  return found;
}

StoreNode* StoreWorld::any_of(const std::vector<StoreNode*>& nodes) {
  return nodes.empty() ? nullptr : nodes[time_.below(nodes.size())];
}

// Mostly one that serves; now and then one that has just started, or is on its way out.
StoreNode* StoreWorld::any_to_ask() {
  std::vector<StoreNode*> running;
  for (const auto& node : nodes_) {
    if (node->phase() != Phase::ended) running.push_back(node.get());
  }
  StoreNode* const open = any_of(nodes_in(Phase::open));
  return open == nullptr || time_.happens(0.3) ? any_of(running) : open;
}

NodeAddress StoreWorld::contact() {
  std::vector<StoreNode*> members;
  for (StoreNode* node : nodes_in(Phase::open)) {
    if (node->locator().is_member()) members.push_back(node);
  }
  StoreNode* const any = any_of(members);
  founders_ += any == nullptr;
  return any == nullptr ? NodeAddress() : any->self();
}

NodeAddress StoreWorld::free_address() {
  std::set<NodeAddress> taken;
  for (const auto& node : nodes_) {
    if (node->phase() != Phase::ended) taken.insert(node->self());
  }
  for (const StoreNodeOf2009* node : running_of_2009()) taken.insert(node->self());
  if (taken.size() >= kNodesMax) return {};
  for (;;) {
    const NodeAddress address{"127.0.0.1", static_cast<std::uint16_t>(kFirstPort + time_.below(kPorts))};
    if (!taken.contains(address)) return address;
  }
}

void StoreWorld::start_node() {
  const NodeAddress address = free_address();
  if (address.empty()) return;
  StoreNodeOptions options;
  options.life = ++last_life_;
  options.skew = time_.between(-plan_.skew_most, plan_.skew_most);
  options.transfer_batch_bytes = plan_.transfer_batch_bytes;
  options.transfer_batches_in_flight = static_cast<std::int64_t>(1 + time_.below(4));
  options.forward_timeout = plan_.forward_timeout;
  options.tombstone_grace = plan_.tombstone_grace;
  options.opened = [this](const StoreNode& node) { note_strangers(node); };
  options.log = [this](const StoreNode& node, const std::string& line) { logged(node, line); };
  nodes_.push_back(std::make_unique<StoreNode>(network_, address, std::move(options),
                                               [this](StoreListener& listener) { return node_of(listener); }));
  if (network_.trace) network_.trace(fmt::format("{} starts", nodes_.back()->self().port));
  nodes_.back()->start([this] { return contact(); });
}

// --- nodes of the 2009 system ----------------------------------------------------------------------------------------

std::vector<StoreNodeOf2009*> StoreWorld::running_of_2009() const {
  std::vector<StoreNodeOf2009*> running;
  for (const auto& node : nodes_of_2009_) {
    if (node->process()->is_running()) running.push_back(node.get());
  }
  return running;
}

// One at a time: two that come and go at once lose each other's keys, whatever ours do (docs/decisions/0019).
// TODO(soon): also while ours hand keys over. Two of them may then hold a key, and who gives the older value first
// wins: the other takes what is there for a client's newer one (ClassicGiver), and deletes its own.
void StoreWorld::start_node_of_2009() {
  const NodeAddress address = free_address();
  StoreNode* const via = any_of(nodes_in(Phase::open));
  if (address.empty() || via == nullptr || !plan_.has_one_of_2009 || !running_of_2009().empty()) return;
  const auto send = [this](const StoreNodeOf2009& from, const NodeAddress& to, const std::string& message, bool is_sent,
                           StoreNetwork::Answer answer) {
    const auto arrive = [this, message, is_sent](StoreListener& target, const StoreExchangeRef& exchange,
                                                 StoreNetwork::Reply reply) {
      if (is_sent) std::exchange(reply, nullptr)({});
      if (StoreNode* const ours = node_of(target)) return ours->take({"diststore", message, 0, exchange, reply});
      static_cast<StoreNodeOf2009&>(target).take(message, reply);
    };
    if (network_.trace)
      network_.trace(fmt::format("{} (2009) to {}: {}", from.self().port, to.port, printable(message)));
    const int channel = static_cast<int>(time_.below(1 << 30)) + 100;  // a connection for this one call
    network_.request(from.process(), to, channel, seconds(20), arrive, std::move(answer));
  };
  nodes_of_2009_.push_back(std::make_unique<StoreNodeOf2009>(network_, address, ++last_life_, send));
  StoreNodeOf2009& started = *nodes_of_2009_.back();
  started.ended = [this, address, life = last_life_] { tell_of_the_end(address, life); };
  if (network_.trace) network_.trace(fmt::format("{} (2009) starts by {}", address.port, via->self().port));
  started.start(via->self(), via->locator().view().members());
}

void StoreWorld::leave_one_of_2009() {
  const auto running = running_of_2009();
  if (running.empty() || !running.front()->is_settled()) return;
  StoreNodeOf2009* const node = running.front();
  // To whom it knows it hands over; if that is nobody, it just ends.
  const auto ring = node->ring();
  const auto open = nodes_in(Phase::open);
  if (std::none_of(open.begin(), open.end(), [&](StoreNode* ours) { return ring.contains(ours->self()); })) return;
  if (network_.trace) network_.trace(fmt::format("{} (2009) leaves", node->self().port));
  node->leave();
}

void StoreWorld::tell_of_the_end(const NodeAddress& address, std::int64_t life) {
  for (const auto& other : nodes_) {
    if (other->phase() == Phase::ended) continue;
    time_.after(time_.between(milliseconds(100), milliseconds(2500)),
                [other = other.get(), address, life] { other->locator().lost(address, life); });
  }
}

// --- changes ---------------------------------------------------------------------------------------------------------

void StoreWorld::leave_one() {
  const auto open = nodes_in(Phase::open);
  if (open.size() < 2) return;
  StoreNode* const node = any_of(open);
  if (node->process()->is_frozen()) return;
  if (network_.trace) network_.trace(fmt::format("{} leaves", node->self().port));
  node->leave();
  for (std::size_t at = 0; at < plan_.puts_at_leavers; ++at) {
    time_.after(time_.between(Duration::zero(), kPutsAtLeaversMost), [this, node] { clients_->put_at(*node); });
  }
}

void StoreWorld::freeze_one() {
  StoreNode* const node = any_to_ask();
  if (node == nullptr || node->process()->is_frozen()) return;
  if (network_.trace) network_.trace(fmt::format("{} freezes", node->self().port));
  node->process()->freeze();
  time_.after(time_.between(milliseconds(5), kFreezeMost), [this, node] {
    if (network_.trace) network_.trace(fmt::format("{} thaws", node->self().port));
    node->process()->thaw();
  });
}

// What it holds, and what it owns, may be lost from now on.
void StoreWorld::note_loss(StoreNode& killed) {
  const auto& keys = clients_->keys();
  ::diststore::StorePeer_pull_args args;
  args.keys = keys;
  const auto reply =
      decode_reply<::diststore::StorePeer_pull_result>(killed.ask_now("diststore.peer", encode_call("pull", args)));
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const bool holds = !reply.ok() || !reply.value().success[at].yielded || reply.value().success[at].__isset.item;
    const bool is_owner = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
      if (node->phase() == Phase::ended) return false;
      const Owner owner = node->locator().view().owner_of(keys[at]);
      return owner.address != nullptr && *owner.address == killed.self();
    });
    if ((holds || is_owner) && !lost_since_[at]) lost_since_[at] = time_.now();
  }
}

void StoreWorld::kill_one() {
  StoreNode* const node = any_to_ask();
  if (node == nullptr || node->process()->is_frozen() || node->phase() == Phase::starting) return;
  if (nodes_in(Phase::open).size() < 2) return;
  if (network_.trace) network_.trace(fmt::format("{} is killed", node->self().port));
  ++kills_;
  note_loss(*node);
  const std::int64_t life = node->locator().life();
  node->kill();
  tell_of_the_end(node->self(), life);
}

void StoreWorld::change_something() {
  const std::uint64_t chosen = time_.below(100);
  if (plan_.has_one_of_2009 && chosen < 40) return chosen < 20 ? start_node_of_2009() : leave_one_of_2009();
  if (chosen < plan_.joins) return start_node();
  if (chosen < plan_.joins + plan_.leaves) return leave_one();
  if (chosen < plan_.joins + plan_.leaves + plan_.deaths) return kill_one();
  if (!plan_.has_one_of_2009) freeze_one();
}

// --- the run ---------------------------------------------------------------------------------------------------------

void StoreWorld::run_for(Duration duration) {
  time_.run(time_.now() + duration, [] {});
}

bool StoreWorld::run_until_agreed(Duration patience) {
  const TimePoint until = time_.now() + patience;
  for (Duration step = milliseconds(20); time_.now() < until; step = std::min<Duration>(2 * step, milliseconds(500))) {
    run_for(step);
    if (disagreement().empty()) return true;
  }
  return false;
}

void StoreWorld::calm() {
  clients_->stop();
  network_.faults = StoreFaults{};
  for (const auto& node : nodes_) {
    if (node->process()->is_frozen()) node->process()->thaw();
  }
}

std::vector<std::string> StoreWorld::run() {
  start_node();
  run_for(milliseconds(20));
  for (std::size_t at = 1; at < plan_.nodes_at_first; ++at) start_node();
  const Duration length = time_.between(milliseconds(200), milliseconds(1200));
  if (time_.happens(0.7)) clients_->write_all();
  if (time_.happens(0.7)) run_for(milliseconds(100));
  if (time_.happens(0.6)) start_node_of_2009();
  network_.faults = plan_.faults;
  // Changes come one by one, or all at once, and then the calls crowd around them.
  const bool is_burst = time_.happens(0.6);
  const Duration within = is_burst ? length / 20 : length;
  const Duration first = time_.between(Duration::zero(), length / 4);
  const std::size_t calls = 80 + time_.below(120);
  const Duration crowd = milliseconds(600) * plan_.clients / calls;
  time_.after(is_burst ? first : Duration::zero(),
              [this, calls, pause = is_burst ? crowd : length / 20] { clients_->begin(plan_.clients, calls, pause); });
  for (std::size_t at = 0; at < plan_.changes; ++at) {
    time_.after(first + time_.between(Duration::zero(), within), [this] { change_something(); });
  }
  // Two that join at once do not know of each other for a while.
  for (std::size_t joiner = 0; is_burst && joiner < plan_.joiners_at_once; ++joiner)
    time_.after(first, [this] { start_node(); });
  run_for(length + length / 2);
  calm();
  std::vector<std::string> broken;
  if (!run_until_agreed(kCalmPatience)) broken.push_back("it does not come to rest: " + disagreement());
  run_for(milliseconds(1));
  clients_->read_all();
  run_for(milliseconds(100));
  if (broken.empty() && !run_until_agreed(kCalmPatience)) broken.push_back("a read has changed something");
  check_histories(broken);
  if (founders_ == 1 && !has_given_up_) broken.insert(broken.end(), strangers_.begin(), strangers_.end());
  check_puts(broken);
  check_receipts(broken);
  check_left_behind(broken);
  if (broken.empty()) check_tombstones(broken);
  return broken;
}

}  // namespace p2p::sim
