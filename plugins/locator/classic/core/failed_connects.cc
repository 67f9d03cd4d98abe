#include "classic/core/failed_connects.h"

#include <algorithm>

namespace p2p::classic {

void FailedConnects::Series::add(TimePoint now) {
  if (count > 0 && now - last > kDoubtKept) count = 0;
  if (count > 0 && now - last < kOneFailure) return;
  if (count++ == 0) first = now;
  last = now;
}

bool FailedConnects::failed(const std::string& name, ConnectFault fault, TimePoint now) {
  Suspect& suspect = suspects_[name];
  suspect.doubted_at = now;
  bool is_gone = false;
  switch (fault) {
    case ConnectFault::refused:
      is_gone = is_refused(suspect, now);
      break;
    case ConnectFault::silent:
      suspect.silences.add(now);
      suspect.ask_at = now + pause();
      is_gone = suspect.silences.is_enough(kSilencesLeast, kSilenceLeast);
      break;
    case ConnectFault::stranger:
      suspect.strangers.add(now);
      suspect.ask_at = now + pause();
      is_gone = suspect.strangers.is_enough(options_.attempts, kStrangerLeast);
      break;
  }
  if (is_gone) suspects_.erase(name);
  return is_gone;
}

bool FailedConnects::is_refused(Suspect& suspect, TimePoint now) const {
  auto& refusals = suspect.refusals;
  if (refusals.empty() || now - refusals.back() >= kOneFailure) {
    std::erase_if(refusals, [&](TimePoint at) { return now - at > options_.window; });
    refusals.push_back(now);
    suspect.ask_at = now + pause();
  }
  return refusals.size() >= static_cast<std::size_t>(options_.attempts);
}

void FailedConnects::doubt(const std::string& name, TimePoint now) {
  Suspect& suspect = suspects_[name];
  suspect.doubted_at = now;
  if (suspect.ask_at == TimePoint::max()) suspect.ask_at = now + pause();
}

bool FailedConnects::is_to_be_asked_now(const std::string& name, TimePoint now) {
  Suspect& suspect = suspects_[name];
  suspect.doubted_at = now;
  if (now - suspect.asked_at < pause()) {
    suspect.ask_at = std::min(suspect.ask_at, suspect.asked_at + pause());
    return false;
  }
  suspect.asked_at = now;
  suspect.ask_at = TimePoint::max();
  return true;
}

void FailedConnects::not_told(const std::string& name, TimePoint now) {
  const auto found = suspects_.find(name);
  if (found == suspects_.end()) return;
  if (now - found->second.doubted_at > kDoubtKept) {
    suspects_.erase(found);
  } else if (found->second.ask_at == TimePoint::max()) {
    found->second.ask_at = now + pause();
  }
}

void FailedConnects::forget_silence(const std::string& name) {
  if (const auto found = suspects_.find(name); found != suspects_.end()) found->second.silences = {};
}

std::vector<std::string> FailedConnects::due(TimePoint now) {
  std::vector<std::string> names;
  for (auto& [name, suspect] : suspects_) {
    if (suspect.ask_at > now) continue;
    suspect.asked_at = now;
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

}  // namespace p2p::classic
