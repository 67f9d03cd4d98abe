#include "store_node_of_2009.h"

#include "store_ring.h"

#include <p2p/handlers.h>

#include <Store.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::sim {

namespace wire = ::diststore;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// Between the news of a joiner and the first put to it.
constexpr Duration kPutPause = milliseconds(10);

using Codec = p2p::Codec;

std::string begin(Codec& codec, const std::string& message) {
  codec.in().attach(message);
  std::string name;
  apache::thrift::protocol::TMessageType type{};
  std::int32_t sequence = 0;
  codec.binary_in().readMessageBegin(name, type, sequence);
  return name;
}

template <class Args>
void read(Codec& codec, Args& args) {
  args.read(&codec.binary_in());
}

template <class GeneratedResult, class Value>
std::string reply_with(const char* method, const Value& value) {
  GeneratedResult result;
  result.success = value;
  result.__isset.success = true;
  Codec codec;
  codec.binary_out().writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  result.write(&codec.binary_out());
  codec.binary_out().writeMessageEnd();
  return std::string(codec.out().written());
}

std::string encode_put(const std::string& key, const std::string& value) {
  wire::Store_put_args args;
  args.key = key;
  args.value = value;
  return encode_call("put", args);
}

std::vector<std::string> names_of(const std::vector<locator::Location>& locations) {
  std::vector<std::string> names;
  for (const auto& location : locations) names.push_back(from_wire(location).name());
  return names;
}

// What OldNode passes on, as a message.
std::string encode(const OldCall& call) {
  const auto with = [&](const char* method, auto args) {
    args.location = to_wire(call.address);
    for (const std::string& name : call.visited_nodes)
      args.authorities.push_back(to_wire(parse_node_address(name).value()));
    return encode_call(method, args);
  };
  if (call.method == OldCall::Method::remove) return with("remove", locator::Locator_remove_args());
  return with("add", locator::Locator_add_args());
}

}  // namespace

std::set<NodeAddress> StoreNodeOf2009::ring() const {
  std::set<NodeAddress> members;
  for (const auto& [name, address] : node_.ring()) members.insert(address);
  return members;
}

std::string StoreNodeOf2009::value_of(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? "" : found->second;
}

NodeAddress StoreNodeOf2009::owner_of(const std::string& key) const {
  const auto members = this->ring();
  const StoreRing ring(self(), {members.begin(), members.end()}, {});
  const Owner owner = ring.owner_of(key);
  return owner.address == nullptr ? NodeAddress() : *owner.address;
}

void StoreNodeOf2009::later(Duration delay, std::function<void()> work) {
  network_.time().after(delay, [process = process(), work = std::move(work)] { process->run(work); });
}

// It listens only after it has called join.
void StoreNodeOf2009::start(const NodeAddress& via, const std::vector<NodeAddress>& members) {
  node_.learn(members);
  network_.listen(*this);
  locator::Locator_join_args args;
  args.location = to_wire(self());
  send_(*this, via, encode_call("join", args), true, [this](const Result<StoreReply>&) {
    later(network_.time().between(Duration::zero(), milliseconds(3)), [this] {
      has_listened_ = true;
      serve();
    });
  });
}

// --- one connection after the other ----------------------------------------------------------------------------------

void StoreNodeOf2009::take(std::string message, StoreNetwork::Reply reply) {
  waiting_.push_back({std::move(message), std::move(reply)});
  serve();
}

void StoreNodeOf2009::serve() {
  if (is_busy_ || is_leaving_ || !has_listened_) return;
  if (wants_to_leave_) return clean_up();
  if (waiting_.empty()) return;
  is_busy_ = true;
  const auto connection = std::make_shared<Connection>(std::move(waiting_.front()));
  waiting_.pop_front();
  later(network_.time().between(microseconds(20), microseconds(200)), [this, connection] { execute(connection); });
}

void StoreNodeOf2009::served(const ConnectionRef& connection, std::string reply) {
  if (connection->reply) connection->reply({StoreReply::Status::answered, std::move(reply)});
  is_busy_ = false;
  serve();
}

void StoreNodeOf2009::execute(const ConnectionRef& connection) {
  if (network_.trace) network_.trace(fmt::format("{} (2009) executes {}", self().port, printable(connection->message)));
  Codec codec;
  const std::string method = begin(codec, connection->message);
  if (method == "get") {
    wire::Store_get_args args;
    read(codec, args);
    return get(connection, args.key);
  }
  if (method == "put") {
    wire::Store_put_args args;
    read(codec, args);
    return put(connection, args.key, args.value);
  }
  if (method == "get_node") {
    locator::Locator_get_node_args args;
    read(codec, args);
    return served(connection,
                  reply_with<locator::Locator_get_node_result>(method.c_str(), to_wire(owner_of(args.key))));
  }
  if (method == "get_all") {
    std::vector<locator::Location> all;
    for (const NodeAddress& member : ring()) all.push_back(to_wire(member));
    return served(connection, reply_with<locator::Locator_get_all_result>(method.c_str(), all));
  }
  if (method == "join") {
    locator::Locator_join_args args;
    read(codec, args);
    return add(connection, {OldCall::Method::join, from_wire(args.location), {}});
  }
  if (method == "add") {
    locator::Locator_add_args args;
    read(codec, args);
    return add(connection, {OldCall::Method::add, from_wire(args.location), names_of(args.authorities)});
  }
  if (method == "remove") {
    locator::Locator_remove_args args;
    read(codec, args);
    const OldCall call{OldCall::Method::remove, from_wire(args.location), names_of(args.authorities)};
    return pass_on(node_.handle(call), [this, connection] { served(connection, ""); });
  }
  served(connection, "");  // a ping
}

