#include "store_clients.h"

#include "retry/faults.h"

#include <Store.h>
#include <StorePeer.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace p2p::sim {

namespace wire = ::diststore;
using Kind = StoreOperation::Kind;
using Outcome = StoreOperation::Outcome;

namespace {

// A client gives up later than its node does.
constexpr Duration kPatience = kStoreCallTimeout + std::chrono::milliseconds(500);

// More often a write is hardly sent again, and each time is one more that the search for an order has to try.
constexpr std::size_t kRepeatsMost = 2;

using Method = StoreClients::Method;

// In percent, in the order of Method, without puts.
constexpr int kShares[] = {36, 31, 8, 8, 0, 8, 6, 3};

Method any_method(VirtualTime& time, std::uint64_t puts_percent, std::uint64_t erases_percent) {
  if (time.below(100) < puts_percent) return Method::put;
  if (time.below(100) < erases_percent) return Method::erase;
  int at = static_cast<int>(time.below(100));
  std::size_t method = 0;
  while (at >= kShares[method]) at -= kShares[method++];
  return static_cast<Method>(method);
}

constexpr bool is_of_many(Method method) { return method >= Method::read_many; }

Kind kind_of(Method method) {
  switch (method) {
    case Method::read:
    case Method::get:
    case Method::read_many:
      return Kind::read;
    case Method::write:
    case Method::put:
    case Method::write_many:
      return Kind::write;
    case Method::erase:
    case Method::erase_many:
      return Kind::erase;
  }
  return Kind::read;
}

int number_of(const std::string& value) {
  int number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

// What the store, or the host, says instead of an answer.
Outcome outcome_of(const Error& error) {
  return error.kind == ErrorKind::refused && retry::is_refusal(error.text) ? Outcome::failed : Outcome::unknown;
}
Outcome outcome_of(const wire::StoreError& error) {
  return error.kind == wire::StoreErrorKind::not_executed ? Outcome::failed : Outcome::unknown;
}

}  // namespace

struct StoreClients::Call {
  Method method = Method::read;
  std::vector<std::size_t> keys;
  std::vector<std::size_t> operations;  // the index in the history of each key
  std::function<void()> then;
  bool has_ended = false;
};

StoreClients::StoreClients(StoreNetwork& network, std::vector<std::string> keys, Pick pick)
    : network_(network),
      time_(network.time()),
      keys_(std::move(keys)),
      pick_(std::move(pick)),
      histories_(keys_.size()) {}

// --- when ------------------------------------------------------------------------------------------------------------

void StoreClients::begin(std::size_t clients, std::size_t calls, Duration pause_most) {
  left_ = calls;
  for (std::size_t client = 0; client < clients; ++client) next(pause_most);
}

void StoreClients::next(Duration pause_most) {
  time_.after(time_.between(Duration::zero(), pause_most), [this, pause_most] {
    if (left_ == 0) return;
    --left_;
    StoreNode* const node = pick_();
    if (node == nullptr) return next(pause_most);
    ask(make(), *node, [this, pause_most] { next(pause_most); });
  });
}

void StoreClients::read_all() { ask_all(Method::read); }
void StoreClients::write_all() { ask_all(Method::write); }

void StoreClients::ask_all(Method method) {
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    StoreNode* const node = pick_();
    const auto call = std::make_shared<Call>();
    call->method = method;
    call->keys = {key};
    if (node != nullptr) ask(call, *node, nullptr);
  }
}

void StoreClients::put_at(StoreNode& node) {
  const auto call = std::make_shared<Call>();
  call->method = Method::put;
  call->keys = {keys_.size() - 1 - time_.below(put_only_keys)};
  ask(call, node, nullptr);
}

StoreClients::CallRef StoreClients::make() {
  auto call = std::make_shared<Call>();
  do {
    call->method = any_method(time_, puts_percent, erases_percent);
  } while (!erases && kind_of(call->method) == Kind::erase);
  const std::size_t count =
      is_of_many(call->method) ? 1 + time_.below(std::min<std::size_t>(keys_.size() - put_only_keys, 5)) : 1;
  const bool is_read = kind_of(call->method) == Kind::read;
  const std::size_t among = is_read ? keys_.size() : keys_.size() - put_only_keys;
  const std::size_t first = time_.below(among);
  for (std::size_t at = 0; at < count; ++at) call->keys.push_back((first + at) % among);
  return call;
}

