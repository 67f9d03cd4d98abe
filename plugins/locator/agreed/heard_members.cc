#include "agreed/heard_members.h"

namespace p2p::agreed {

std::string text_of_missing_voters(const cluster::ClusterMap& map, const HeardMembers& heard,
                                   const cluster::NodeId& self, Duration silence, TimePoint now) {
  std::string text;
  for (const cluster::Slot voter : map.voters) {
    const cluster::Member& member = map.at(voter);
    if (member.id == self) continue;
    const HeardMembers::Heard* const last = heard.find(member.id);
    const bool has_answered = last != nullptr && last->has_answered();
    if (has_answered && last->answered_at > now - silence) continue;
    text += (text.empty() ? "" : ", ") + member.address.name();
    if (!has_answered) continue;
    const auto silent = std::chrono::floor<std::chrono::seconds>(now - last->answered_at);
    text += " (not heard of for " + format_duration(silent) + ')';
  }
  return (text.empty() ? "none is missing" : text + " are missing") + ", of " + std::to_string(map.voters.size());
}

}  // namespace p2p::agreed
