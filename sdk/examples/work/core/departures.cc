#include "core/departures.h"

namespace work {

void Departures::ring_changed(const p2p::RingView& ring) {
  departures_.clear();
  for (const std::string& key : jobs_.keys()) {
    const p2p::Owner owner = ring.owner_of(key, service_);
    if (owner.address != nullptr && !owner.is_self) departures_[*owner.address].keys.insert(key);
  }
}

Departures::Part Departures::give(const p2p::NodeAddress& to, std::int64_t taken, std::size_t bytes_max) {
  const auto found = departures_.find(to);
  if (found == departures_.end()) return {};
  Departure& departure = found->second;
  if (departure.last.number != 0 && taken == departure.last.number) {
    jobs_.remove(departure.last.batch);
    jobs_moved_ += departure.last.batch.jobs.size();
  }
  departure.last = {};
  Part& part = departure.last;
  for (auto key = departure.keys.begin(); key != departure.keys.end() && part.batch.bytes < bytes_max;) {
    if (!jobs_.holds(*key)) {
      key = departure.keys.erase(key);
      continue;
    }
    jobs_.copy(*key, bytes_max, part.batch);
    if (jobs_.is_busy(*key)) part.busy.push_back(*key);
    ++key;
  }
  if (!part.batch.is_empty()) part.number = ++last_number_;
  const Part given = part;
  if (departure.keys.empty()) departures_.erase(found);
  return given;
}

std::vector<p2p::NodeAddress> Departures::receivers() const {
  std::vector<p2p::NodeAddress> all;
  for (const auto& [receiver, departure] : departures_) all.push_back(receiver);
  return all;
}

}  // namespace work