// --- what ------------------------------------------------------------------------------------------------------------

StoreOperation& StoreClients::operation(const Call& call, std::size_t at) {
  return histories_[call.keys[at]][call.operations[at]];
}

void StoreClients::ask(const CallRef& call, StoreNode& node, std::function<void()> then) {
  call->then = std::move(then);
  ++open_;
  for (const std::size_t key : call->keys) {
    call->operations.push_back(histories_[key].size());
    StoreOperation& begun = histories_[key].emplace_back();
    begun.kind = kind_of(call->method);
    begun.begun = time_.now();
    begun.node = node.self().port;
    if (begun.kind == Kind::write) begun.value = ++last_value_;
  }
  time_.after(time_.between(network_.faults.latency_least, network_.faults.latency_most),
              [this, call, &node] { arrive(call, node); });
  time_.after(kPatience, [this, call] { note(call, Outcome::unknown); });
}

// A put that lies at a node as another node's key must be brought to its owner; and one that hands its keys over passes
// none on (H26), unless these are the puts that it kept until the last moment.
void StoreClients::look_after(StoreNode& node, const Call& put, bool is_leaving, bool is_handing_over) {
  if (!node.process()->is_running()) return;
  wire::StorePeer_pull_args args;
  args.keys = {keys_[put.keys.front()]};
  const auto reply =
      decode_reply<wire::StorePeer_pull_result>(node.ask_now("diststore.peer", encode_call("pull", args)));
  StoreOperation& one = operation(put, 0);
  const bool is_here = reply.ok() && reply.value().success.front().__isset.item;
  const bool is_kept = is_here && number_of(reply.value().success.front().item.value) == one.value;
  if (is_kept) one.kept_at = time_.now();
  if (is_kept && is_leaving) keepers_.insert(node.process());
  if (is_handing_over && !is_here && !keepers_.contains(node.process())) passed_on_.push_back(args.keys.front());
}

void StoreClients::arrive(const CallRef& call, StoreNode& node) {
  if (!node.process()->is_running()) return note(call, Outcome::failed);
  const bool is_put = call->method == Method::put;
  node.process()->run([this, call, &node, is_put, message = message_of(*call)] {
    const bool is_leaving = node.locator().runs_layers();
    const bool is_handing_over = is_leaving && node.gauge("moving_keys") > 0;
    node.take({"diststore", message, 0, nullptr, [this, call, is_put](const StoreReply& reply) {
                 if (!is_put) told(call, reply.bytes);
               }});
    if (is_put) look_after(node, *call, is_leaving, is_handing_over);
  });
  // Its caller gets no answer, and does not wait for one.
  if (is_put) note(call, Outcome::unknown);
}

std::string StoreClients::value_of(int number) {
  return std::to_string(number) + '.' + std::string(time_.below(3) == 0 ? 3 : time_.below(value_bytes_most), 'x');
}

std::string StoreClients::message_of(const Call& call) {
  const std::string& key = keys_[call.keys.front()];
  const auto value = [&](std::size_t at) { return value_of(operation(call, at).value); };
  const auto encode_key = [&](const char* method, auto args) {
    args.key = key;
    return encode_call(method, args);
  };
  const auto encode_value = [&](const char* method, auto args) {
    args.key = key;
    args.value = value(0);
    return encode_call(method, args);
  };
  const auto encode_keys = [&](const char* method, auto args) {
    for (const std::size_t one : call.keys) args.keys.push_back(keys_[one]);
    return encode_call(method, args);
  };
  switch (call.method) {
    case Method::read:
      return encode_key("read", wire::Store_read_args());
    case Method::get:
      return encode_key("get", wire::Store_get_args());
    case Method::erase:
      return encode_key("erase", wire::Store_erase_args());
    case Method::write:
      return encode_value("write", wire::Store_write_args());
    case Method::put:
      return encode_value("put", wire::Store_put_args());
    case Method::read_many:
      return encode_keys("read_many", wire::Store_read_many_args());
    case Method::erase_many:
      return encode_keys("erase_many", wire::Store_erase_many_args());
    case Method::write_many:
      break;
  }
  wire::Store_write_many_args args;
  for (std::size_t at = 0; at < call.keys.size(); ++at) {
    args.items.emplace_back();
    args.items.back().key = keys_[call.keys[at]];
    args.items.back().value = value(at);
  }
  return encode_call("write_many", args);
}

