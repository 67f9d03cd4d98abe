#include "store_node.h"

#include "store_node_of_2009.h"

#include <StorePeer.h>

#include <algorithm>
#include <utility>

namespace p2p::sim {
namespace {

constexpr const char* kService = "diststore";
constexpr const char* kPeerService = "diststore.peer";

// Channels of one node to another: its locator's is 0, that of its strands, and those of its two I/O loops.
constexpr int kStrandChannel = 1;
constexpr int kLoopChannels = 2;

Config config_of(const StoreNodeOptions& options) {
  const auto as_number = [](Duration duration) { return ConfigScalar(std::int64_t{duration.count()}); };
  std::map<std::string, ConfigValue, std::less<>> values;
  values["engine"] = {std::string("memory"), "sim"};
  values["key_bytes_max"] = {std::int64_t{1024}, "sim"};
  values["value_bytes_max"] = {std::int64_t{65536}, "sim"};
  values["batch_keys_max"] = {std::int64_t{100}, "sim"};
  values["memory_max"] = {std::string("none"), "sim"};
  values["forward_timeout"] = {as_number(options.forward_timeout), "sim"};
  values["transfer_batch_bytes"] = {options.transfer_batch_bytes, "sim"};
  values["transfer_batches_in_flight"] = {options.transfer_batches_in_flight, "sim"};
  values["transfer_share"] = {std::int64_t{60}, "sim"};
  values["tombstone_grace"] = {as_number(options.tombstone_grace), "sim"};
  values["tombstones_max"] = {std::int64_t{1000000}, "sim"};
  return Config("services.diststore.config", std::move(values));
}

// By the name at the beginning of the message, after its kind and the length of the name.
bool is_transfer(const std::string& message) { return message.compare(8, 8, "transfer") == 0; }

}  // namespace

// --- what the plugin is given ----------------------------------------------------------------------------------------

class StoreNode::NodeLog final : public Logger {
 public:
  explicit NodeLog(StoreNode& node) : node_(node) { set_threshold(LogLevel::warn); }

 protected:
  void write(LogLevel, std::string_view line) noexcept override {
    if (node_.options_.log) node_.options_.log(node_, std::string(line));
  }

 private:
  StoreNode& node_;
};

class StoreNode::NodeDrain final : public Drain {
 public:
  explicit NodeDrain(StoreNode& node) : node_(node) {}
  void always_take(std::vector<std::string> methods) override {
    node_.always_taken_.insert(methods.begin(), methods.end());
  }
  void progressed() noexcept override {}
  void when_over(std::function<std::vector<std::string>()> left) override { node_.when_over_ = std::move(left); }
  void when_stopping(std::function<void()>) override {}

 private:
  StoreNode& node_;
};

class StoreNode::NodePeers final : public Peers {
 public:
  explicit NodePeers(StoreNode& node) : node_(node) {}

  void call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override {
    send(to, std::string(service), std::move(message), deadline, false, std::move(done));
  }
  void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override {
    if (expect == Expect::nothing) {
      send(to, kService, std::move(message), deadline, true, nullptr);
      return node_.post([done = std::move(done)] { done(std::string()); });
    }
    send(to, kService, std::move(message), deadline, true, std::move(done));
  }

 private:
  void send(const NodeAddress& to, std::string service, std::string message, Duration deadline, bool is_classic,
            std::function<void(Result<std::string>)> done) {
    const auto answer = [done = std::move(done)](Result<StoreReply> reply) {
      if (!done) return;
      if (!reply.ok()) return done(reply.error());
      if (reply.value().status == StoreReply::Status::unsupported)
        return done(Error{ErrorKind::unsupported, "it is of the 2009 system"});
      done(std::move(reply.value().bytes));
    };
    if (!is_classic && node_.knows_as_of_2009(to)) {
      return node_.post([answer] { answer(StoreReply{StoreReply::Status::unsupported, ""}); });
    }
    const auto arrive = [this, service = std::move(service), message, is_classic](
                            StoreListener& target, const StoreExchangeRef& exchange, StoreNetwork::Reply reply) {
      if (StoreNode* const ours = node_.node_of_(target))
        return ours->take({service, message, 0, exchange, std::move(reply)});
      if (!is_classic) return node_.greeted_2009(target, reply);
      static_cast<StoreNodeOf2009&>(target).take(message, std::move(reply));
    };
    // A connection for this one call, or one of those between nodes.
    const int channel = is_classic ? static_cast<int>(node_.network_.time().below(1 << 30)) + 100 : node_.channel();
    const auto kind = is_transfer(message) ? StoreNetwork::Kind::transfer : StoreNetwork::Kind::any;
    node_.network_.request(node_.process(), to, channel, deadline, arrive, answer, kind);
  }

