#include "replication/copy_state.h"

#include <algorithm>

namespace p2p::diststore::replication {

bool CopyState::is_suspect(std::string_view key) const noexcept {
  return std::ranges::binary_search(suspects, key, std::less<>());
}

void CopyState::suspect(std::string_view key) {
  const auto at = std::ranges::lower_bound(suspects, key, std::less<>());
  if (at == suspects.end() || *at != key) suspects.insert(at, std::string(key));
}

void CopyState::clear_suspect(std::string_view key) {
  if (suspects.empty()) return;
  const auto at = std::ranges::lower_bound(suspects, key, std::less<>());
  if (at != suspects.end() && *at == key) suspects.erase(at);
}

}  // namespace p2p::diststore::replication
