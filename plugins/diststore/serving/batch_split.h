// Which node answers which keys of a batch call? Pure; results are matched by index.
#pragma once

#include "serving/key_route.h"

#include <p2p/node_address.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace p2p::diststore {

using KeyIndex = std::uint32_t;  // of a key in the request, and of its result in the reply

// Keys that one other node serves.
struct RemotePart {
  NodeAddress owner;
  std::vector<KeyIndex> indexes;    // ascending; never empty
  ForeignStore* foreign = nullptr;  // through which the owner is asked if it runs another store
};

// A key that this node serves.
struct LocalKey {
  KeyIndex index = 0;
  OwnershipProof proof = {};
  std::int64_t view = 0;
};

struct BatchSplit {
  std::vector<LocalKey> local;
  std::vector<RemotePart> remote;
  std::vector<KeyIndex> waiting;  // no node serves them at the moment
  std::string_view why;           // of one of those
};

// Splits `indexes` by who serves them, in the order given. `route_of(index)` returns the KeyRoute of the key.
template <class RouteOf>
BatchSplit split_by_route(std::span<const KeyIndex> indexes, RouteOf&& route_of) {
  BatchSplit split;
  std::unordered_map<NodeAddress, std::size_t> parts;
  for (const KeyIndex index : indexes) {
    const KeyRoute route = route_of(index);
    switch (route.where) {
      case KeyRoute::Where::here:
        split.local.push_back({index, route.proof, route.view});
        break;
      case KeyRoute::Where::nobody:
      case KeyRoute::Where::wait:
        split.waiting.push_back(index);
        split.why = route.where == KeyRoute::Where::wait ? route.why : "no node owns the key at the moment";
        break;
      case KeyRoute::Where::peer:
      case KeyRoute::Where::foreign: {
        const auto [found, is_new] = parts.try_emplace(*route.node, split.remote.size());
        if (is_new) split.remote.push_back({*route.node, {}, route.foreign});
        split.remote[found->second].indexes.push_back(index);
        break;
      }
    }
  }
  return split;
}

struct PartOutcome {
  std::vector<std::pair<KeyIndex, std::size_t>> done;  // index in the request, position in the reply's results
  std::vector<KeyIndex> undone;
};

// Which keys of `part` a peer's reply has done, and which are left. `results` is the number of results in it, `undone`
// the positions within the part that the peer names. Nothing if the numbers do not fit the part.
std::optional<PartOutcome> match_reply(const RemotePart& part, std::size_t results,
                                       std::span<const std::int32_t> undone);

}  // namespace p2p::diststore