  StoreNode& node_;
};

// Counts nothing; shows what the store shows, by name alone.
class StoreNode::NodeMetrics final : public Metrics {
 public:
  explicit NodeMetrics(StoreNode& node) : node_(node) {}

  std::shared_ptr<Counter> counter(const Metric&) override { return std::make_shared<Counter>(); }
  std::shared_ptr<Histogram> histogram(const Metric&, const std::vector<double>& bounds) override {
    return std::make_shared<Histogram>(bounds);
  }
  void show_gauge(const Metric& metric, std::function<double()> read) override {
    node_.gauges_[metric.name] = std::move(read);
  }
  void show_counter(const Metric& metric, std::function<double()> read) override {
    node_.gauges_[metric.name] = std::move(read);
  }

 private:
  StoreNode& node_;
};

class StoreNode::NodeContext final : public Context {
 public:
  NodeContext(StoreNode& node, Config config) : node_(node), config_(std::move(config)) {
    info_.self = node.self();
    info_.name = node.self().name();
    info_.data_dir = "/nonexistent";
    info_.incarnation = node.options_.life;
  }

  const std::string& service_name() const noexcept override { return name_; }
  const NodeInfo& node() const noexcept override { return info_; }
  const Config& config() const noexcept override { return config_; }
  Logger& log() noexcept override { return *node_.log_; }
  Result<Done> serve(ServiceSpec spec, std::shared_ptr<Endpoint> endpoint) override {
    node_.endpoints_[spec.part.empty() ? kService : kPeerService] = std::move(endpoint);
    return Done{};
  }
  std::shared_ptr<Strand> strand(const std::string&) override { return std::make_shared<StoreStrand>(node_.process()); }
  WorkerPool& pool() noexcept override { return pool_; }
  void spawn(const std::string&, std::function<void(std::stop_token)>) override {}
  Peers& peers() noexcept override { return *node_.peers_; }
  Metrics& metrics() noexcept override { return *node_.metrics_; }
  void request_leave(const std::string&) override {}
  void request_end(const Error&) override {}
  void waits_for_network(const std::string&) override {}

 private:
  Result<Done> provide_any(const char*, std::shared_ptr<void>) override { return Done{}; }
  std::shared_ptr<void> lookup(const char* id, bool) override {
    if (std::string_view(id) == ILocator::kId) return std::static_pointer_cast<ILocator>(node_.locator_);
    if (std::string_view(id) == Drain::kId) return std::static_pointer_cast<Drain>(node_.drain_);
    return nullptr;
  }

