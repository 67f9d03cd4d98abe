#include "counting.h"

#include <p2p/handlers.h>

#include <Counter.h>
#include <fmt/format.h>

#include <future>
#include <string>
#include <vector>

namespace {

using namespace p2p::client;

std::future<Outcome<std::string>> ask(Client& client, const std::string& key, const std::string& message) {
  return client.call_future({.service = "counter", .key = key, .message = message});
}

std::string message_of_increment(const std::string& name) {
  counter::Counter_increment_args args;
  args.name = name;
  args.by = 1;
  return p2p::encode_call("increment", args);
}

std::string message_of_value(const std::string& name) {
  counter::Counter_value_args args;
  args.name = name;
  return p2p::encode_call("value", args);
}

std::future<Outcome<std::string>> increment(Client& client, const std::string& name) {
  return ask(client, name, message_of_increment(name));
}

std::future<Outcome<std::string>> value(Client& client, const std::string& name) {
  return ask(client, name, message_of_value(name));
}

// The key of a number is its decimal text.
std::future<Outcome<std::string>> order(Client& client, std::int64_t customer) {
  counter::Counter_order_args args;
  args.order.customer = customer;
  return ask(client, std::to_string(customer), p2p::encode_call("order", args));
}

// How many of the replies are not `expected`.
template <class Result>
std::uint64_t different(std::vector<std::future<Outcome<std::string>>>& replies, std::int64_t expected) {
  std::uint64_t count = 0;
  for (auto& future : replies) {
    const auto reply = future.get();
    const auto result = p2p::decode_reply<Result>(reply.ok() ? reply.value() : std::string());
    if (!reply.ok() || !result.ok() || result.value().success != expected) ++count;
  }
  replies.clear();
  return count;
}

nlohmann::json json_of(const Client& client, const Failure& failure) {
  return {{"failure", failure.text},
          {"effect", failure.effect == Effect::none ? "none" : "unknown"},
          {"kind", p2p::to_text(failure.kind)},
          {"retries", client.stats().retries}};
}

}  // namespace

nlohmann::json count_by_name(Client& client, std::uint64_t count) {
  const auto name_of = [](std::uint64_t number) { return fmt::format("name-{}", number); };
  std::vector<std::future<Outcome<std::string>>> replies;
  std::uint64_t wrong = 0;
  for (std::int64_t turn = 1; turn <= 2; ++turn) {
    for (std::uint64_t at = 0; at < count; ++at) replies.push_back(increment(client, name_of(at)));
    wrong += different<counter::Counter_increment_result>(replies, turn);
    for (std::uint64_t at = 0; at < count; ++at) replies.push_back(order(client, static_cast<std::int64_t>(at) - 5));
    wrong += different<counter::Counter_order_result>(replies, turn);
  }
  for (std::uint64_t at = 0; at < count; ++at) replies.push_back(value(client, name_of(at)));
  wrong += different<counter::Counter_value_result>(replies, 2);
  const auto refused = ask(client, "any", p2p::encode_call("clear", counter::Counter_clear_args())).get();
  return {{"calls", 5 * count},
          {"wrong", wrong},
          {"refusal", refused.ok() ? "" : refused.failure().text},
          {"refusal_did_nothing", !refused.ok() && refused.failure().effect == Effect::none}};
}

nlohmann::json ask_in_vain(Client& client) {
  // A method's name before arguments of another one: generated code never writes that.
  const counter::Counter_clear_args nothing;
  counter::Counter_order_args with_a_struct;
  with_a_struct.order.item = "a struct is no key";
  nlohmann::json told = nlohmann::json::array();
  for (const std::string& message : {p2p::encode_call("value", nothing), p2p::encode_call("value", with_a_struct),
                                     p2p::encode_call("clear", nothing)}) {
    const Request request{.service = "counter", .key = "any", .message = message};
    const auto reply = client.call(request, {.timeout = std::chrono::seconds(30), .is_repeatable = true});
    told.push_back(reply.ok() ? nlohmann::json{{"failure", ""}} : json_of(client, reply.failure()));
  }
  return {{"refusals", told}};
}

nlohmann::json ask_once(Client& client, const Asking& asking) {
  const bool is_value = asking.method == "value";
  const std::string message = is_value ? message_of_value(asking.name) : message_of_increment(asking.name);
  const Request request{.service = "counter", .key = asking.key, .message = message};
  const CallOptions options{.timeout = asking.timeout, .is_repeatable = is_value};
  const auto asked = client.owner_of(asking.key);
  if (!asked.ok()) return {{"error", asked.failure().text}};
  const auto reply = asking.is_once ? client.call_node(asked.value(), request, options) : client.call(request, options);
  if (!reply.ok()) return json_of(client, reply.failure());
  const auto result =
      p2p::decode_reply<counter::Counter_value_result>(reply.value());  // an increment's has the same field
  if (!result.ok()) return {{"error", result.error().text}};
  return {{"value", result.value().success}, {"retries", client.stats().retries}};
}