// --- answers ---------------------------------------------------------------------------------------------------------

void StoreClients::note(const CallRef& call, Outcome outcome) {
  if (std::exchange(call->has_ended, true)) return;
  --open_;
  for (std::size_t at = 0; at < call->keys.size(); ++at) {
    StoreOperation& one = operation(*call, at);
    one.outcome = outcome;
    one.ended = time_.now();
  }
  if (call->then) call->then();
}

namespace {

template <class GeneratedResult, class Take>
Outcome read_reply(const std::string& reply, Take take) {
  auto decoded = decode_reply<GeneratedResult>(reply);
  if (!decoded.ok()) return outcome_of(decoded.error());
  if constexpr (requires { decoded.value().error; }) {
    if (decoded.value().__isset.error) return outcome_of(decoded.value().error);
  }
  take(decoded.value().success);
  return Outcome::done;
}

int value_of_read(const wire::ReadResult& read) { return read.found ? number_of(read.value) : 0; }
// Which value it was, an erase does not tell.
int value_of_erase(const wire::EraseResult& erased) { return erased.found ? 1 : 0; }

}  // namespace

void StoreClients::told(const CallRef& call, const std::string& reply) {
  if (call->has_ended) return;
  std::vector<int> values(call->keys.size());
  const auto each = [&](const auto& results, auto value_of_one) {
    for (std::size_t at = 0; at < values.size() && at < results.size(); ++at) values[at] = value_of_one(results[at]);
  };
  Outcome outcome = Outcome::unknown;
  switch (call->method) {
    case Method::read:
      outcome = read_reply<wire::Store_read_result>(reply, [&](const auto& read) { values[0] = value_of_read(read); });
      break;
    case Method::get:
      outcome = read_reply<wire::Store_get_result>(reply, [&](const auto& text) { values[0] = number_of(text); });
      break;
    case Method::erase:
      outcome = read_reply<wire::Store_erase_result>(reply, [&](const auto& one) { values[0] = value_of_erase(one); });
      break;
    case Method::write:
      outcome = read_reply<wire::Store_write_result>(reply, [](const auto&) {});
      break;
    case Method::write_many:
      outcome = read_reply<wire::Store_write_many_result>(reply, [](const auto&) {});
      break;
    case Method::read_many:
      outcome = read_reply<wire::Store_read_many_result>(reply, [&](const auto& all) { each(all, value_of_read); });
      break;
    case Method::erase_many:
      outcome = read_reply<wire::Store_erase_many_result>(reply, [&](const auto& all) { each(all, value_of_erase); });
      break;
    case Method::put:
      break;
  }
  if (outcome == Outcome::done && kind_of(call->method) != Kind::write) {
    for (std::size_t at = 0; at < values.size(); ++at) operation(*call, at).value = values[at];
  }
  if (network_.trace) {
    network_.trace(fmt::format("client: {} of {} answered: {} {}", static_cast<int>(call->method),
                               keys_[call->keys.front()], static_cast<int>(outcome), operation(*call, 0).value));
  }
  note(call, outcome);
}

std::vector<StoreHistory> StoreClients::histories() const {
  auto all = histories_;
  for (StoreHistory& history : all) {
    for (StoreOperation& one : history) {
      const bool is_open = one.outcome == Outcome::unknown;
      const TimePoint last = is_open ? one.begun + 2 * kPatience : one.ended;
      if (one.kind == Kind::write)
        one.repeats_most = repeats ? 1 : std::min(network_.breaks_between(one.begun, last), kRepeatsMost);
      if (is_open) one.ended = TimePoint::max();
    }
  }
  return all;
}

}  // namespace p2p::sim