  StoreNode& node_;
  const Config config_;
  const std::string name_ = kService;
  NodeInfo info_;
  class NoPool final : public WorkerPool {
   public:
    bool submit(std::function<void()>) override { return false; }
  };
  NoPool pool_;
};

// --- its life --------------------------------------------------------------------------------------------------------

StoreNode::StoreNode(StoreNetwork& network, const NodeAddress& self, StoreNodeOptions options, NodeOf node_of)
    : StoreListener(std::make_shared<StoreProcess>(network.time(), self, options.skew)),
      network_(network),
      options_(std::move(options)),
      node_of_(std::move(node_of)),
      log_(std::make_unique<NodeLog>(*this)),
      peers_(std::make_unique<NodePeers>(*this)),
      drain_(std::make_shared<NodeDrain>(*this)),
      metrics_(std::make_unique<NodeMetrics>(*this)),
      context_(std::make_unique<NodeContext>(*this, config_of(options_))) {
  const auto locator_of = [this](StoreListener& listener) -> StoreLocator* {
    StoreNode* const node = node_of_(listener);
    return node == nullptr ? nullptr : node->locator_.get();
  };
  locator_ = std::make_shared<StoreLocator>(network_, process(), options_.life, locator_of);
  locator_->on_classic_news = [this](const NodeAddress& node, bool is_there) { heard_from_2009(node, is_there); };
  locator_->tell_2009 = [this](const NodeAddress& to, const std::function<void()>& told) {
    return tell_2009(to, told);
  };
}

StoreNode::~StoreNode() { shut(); }

void StoreNode::start(StoreLocator::Contact contact) {
  network_.listen(*this);
  process()->run([this, contact = std::move(contact)] {
    plugin_ = reinterpret_cast<Plugin*>(p2p_plugin_v1.create());
    P2P_ASSERT(plugin_->configure(context_->config()).ok(), "the simulation's configuration is right");
    P2P_ASSERT(plugin_->fits(context_->config(), context_->node()).ok(), "the simulation's configuration fits");
    P2P_ASSERT(plugin_->start(*context_).ok(), "the store starts");
    locator_->begin(contact);
    plugin_->ready(Completion([this, process = process()] {
      if (process->is_running()) opened();
    }));
  });
}

void StoreNode::opened() {
  if (phase_ != Phase::starting) return;
  phase_ = Phase::open;
  if (options_.opened) options_.opened(*this);
  for (auto& call : std::exchange(parked_, {})) call.dispatch_again();
}

void StoreNode::leave() {
  process()->run([this] {
    P2P_ASSERT(phase_ == Phase::open, "a node leaves when it has started");
    phase_ = Phase::leaving;
    plugin_->drain(Completion([this, process = process()] {
      if (!process->is_running()) return;
      locator_->leave([this] { drained(); });
    }));
  });
}

// In a work of its own: what has called this is the plugin's own.
void StoreNode::drained() {
  network_.time().after(Duration::zero(), [this] {
    if (!process()->is_running()) return;
    if (process()->is_frozen()) return process()->run([this] { drained(); });
    process()->run([this] {
      if (when_over_) left_behind_ = when_over_();
    });
    last_receipts_ = receipts();
    process()->run([this] { plugin_->stop(); });
    end();
  });
}

void StoreNode::end() {
  phase_ = Phase::ended;
  process()->end();
  network_.gone(*this);
  if (plugin_ == nullptr) return;
  parked_.clear();
  buried_.clear();
  endpoints_.clear();
  gauges_.clear();
  when_over_ = nullptr;
  p2p_plugin_v1.destroy(reinterpret_cast<p2p_plugin_object*>(std::exchange(plugin_, nullptr)));
}

void StoreNode::kill() {
  if (!process()->is_running()) return;
  process()->end();
  if (plugin_ != nullptr) plugin_->stop();
  end();
}

void StoreNode::shut() { kill(); }

// --- calls -----------------------------------------------------------------------------------------------------------

Endpoint* StoreNode::endpoint_of(const std::string& service) const {
  const auto found = endpoints_.find(service);
  return found == endpoints_.end() ? nullptr : found->second.get();
}

// Calls between nodes are never parked.
bool StoreNode::parks(const std::string& method, const std::string& service) const {
  return phase_ == Phase::starting && service == kService && !always_taken_.contains(method);
}

// As Drain::always_take() says.
bool StoreNode::is_taken_to_the_end(const std::string& method) const {
  static const std::set<std::string> kOfLocator{"ping", "service_type", "service_types", "join",
                                                "add",  "remove",       "get_all",       "get_node"};
  return always_taken_.contains(method) || kOfLocator.contains(method);
}

void StoreNode::bury(std::shared_ptr<StoreCall> call) {
  if (buried_.empty()) network_.time().after(Duration::zero(), [this] { buried_.clear(); });
  buried_.push_back(std::move(call));
}

void StoreNode::post(std::function<void()> work) {
  const Duration turn = network_.time().between(Duration::zero(), std::chrono::microseconds(20));
  network_.time().after(turn, [process = process(), work = std::move(work)] { process->run(work); });
}

void StoreNode::take(StoreCall::Arrival arrival) {
  Endpoint* const endpoint = endpoint_of(arrival.service);
  const auto ended = arrival.ended;
  const bool is_from_client = arrival.hops == 0 && arrival.service == kService;
  if (endpoint == nullptr) {
    if (!ended) return;
    return ended(
        {arrival.hops > 0 ? StoreReply::Status::refused : StoreReply::Status::answered,
         StoreCall::encode_fault("any", CallFault::unknown_method, std::string(kUnknownPrefix) + "no service")});
  }
  const auto call = std::make_shared<StoreCall>(*this, *endpoint, std::move(arrival));
  if (phase_ == Phase::leaving && is_from_client && !is_taken_to_the_end(call->method())) {
    if (!ended) return;
    return ended({StoreReply::Status::answered, StoreCall::encode_fault(call->method(), CallFault::unknown_method,
                                                                        std::string(kDrainingPrefix) + "it leaves")});
  }
  call->dispatch();
}

int StoreNode::channel() const {
  if (StoreStrand::is_any_current()) return kStrandChannel;
  return kStrandChannel + 1 + static_cast<int>(network_.time().below(kLoopChannels));
}

void StoreNode::forward(const NodeAddress& to, const std::string& service, const std::string& message,
                        Duration deadline, StoreNetwork::Answer answer) {
  if (knows_as_of_2009(to)) return post([answer] { answer(StoreReply{StoreReply::Status::unsupported, ""}); });
  const auto arrive = [this, service, message](StoreListener& target, const StoreExchangeRef& exchange,
                                               StoreNetwork::Reply reply) {
    StoreNode* const ours = node_of_(target);
    if (ours == nullptr) return greeted_2009(target, reply);
    ours->take({service, message, 1, exchange, std::move(reply)});
  };
  network_.request(process(), to, channel(), deadline, arrive, std::move(answer));
}

// --- nodes of the 2009 system ----------------------------------------------------------------------------------------

bool StoreNode::knows_as_of_2009(const NodeAddress& node) const {
  const auto found = known_as_of_2009_.find(node);
  return found != known_as_of_2009_.end() && network_.time().now() < found->second;
}

// It does not know what it is asked; one that leaves answers nobody.
void StoreNode::greeted_2009(StoreListener& target, const StoreNetwork::Reply& reply) {
  if (static_cast<StoreNodeOf2009&>(target).is_leaving()) return;
  known_as_of_2009_[target.self()] = network_.time().now() + std::chrono::seconds(10);
  reply({StoreReply::Status::unsupported, ""});
}

// Who joins or leaves is told by itself.
void StoreNode::heard_from_2009(const NodeAddress& node, bool is_there) {
  auto* const old = dynamic_cast<StoreNodeOf2009*>(network_.listener(node));
  if (old == nullptr || old->is_leaving() == is_there) return;
  locator_->heard(node, {old->life(), is_there ? StoreLocator::State::alive : StoreLocator::State::leaving});
}

// What its ring lacks, and what it should not have. Never itself: it would give all it has to itself.
bool StoreNode::tell_2009(const NodeAddress& to, const std::function<void()>& told) {
  auto* const old = dynamic_cast<StoreNodeOf2009*>(network_.listener(to));
  if (old == nullptr) return false;
  const auto ring = old->ring();
  std::vector<locator::Location> all;
  for (const auto& [node, row] : locator_->table()) all.push_back(to_wire(node));
  const auto open = std::make_shared<std::size_t>(1);
  const auto one_told = [open, told](const auto&...) {
    if (--*open == 0) told();
  };
  const auto tell = [&](const char* method, const NodeAddress& node, auto args) {
    args.location = to_wire(node);
    args.authorities = all;
    ++*open;
    peers_->call_classic(to, encode_call(method, args), Peers::Expect::execution, std::chrono::seconds(1), one_told);
  };
  for (const auto& [node, row] : locator_->table()) {
    const bool is_member = row.state == StoreLocator::State::alive;
    if (node == to || is_member == ring.contains(node) || old->is_leaving()) continue;
    is_member ? tell("add", node, locator::Locator_add_args()) : tell("remove", node, locator::Locator_remove_args());
  }
  one_told();
  return true;
}

std::string StoreNode::ask_now(const std::string& service, const std::string& message) {
  std::string answer;
  process()->run([&] { take({service, message, 0, nullptr, [&](const StoreReply& reply) { answer = reply.bytes; }}); });
  return answer;
}

std::int64_t StoreNode::gauge(const std::string& name) const {
  const auto found = gauges_.find(name);
  return found == gauges_.end() ? 0 : static_cast<std::int64_t>(found->second());
}

std::vector<::diststore::Receipt> StoreNode::receipts() {
  if (!process()->is_running()) return last_receipts_;
  const std::string reply = ask_now(kPeerService, encode_call("receipts", ::diststore::StorePeer_receipts_args()));
  auto decoded = decode_reply<::diststore::StorePeer_receipts_result>(reply);
  P2P_ASSERT(decoded.ok(), "a store shows its receipts");
  return decoded.value().success;
}

}  // namespace p2p::sim
