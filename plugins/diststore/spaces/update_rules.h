// How does an update come to its end? It reads, makes the change, and writes under the condition that what it has read
// is still there; a conflict begins it anew. When the answer to a write is lost, the newest state says what came of it:
// each write leaves its id there (docs/decisions/0038). Pure: its shell does what a step says, and tells the result.
#pragma once

#include "spaces/entry_access.h"
#include "spaces/stored_state.h"

#include <p2p/result.h>
#include <p2p/store.h>
#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace p2p::diststore {

// The first pause after a conflict or a failure; each further one is twice as long, up to the last. A new primary is
// there within some 100 ms.
inline constexpr Duration kFirstPause = std::chrono::milliseconds(2);
inline constexpr Duration kLastPause = std::chrono::milliseconds(100);

inline constexpr const char* kNoTurn = "others before it took all its time";

struct UpdateMoment {
  TimePoint now{};
  std::uint64_t chance = 0;  // any number: pauses of two nodes differ by it
};

struct UpdateStep {
  enum class Kind : std::uint8_t { read, write, end };
  Kind kind = Kind::end;
  Duration pause{};                              // before a read or a write
  EntryChange change = {};                       // of a write
  Result<StateVersion> result = StateVersion{};  // of the end
};

inline StateVersion state_version_of(Version version) { return {version.stamp, version.node}; }

class UpdateRules final {
 public:
  struct Asked {
    std::string key;  // as it is stored
    Space::Change change;
    TimePoint deadline{};
    std::size_t conflicts_max = 0;
  };
  UpdateRules(Asked asked, UpdateId id) : asked_(std::move(asked)), id_(id) {}

  const std::string& key() const noexcept { return asked_.key; }
  TimePoint deadline() const noexcept { return asked_.deadline; }

  UpdateStep begin(UpdateMoment moment);
  UpdateStep on_read(const Result<FoundEntry>& read, UpdateMoment moment);
  // The write of the last step is on its way.
  void note_sent() noexcept { is_sent_ = true; }
  UpdateStep on_written(const Result<ChangedEntry>& written, UpdateMoment moment);
  // The shell cannot go on. The end by what is known now: `undone` if nothing was changed.
  Error give_up(ErrorKind undone, const std::string& why) const;

 private:
  UpdateStep go_on_from(const Result<FoundEntry>& read, UpdateMoment moment);
  UpdateStep make_change(const FoundEntry& found, std::optional<StoredState> state);
  UpdateStep look_for_own(const FoundEntry& found, const std::optional<StoredState>& state, UpdateMoment moment);
  UpdateStep end_done(const FoundEntry& found, const StoredState& state) const;
  UpdateStep write(Duration pause) const;
  UpdateStep read_anew(UpdateMoment moment, const std::string& why);
  UpdateStep conflict(UpdateMoment moment);
  UpdateStep end_unknown(const std::string& why) const;
  Duration next_pause(UpdateMoment moment) noexcept;
  bool has_time_for(Duration pause, UpdateMoment moment) const noexcept;

  const Asked asked_;
  const UpdateId id_;
  EntryChange change_ = {};            // the last that was to be written
  std::optional<UpdateId> base_ = {};  // the newest update of what it was made from
  bool is_in_doubt_ = false;           // it may have been written, or may still be
  bool is_sent_ = false;               // and not answered
  std::size_t conflicts_ = 0;
  Duration pause_ = kFirstPause;
};

}  // namespace p2p::diststore
