#include "spaces/update_rules.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace p2p::diststore {
namespace {

constexpr const char* kUnreadable = "what is stored at the route key is no state of this form";

// Of a failed attempt that changed nothing.
ErrorKind undone_kind(ErrorKind kind) { return kind == ErrorKind::overloaded ? kind : ErrorKind::unreachable; }

// Of the exception that is being handled.
std::string what_was_thrown() {
  try {
    throw;
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

UpdateStep end_with(Result<StateVersion> result) {
  return {.kind = UpdateStep::Kind::end, .result = std::move(result)};
}

}  // namespace

UpdateStep UpdateRules::begin(UpdateMoment moment) {
  if (moment.now >= deadline()) return end_with(give_up(ErrorKind::unreachable, kNoTurn));
  return {.kind = UpdateStep::Kind::read};
}

UpdateStep UpdateRules::on_read(const Result<FoundEntry>& read, UpdateMoment moment) {
  try {
    return go_on_from(read, moment);
  } catch (...) {  // no memory for the state or its copies
    return end_with(give_up(ErrorKind::local, what_was_thrown()));
  }
}

UpdateStep UpdateRules::go_on_from(const Result<FoundEntry>& read, UpdateMoment moment) {
  if (!read.ok()) return read_anew(moment, read.error().text);
  const FoundEntry& found = read.value();
  std::optional<StoredState> state = found.value ? decode_state(*found.value) : StoredState();
  if (is_in_doubt_) return look_for_own(found, state, moment);
  if (!state) return end_with(Error{ErrorKind::invalid, kUnreadable});
  return make_change(found, std::move(state));
}

UpdateStep UpdateRules::make_change(const FoundEntry& found, std::optional<StoredState> state) {
  const RouteState before = state->values;
  try {
    asked_.change(state->values);
  } catch (...) {
    return end_with(Error{ErrorKind::invalid, "the change has thrown: " + what_was_thrown()});
  }
  if (state->values == before) return end_with(state_version_of(found.version));
  if (bytes_of(state->values) > kRouteStateBytesMax)
    return end_with(Error{ErrorKind::invalid, "one route key may have " + std::to_string(kRouteStateBytesMax) +
                                                  " bytes of sub-keys and values, and the change left more"});
  base_ = state->updates.empty() ? std::nullopt : std::optional(state->updates.front());
  change_ = {.key = key()};
  if (found.value) change_.if_version = found.version;
  if (!state->values.empty()) {
    state->note(id_);
    change_.value = encode(*state);
  }
  return write(Duration::zero());
}

UpdateStep UpdateRules::write(Duration pause) const {
  return {.kind = UpdateStep::Kind::write, .pause = pause, .change = change_};
}

UpdateStep UpdateRules::on_written(const Result<ChangedEntry>& written, UpdateMoment moment) {
  is_sent_ = false;
  if (written.ok() && written.value().is_done) return end_with(state_version_of(written.value().version));
  if (written.ok()) return is_in_doubt_ ? read_anew(moment, "another change came between") : conflict(moment);
  const Error& error = written.error();
  if (error.kind == ErrorKind::invalid) return end_with(error);
  is_in_doubt_ = is_in_doubt_ || may_have_run(error.kind);
  if (is_in_doubt_) return read_anew(moment, error.text);
  const Duration pause = next_pause(moment);
  return has_time_for(pause, moment) ? write(pause) : end_with(give_up(undone_kind(error.kind), error.text));
}

// The write is in doubt. A version never comes back: once it is gone, no write under it can succeed any more.
UpdateStep UpdateRules::look_for_own(const FoundEntry& found, const std::optional<StoredState>& state,
                                     UpdateMoment moment) {
  if (state && state->has(id_)) return end_done(found, *state);
  if (!change_.if_version) return end_unknown("there was nothing before, and its own write is not to be seen");
  if (!found.value || !state) return end_unknown("the state has been erased meanwhile");
  if (found.version == *change_.if_version) {
    const Duration pause = next_pause(moment);
    return has_time_for(pause, moment) ? write(pause) : end_unknown("its time is over");
  }
  // All updates since what it was made from are shown, and it is none of them.
  if (!base_ || !state->has(*base_)) return end_unknown("too many others have changed the state meanwhile");
  is_in_doubt_ = false;
  return conflict(moment);
}

// The version that is there is that of the newest update, and no other may be told it.
UpdateStep UpdateRules::end_done(const FoundEntry& found, const StoredState& state) const {
  if (state.updates.front() == id_) return end_with(state_version_of(found.version));
  return end_with(Error{ErrorKind::timed_out, "the change was made, and others since: its version is not known"});
}

UpdateStep UpdateRules::conflict(UpdateMoment moment) {
  if (++conflicts_ >= asked_.conflicts_max) {
    return end_with(Error{ErrorKind::overloaded, "other nodes changed the same route key " +
                                                     std::to_string(conflicts_) + " times between read and write"});
  }
  return read_anew(moment, "other nodes change the same route key");
}

UpdateStep UpdateRules::read_anew(UpdateMoment moment, const std::string& why) {
  const Duration pause = next_pause(moment);
  if (!has_time_for(pause, moment)) return end_with(give_up(ErrorKind::unreachable, why));
  return {.kind = UpdateStep::Kind::read, .pause = pause};
}

UpdateStep UpdateRules::end_unknown(const std::string& why) const {
  return end_with(Error{ErrorKind::timed_out, "whether the change was made is not known: " + why});
}

Error UpdateRules::give_up(ErrorKind undone, const std::string& why) const {
  if (is_in_doubt_ || is_sent_) return end_unknown(why).result.error();
  return {undone, "nothing was changed: " + why};
}

// Half of it at least.
Duration UpdateRules::next_pause(UpdateMoment moment) noexcept {
  const Duration half = pause_ / 2;
  const Duration chosen =
      half + Duration(static_cast<Duration::rep>(moment.chance %
                                                 static_cast<std::uint64_t>(std::max<Duration::rep>(half.count(), 1))));
  pause_ = std::min(pause_ * 2, kLastPause);
  return chosen;
}

bool UpdateRules::has_time_for(Duration pause, UpdateMoment moment) const noexcept {
  return moment.now + pause < deadline();
}

}  // namespace p2p::diststore
