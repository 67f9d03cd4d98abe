// What is wrong with the configuration? Everything at once, so that one edit fixes it.
#pragma once

#include "config/place.h"

#include <cstddef>
#include <string>
#include <vector>

namespace p2p::host {

// Why a node does not start, the gravest last: it decides the exit code.
enum class ProblemKind : std::uint8_t {
  warning,         // reported; the node starts
  machine,         // this machine refuses it: a folder that cannot be written, an address that is not its own
  unsafe_file,     // a file of the configuration, or of a plugin, could have been replaced
  bad_plugin,      // a plugin was refused
  missing_plugin,  // a plugin is not on this machine
  configuration,   // what the operator wrote
  unreadable,      // a whole text, so nothing is known of its content
};

// More than anybody fixes before the next try.
inline constexpr std::size_t kProblemsShownMax = 100;

struct Problem {
  ProblemKind kind = ProblemKind::configuration;
  Place place;
  std::string text;

  friend auto operator<=>(const Problem&, const Problem&) = default;
};

class Problems {
 public:
  void add(ProblemKind kind, const Place& place, std::string text) {
    problems_.push_back({kind, place, std::move(text)});
  }
  void error(const Place& place, std::string text) { add(ProblemKind::configuration, place, std::move(text)); }
  void warning(const Place& place, std::string text) { add(ProblemKind::warning, place, std::move(text)); }
  void append(const Problems& others) {
    problems_.insert(problems_.end(), others.problems_.begin(), others.problems_.end());
  }

  // The gravest kind; warning when there is nothing worse, or nothing at all.
  ProblemKind worst() const;
  bool has_errors() const { return worst() != ProblemKind::warning; }
  const std::vector<Problem>& all() const noexcept { return problems_; }

  // Sorted by place, each once: "file:line:col: error: TEXT", the line, and a mark under what is meant. Of more than
  // kProblemsShownMax the gravest are shown, and the rest counted.
  std::string text(const Sources& sources) const;

 private:
  std::vector<Problem> problems_;
};

}  // namespace p2p::host
