// Which node answers which keys of a batch call? Pure; results are matched by index.
#pragma once

#include <p2p/locator.h>

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

struct RemotePart {
  NodeAddress owner;
  std::vector<KeyIndex> indexes;  // ascending; never empty
};

struct BatchSplit {
  std::vector<KeyIndex> local;
  std::vector<RemotePart> remote;
  std::vector<KeyIndex> unowned;  // nobody owns them: the ring is empty
};

// Splits `indexes` by owner in `view`, in the order given. `key_at(index)` returns the key's bytes.
template <class KeyAt>
BatchSplit split_by_owner(std::span<const KeyIndex> indexes, const RingView& view, KeyAt&& key_at) {
  BatchSplit split;
  std::unordered_map<NodeAddress, std::size_t> parts;
  for (const KeyIndex index : indexes) {
    const Owner owner = view.owner_of(std::string_view(key_at(index)));
    if (owner.is_self) {
      split.local.push_back(index);
    } else if (owner.address == nullptr) {
      split.unowned.push_back(index);
    } else {
      const auto [found, is_new] = parts.try_emplace(*owner.address, split.remote.size());
      if (is_new) split.remote.push_back({*owner.address, {}});
      split.remote[found->second].indexes.push_back(index);
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
