// What is a queue, as the state at its name? Plain changes of a map, which the store makes atomic. A sub-key is a kind
// and a number of 16 digits: kItem holds an item, the lowest is the oldest; kCall the last call of a client, as its
// ticket and what was answered.
#pragma once

#include <p2p/store.h>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

namespace queue {

inline constexpr std::size_t kClientsKept = 64;
inline constexpr char kItem = 'i';
inline constexpr char kCall = 'c';

struct Caller {
  std::string client;  // "": no ticket
  std::string call;    // the client's ticket, which begins with its name
};

inline auto first_of(auto& state, char kind) { return state.lower_bound(std::string(1, kind)); }
inline auto end_of(auto& state, char kind) { return state.lower_bound(std::string(1, static_cast<char>(kind + 1))); }
inline std::size_t count_of(const p2p::RouteState& state, char kind) {
  return static_cast<std::size_t>(std::distance(first_of(state, kind), end_of(state, kind)));
}

inline void append(p2p::RouteState& state, char kind, std::string value) {
  const bool is_first = count_of(state, kind) == 0;
  const auto last = is_first ? 0 : std::stoull(std::prev(end_of(state, kind))->first.substr(1), nullptr, 16);
  state.emplace(fmt::format("{}{:016x}", kind, last + 1), std::move(value));
}

// What the call was answered if it was done before. Calls of its client before it are forgotten.
inline std::optional<std::string> answered(p2p::RouteState& state, const Caller& caller) {
  for (auto at = first_of(state, kCall); !caller.client.empty() && at != end_of(state, kCall); ++at) {
    if (at->second.starts_with(caller.call)) return at->second.substr(caller.call.size());
    if (!at->second.starts_with(caller.client)) continue;
    state.erase(at);
    break;
  }
  return std::nullopt;
}

inline std::string remember(p2p::RouteState& state, const Caller& caller, std::string answer) {
  if (!caller.client.empty()) append(state, kCall, caller.call + answer);
  if (count_of(state, kCall) > kClientsKept) state.erase(first_of(state, kCall));
  return answer;
}

inline std::string push(p2p::RouteState& state, std::string item, const Caller& caller) {
  if (auto before = answered(state, caller)) return *before;
  append(state, kItem, std::move(item));
  return remember(state, caller, std::to_string(count_of(state, kItem)));
}

// "" if there is none, else "+" and the item.
inline std::string pop(p2p::RouteState& state, const Caller& caller) {
  if (auto before = answered(state, caller)) return *before;
  const auto first = first_of(state, kItem);
  if (first == end_of(state, kItem)) return "";
  std::string item = '+' + first->second;
  state.erase(first);
  return remember(state, caller, std::move(item));
}

}  // namespace queue
