// Which plugins have crashed this node so often that it should start without them? Kept in a file in the data folder
// until an operator clears it.
#pragma once

#include "crash/crash_note.h"

#include <p2p/log.h>
#include <p2p/result.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace p2p::host {

// In the data folder; the signal handler appends to it.
inline constexpr const char* kCrashNotesFile = "crash.notes";

// A plugin that has crashed the node this often within this time is left out: a service manager restarts a node at
// once, and a plugin that crashes it three times in a row will do so again.
inline constexpr std::size_t kCrashesUntilLeftOut = 3;
inline constexpr std::chrono::seconds kCrashWindow = std::chrono::minutes(5);

// Plugins are identified by the name in their descriptors. All methods [control], but a crash may append to the file at
// any time.
class Quarantine final {
 public:
  // Reads `file`, which may be missing, and lets the signal handler append to it from now on. Of each plugin it
  // keeps only the newest notes, or those for which the plugin is left out. An unreadable file never keeps a node from
  // starting: it is logged, and renamed to *.unreadable.
  Quarantine(std::filesystem::path file, Logger& log);

  bool is_left_out(const std::string& plugin) const;

  // "crashed this node 3 times within 5 minutes, last with signal 11 (SIGSEGV) as version 0.1.0"; empty: it is not left
  // out.
  std::string verdict(const std::string& plugin) const;

  // Forgets the crashes of `plugin`, so that it starts again. After an error it starts again in this process only.
  Result<Done> clear(const std::string& plugin);

  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  struct Note {
    std::int64_t time_s;
    int signal;
    std::string plugin;
    std::string version;
    std::string line;
  };

  void read(const std::string& text, Logger& log);
  void set_aside(const std::string& why, Logger& log);
  void drop_old_notes();
  Result<Done> write() const;

  // The latest crashes that suffice to leave the plugin out; if none do, its newest ones, no more than would suffice.
  struct Evidence {
    std::vector<const Note*> notes;
    bool is_enough = false;
  };
  Evidence evidence_against(const std::string& plugin) const;

  const std::filesystem::path file_;
  std::vector<Note> notes_;  // oldest first
};

}  // namespace p2p::host
