#include "driver/ring_connection.h"

#include <utility>

namespace p2p::history {
namespace {

std::vector<std::string> keys_of(const Request& request) {
  std::vector<std::string> keys;
  for (const KeyNumber key : request.keys) keys.push_back(key_name(key));
  return keys;
}

Version version_of(const client::Version& version) {
  return {static_cast<std::uint64_t>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

template <class T>
std::vector<client::Outcome<T>> single(client::Outcome<T> outcome) {
  std::vector<client::Outcome<T>> outcomes;
  outcomes.push_back(std::move(outcome));
  return outcomes;
}

}  // namespace

RingConnection::RingConnection(const Settings& settings, NodeList& nodes)
    : value_bytes_(settings.value_bytes),
      as_node_(nodes.known({"through-client", 0}).value()),
      client_({.seeds = settings.nodes, .timeout = kAnswerTimeout, .connect_timeout = kConnectTimeout}) {}

Told RingConnection::told(const client::Read& result) const {
  if (!result.found) return {false, {}, std::nullopt};
  return {true, read_stored_value(result.value, value_bytes_), version_of(result.version)};
}
Told RingConnection::told(const client::Written& result) const { return {true, {}, version_of(result.version)}; }
Told RingConnection::told(const client::Erased& result) const {
  if (!result.found) return {false, {}, std::nullopt};
  return {true, {}, version_of(result.version)};
}

// One outcome stands for all keys of a batch: it is unknown as soon as one of them is, or they differ.
template <class T>
Answer RingConnection::answer_of(const std::vector<client::Outcome<T>>& outcomes) const {
  Answer answer{Outcome::done, false, {}, {}};
  std::size_t refused = 0;
  for (const auto& outcome : outcomes) {
    if (outcome.ok()) {
      answer.told.push_back(told(outcome.value()));
      continue;
    }
    answer.outcome = Outcome::unknown;
    answer.reason = outcome.failure().text;
    if (outcome.failure().effect == client::Effect::none) ++refused;
  }
  if (refused == outcomes.size()) answer.outcome = Outcome::not_done;
  return answer;
}

Answer RingConnection::ask(const Request& request) {
  const bool is_batch = request.form == Form::batch;
  const std::string key = key_name(request.keys.front());
  switch (request.kind) {
    case Kind::read:
      return answer_of(is_batch ? client_.read_many(keys_of(request)) : single(client_.read(key)));
    case Kind::erase:
      return answer_of(is_batch ? client_.erase_many(keys_of(request)) : single(client_.erase(key)));
    case Kind::write:
      break;
  }
  if (!is_batch) return answer_of(single(client_.write(key, stored_value(request.values.front(), value_bytes_))));
  std::vector<client::Item> items;
  for (std::size_t at = 0; at < request.keys.size(); ++at) {
    items.push_back({key_name(request.keys[at]), stored_value(request.values[at], value_bytes_)});
  }
  return answer_of(client_.write_many(std::move(items)));
}

}  // namespace p2p::history
