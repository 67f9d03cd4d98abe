// How is one entry of a space read and written, wherever it is served? Each attempt once: whoever asks decides whether
// it is worth another.
#pragma once

#include "replication/version.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <functional>
#include <optional>
#include <string>

namespace p2p::diststore {

struct FoundEntry {
  std::optional<std::string> value = {};  // nothing: it is not there
  Version version = {};
};

// Always conditional: what it was made from must still be there.
struct EntryChange {
  std::string key;
  std::optional<std::string> value = {};   // nothing: erase it
  std::optional<Version> if_version = {};  // nothing: if it is not there
};

struct ChangedEntry {
  bool is_done = false;  // false: the condition was not met
  Version version = {};  // of the change
};

// The keys are stored_key_of() (engine/space_key.h). `then` runs once, now or later, on any thread. Of an error,
// may_have_run(kind) says whether a change may have been made. After `deadline` nothing more is begun; whoever asks
// limits how long it waits (attempt.h). Every method: [any thread].
class EntryAccess {
 public:
  template <class T>
  using Then = std::function<void(Result<T>)>;

  virtual ~EntryAccess() = default;

  // Linearizable.
  virtual void read(const std::string& key, TimePoint deadline, Then<FoundEntry> then) = 0;
  virtual void change(const EntryChange& change, TimePoint deadline, Then<ChangedEntry> then) = 0;
};

}  // namespace p2p::diststore
