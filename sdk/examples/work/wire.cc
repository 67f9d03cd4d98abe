#include "wire.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace work {
namespace {

// In the order of State.
constexpr wire::JobState::type kWireStates[] = {wire::JobState::queued, wire::JobState::running, wire::JobState::done,
                                                wire::JobState::failed};

std::optional<State> from_wire(wire::JobState::type state) {
  const auto found = std::find(std::begin(kWireStates), std::end(kWireStates), state);
  if (found == std::end(kWireStates) || state == wire::JobState::running) return std::nullopt;
  return static_cast<State>(found - std::begin(kWireStates));
}

}  // namespace

wire::JobState::type to_wire(State state) { return kWireStates[static_cast<std::size_t>(state)]; }

void to_wire(const Batch& batch, p2p::TimePoint now, wire::HandOver& into) {
  for (const auto& [name, job] : batch.jobs) {
    wire::MovedJob& moved = into.jobs.emplace_back();
    moved.key = name.key;
    moved.id = name.id;
    moved.kind = job.kind;
    moved.payload = job.payload;
    moved.state = to_wire(job.state);
    moved.text = job.text;
    if (has_ended(job.state)) {
      moved.ended_ago_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - job.ended_at).count();
    }
  }
  for (const auto& [key, entry] : batch.entries) {
    wire::MovedEntry& moved = into.entries.emplace_back();
    moved.key = key;
    moved.run = entry.first;
    moved.text = entry.second;
  }
}

Batch from_wire(wire::HandOver& from, p2p::TimePoint now) {
  // Who says that a result is older than this says nonsense.
  constexpr std::chrono::milliseconds kAgeMax = std::chrono::hours(24 * 365);
  Batch batch;
  for (wire::MovedJob& moved : from.jobs) {
    const auto state = from_wire(moved.state);
    if (!state) continue;
    const auto age = std::clamp(std::chrono::milliseconds(moved.ended_ago_ms), std::chrono::milliseconds(0), kAgeMax);
    batch.jobs.emplace_back(
        JobName{std::move(moved.key), std::move(moved.id)},
        Job{std::move(moved.kind), std::move(moved.payload), *state, std::move(moved.text), now - age});
  }
  for (wire::MovedEntry& moved : from.entries) {
    batch.entries.emplace_back(std::move(moved.key), Ledger::value_type(moved.run, std::move(moved.text)));
  }
  return batch;
}

}  // namespace work
