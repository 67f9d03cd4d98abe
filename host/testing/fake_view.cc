#include "testing/fake_view.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace p2p::testing {
namespace {

// FNV-1a, whose last bytes the final steps spread over the whole number: names of nodes differ at their end only.
std::uint64_t hash_of(std::string_view text, std::uint64_t start = 0xcbf29ce484222325u) {
  std::uint64_t hash = start;
  for (const unsigned char letter : text) hash = (hash ^ letter) * 0x100000001b3u;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  return hash ^ (hash >> 33);
}

std::uint64_t fingerprint_of(const std::vector<NodeAddress>& members, const NamedOwners& named) {
  std::uint64_t hash = hash_of("ring");
  for (const NodeAddress& member : members) hash = hash_of(member.name(), hash);
  for (const auto& [key, owner] : named) hash = hash_of(owner.name(), hash_of(key, hash));
  return hash;
}

}  // namespace

FakeView::FakeView(NodeAddress self, std::vector<NodeAddress> members, NamedOwners named)
    : self_(std::move(self)), members_(std::move(members)), named_(std::move(named)) {
  std::sort(members_.begin(), members_.end(),
            [](const NodeAddress& one, const NodeAddress& other) { return one.name() < other.name(); });
  members_.erase(std::unique(members_.begin(), members_.end()), members_.end());
  fingerprint_ = fingerprint_of(members_, named_);
}

// By rendezvous hashing: the member with the greatest hash of name and key, whoever else joins or leaves.
std::vector<std::size_t> FakeView::ranked(std::string_view key) const {
  std::vector<std::uint64_t> weights;
  for (const NodeAddress& member : members_) weights.push_back(hash_of(member.name(), hash_of(key)));
  std::vector<std::size_t> ranks(members_.size());
  std::iota(ranks.begin(), ranks.end(), std::size_t{0});
  std::sort(ranks.begin(), ranks.end(), [&](std::size_t one, std::size_t other) {
    return weights[one] != weights[other] ? weights[one] > weights[other] : one < other;
  });
  const auto named = named_.find(key);
  if (named == named_.end()) return ranks;
  const auto first = std::find_if(ranks.begin(), ranks.end(),
                                  [&](std::size_t position) { return members_[position] == named->second; });
  if (first != ranks.end()) std::rotate(ranks.begin(), first, first + 1);
  return ranks;
}

Owner FakeView::owner_of(std::string_view key) const {
  const auto ranks = ranked(key);
  if (ranks.empty()) return {};
  const NodeAddress& owner = members_[ranks.front()];
  return {&owner, owner == self_};
}

std::vector<NodeAddress> FakeView::owners_of(std::string_view key, std::size_t count) const {
  std::vector<NodeAddress> owners;
  for (const std::size_t position : ranked(key)) {
    if (owners.size() == count) break;
    owners.push_back(members_[position]);
  }
  return owners;
}

}  // namespace p2p::testing
