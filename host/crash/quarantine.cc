#include "crash/quarantine.h"

#include "crash/fatal_signal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// Some hundred plugins with three notes each; a node that crashes has no time to write more between two starts.
constexpr std::uintmax_t kFileBytesMax = 256 * 1024;

constexpr const char* kSetAside = ".unreadable";

}  // namespace

Quarantine::Quarantine(fs::path file, Logger& log) : file_(std::move(file)) {
  std::error_code failure;
  const std::uintmax_t bytes = fs::file_size(file_, failure);
  if (!failure && bytes > kFileBytesMax) {
    set_aside("it is larger than a node makes it", log);
  } else if (!failure) {
    std::ifstream stream(file_, std::ios::binary);
    read({std::istreambuf_iterator<char>(stream), {}}, log);
  } else if (failure != std::errc::no_such_file_or_directory) {
    set_aside(failure.message(), log);
  }
  drop_old_notes();
  auto written = write();
  if (written.ok()) written = note_crashes_in(file_);
  if (!written.ok())
    log.error("{}; a plugin that crashes this node again and again is not left out", written.error().text);
}

void Quarantine::read(const std::string& text, Logger& log) {
  std::size_t lines = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line); ++lines) {
    const bool is_cut = stream.eof();  // its end is missing, and with it perhaps more
    const auto note = is_cut ? std::nullopt : parse_crash_note(line);
    if (!note) continue;
    notes_.push_back({note->time_s, note->signal, std::string(note->plugin), std::string(note->version), line + '\n'});
  }
  const std::size_t unreadable = lines - notes_.size();
  if (unreadable > 0) set_aside(fmt::format("{} of its {} lines are no notes", unreadable, lines), log);
}

void Quarantine::set_aside(const std::string& why, Logger& log) {
  std::error_code failure;
  const fs::path aside = file_.native() + kSetAside;
  fs::remove_all(aside, failure);
  fs::rename(file_, aside, failure);
  log.error("the notes of crashes in {} are damaged: {}; the file is now {}, what could be read of it still counts",
            file_.native(), why, failure ? "lost (" + failure.message() + ')' : aside.native());
}

Quarantine::Evidence Quarantine::evidence_against(const std::string& plugin) const {
  std::vector<const Note*> all;
  for (const Note& note : notes_) {
    if (note.plugin == plugin) all.push_back(&note);
  }
  const std::size_t count = std::min(all.size(), kCrashesUntilLeftOut);
  for (auto end = all.end(); end - all.begin() >= static_cast<std::ptrdiff_t>(kCrashesUntilLeftOut); --end) {
    const auto begin = end - kCrashesUntilLeftOut;
    // A clock that was set back in between must not excuse the plugin.
    if (std::abs((*(end - 1))->time_s - (*begin)->time_s) <= kCrashWindow.count()) return {{begin, end}, true};
  }
  return {{all.end() - static_cast<std::ptrdiff_t>(count), all.end()}, false};
}

bool Quarantine::is_left_out(const std::string& plugin) const {
  return !plugin.empty() && evidence_against(plugin).is_enough;
}

std::string Quarantine::verdict(const std::string& plugin) const {
  const Evidence evidence = evidence_against(plugin);
  if (!is_left_out(plugin)) return "";
  const Note& last = *evidence.notes.back();
  return fmt::format("crashed this node {} times within {} minutes, last with signal {} ({}) as version {}",
                     kCrashesUntilLeftOut, std::chrono::duration_cast<std::chrono::minutes>(kCrashWindow).count(),
                     last.signal, signal_name(last.signal), last.version);
}

void Quarantine::drop_old_notes() {
  std::set<std::string> names;  // and "", for crashes of no plugin
  for (const Note& note : notes_) names.insert(note.plugin);
  std::set<const Note*> kept;
  for (const std::string& plugin : names) {
    for (const Note* note : evidence_against(plugin).notes) kept.insert(note);
  }
  std::vector<Note> rest;
  for (Note& note : notes_) {
    if (kept.contains(&note)) rest.push_back(std::move(note));
  }
  notes_ = std::move(rest);
}

Result<Done> Quarantine::clear(const std::string& plugin) {
  std::erase_if(notes_, [&](const Note& note) { return note.plugin == plugin; });
  auto written = write();
  return written.ok() ? note_crashes_in(file_) : written;
}

Result<Done> Quarantine::write() const {
  const fs::path fresh = file_.native() + ".new";
  std::error_code failure;
  {
    std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
    for (const Note& note : notes_) stream << note.line;
    if (!stream.flush()) failure = std::error_code(errno, std::generic_category());
  }
  if (!failure) fs::rename(fresh, file_, failure);
  if (!failure) return Done{};
  return Error{ErrorKind::refused, "cannot write the notes of crashes to " + file_.native() + ": " + failure.message()};
}

}  // namespace p2p::host
