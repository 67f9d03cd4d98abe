#include "ctl/ring_shares.h"

#include <map>

namespace p2p::ctl {

std::string sample_key(std::size_t index) { return "sample-" + std::to_string(index); }

std::vector<Share> shares_of(const std::vector<std::string>& members, const std::vector<std::string>& owners) {
  std::map<std::string, std::size_t> owned;
  for (const std::string& owner : owners) ++owned[owner];
  std::vector<Share> shares;
  for (const std::string& member : members) {
    const auto count = static_cast<double>(owned[member]);
    shares.push_back({member, owners.empty() ? 0 : count / static_cast<double>(owners.size())});
  }
  return shares;
}

}  // namespace p2p::ctl