// It keeps "" for what it was asked for in vain.
void StoreNodeOf2009::get(const ConnectionRef& connection, const std::string& key) {
  const NodeAddress owner = owner_of(key);
  if (owner == self()) return served(connection, reply_with<wire::Store_get_result>("get", values_[key]));
  send_(*this, owner, connection->message, false, [this, connection, owner](const Result<StoreReply>& reply) {
    if (reply.ok()) return served(connection, reply.value().bytes);
    const std::string nothing = reply_with<wire::Store_get_result>("get", std::string());
    pass_on(node_.handle({OldCall::Method::remove, owner, {}}),
            [this, connection, nothing] { served(connection, nothing); });
  });
}

void StoreNodeOf2009::put(const ConnectionRef& connection, const std::string& key, const std::string& value) {
  const NodeAddress owner = owner_of(key);
  if (owner == self()) {
    values_[key] = value;
    return served(connection, "");
  }
  send_(*this, owner, connection->message, true, [this, connection, owner](const Result<StoreReply>& reply) {
    if (reply.ok()) return served(connection, "");
    pass_on(node_.handle({OldCall::Method::remove, owner, {}}), [this, connection] { served(connection, ""); });
  });
}

// Sent and forgotten, unless nobody is there.
void StoreNodeOf2009::pass_on(std::optional<OldNode::Forward> forward, std::function<void()> then) {
  if (!forward) return then();
  send_(*this, forward->to, encode(forward->call), true,
        [this, forward, then = std::move(then)](const Result<StoreReply>& reply) {
          if (reply.ok()) return then();
          pass_on(node_.not_reached(*forward), then);
        });
}

// --- handing over ----------------------------------------------------------------------------------------------------

void StoreNodeOf2009::add(const ConnectionRef& connection, OldCall call) {
  const NodeAddress joined = call.address;
  pass_on(node_.handle(call),
          [this, connection, joined] { give_to(joined, [this, connection] { served(connection, ""); }); });
}

void StoreNodeOf2009::give_to(const NodeAddress& joined, std::function<void()> then) {
  later(kPutPause, [this, joined, then = std::move(then)] {
    const auto keys = std::make_shared<std::deque<std::string>>();
    for (const auto& [key, value] : values_) {
      if (owner_of(key) == joined && joined != self()) keys->push_back(key);
    }
    put_next(keys, joined, then);
  });
}

// A put that nobody takes strands the key.
void StoreNodeOf2009::put_next(std::shared_ptr<std::deque<std::string>> keys, const NodeAddress& to,
                               std::function<void()> then) {
  if (keys->empty()) return then();
  const std::string key = keys->front();
  keys->pop_front();
  send_(*this, to, encode_put(key, values_[key]), true,
        [this, key, keys, to, then = std::move(then)](const Result<StoreReply>& reply) {
          if (reply.ok()) values_.erase(key);
          put_next(keys, to, then);
        });
}

void StoreNodeOf2009::clean_up() {
  is_leaving_ = true;
  pass_on(node_.clean_up(), [this] {
    const auto keys = std::make_shared<std::deque<std::string>>();
    for (const auto& [key, value] : values_) {
      if (!value.empty()) keys->push_back(key);
    }
    hand_over(keys, std::make_shared<std::set<NodeAddress>>());
  });
}

// Each owner is told first, lest it sends the key straight back; a refused ping ends it all.
void StoreNodeOf2009::hand_over(std::shared_ptr<std::deque<std::string>> keys,
                                std::shared_ptr<std::set<NodeAddress>> told) {
  if (keys->empty()) return end();
  const std::string key = keys->front();
  const NodeAddress owner = owner_of(key);
  if (owner.empty()) return end();
  if (told->insert(owner).second) {
    const OldCall farewell{OldCall::Method::remove, self(), {self().name()}};
    return send_(*this, owner, encode(farewell), true, [this, keys, told](const auto&) { hand_over(keys, told); });
  }
  send_(*this, owner, encode_call("ping", locator::Base_ping_args()), false,
        [this, keys, told, key, owner](const Result<StoreReply>& alive) {
          if (!alive.ok()) return end();
          keys->pop_front();
          send_(*this, owner, encode_put(key, values_[key]), true,
                [this, keys, told](const auto&) { hand_over(keys, told); });
        });
}

// In a work of its own, as nothing of it may run afterwards.
void StoreNodeOf2009::end() {
  network_.time().after(Duration::zero(), [this] {
    if (network_.trace) network_.trace(fmt::format("{} (2009) has ended", self().port));
    process()->end();
    network_.gone(*this);
    ended();
  });
}

}  // namespace p2p::sim
