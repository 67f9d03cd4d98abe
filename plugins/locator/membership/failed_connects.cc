#include "membership/failed_connects.h"

#include <algorithm>

namespace p2p::membership {

bool FailedConnects::failed(const std::string& name, TimePoint now) {
  Suspect& suspect = suspects_[name];
  auto& failures = suspect.failures;
  if (failures.empty() || now - failures.back() >= kOneFailure) {
    std::erase_if(failures, [&](TimePoint at) { return now - at > options_.window; });
    failures.push_back(now);
    suspect.ask_at = now + pause();
  }
  if (failures.size() < static_cast<std::size_t>(options_.attempts)) return false;
  suspects_.erase(name);
  return true;
}

void FailedConnects::doubt(const std::string& name, TimePoint now) {
  const auto [suspect, is_new] = suspects_.try_emplace(name);
  if (is_new || suspect->second.ask_at == TimePoint::max()) suspect->second.ask_at = now + pause();
}

std::vector<std::string> FailedConnects::due(TimePoint now) {
  std::vector<std::string> names;
  for (auto& [name, suspect] : suspects_) {
    if (suspect.ask_at > now) continue;
    suspect.ask_at = TimePoint::max();
    names.push_back(name);
  }
  return names;
}

TimePoint FailedConnects::next_due() const {
  TimePoint next = TimePoint::max();
  for (const auto& [name, suspect] : suspects_) next = std::min(next, suspect.ask_at);
  return next;
}

}  // namespace p2p::membership
