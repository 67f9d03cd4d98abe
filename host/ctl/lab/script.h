// What does a script of `p2pctl lab` say? One step a line, in words; # begins a comment:
//
//   nodes 5                                  settings, before the first step: nodes, keys, clients
//   wait healthy within 30s                  every node that runs is well, and no copy is missing
//   wait operations 1000                     so many more calls of the load have ended
//   kill 2                                   a node by its number, or `random`; so do stop and cut
//   resume 2                                 undoes the last of these; `resume all`
//   join                                     one node more
//   leave 3                                  hands over what it has, and ends
//   random kill,stop,cut every 2s for 30s    so many faults, one after the other, each undone after half the time
//   expect gap <= 5s                         of the verdict; also lost, operations, unknown, refused, each with a
//   number expect linearizable                      holds anyway
//
// Text in, values out; plan.h looks at what the words mean together.
#pragma once

#include <p2p/result.h>
#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::ctl::lab {

// --- limits ---
inline constexpr std::uint32_t kNodesMax = 32;  // that there ever are: each is a process of this machine
inline constexpr std::uint32_t kKeysMax = 10'000;
inline constexpr std::uint32_t kClientsMax = 64;
inline constexpr std::size_t kLinesMax = 10'000;
inline constexpr std::size_t kActsMax = 50'000;   // of a whole plan: a random fault takes five
inline constexpr std::size_t kMistakesMax = 100;  // that are told
inline constexpr Duration kWithinMax = std::chrono::hours(1);
inline constexpr Duration kWithin = std::chrono::seconds(30);  // of a wait that does not say it

struct Place {
  std::size_t line = 0;    // from 1 on
  std::size_t column = 0;  // the same
};

struct Mistake {
  Place place;
  std::string text;
};

enum class Deed : std::uint8_t { kill, stop, cut, resume, join, leave };
const char* to_text(Deed deed) noexcept;

enum class Subject : std::uint8_t { linearizable, gap, lost, operations, unknown, refused };
enum class Comparison : std::uint8_t { at_most, at_least, equal };

struct Expectation {
  Subject subject = Subject::linearizable;
  Comparison comparison = Comparison::equal;
  double value = 0;  // of a gap: seconds
  std::string text;  // as it stands in the script, with single spaces
  Place place;
};

struct Step {
  enum class Kind : std::uint8_t { deed, random_faults, wait_healthy, wait_operations };
  enum class Who : std::uint8_t { number, random, all };

  Kind kind = Kind::deed;
  Deed deed = Deed::kill;
  Who who = Who::number;
  std::uint32_t node = 0;
  std::vector<Deed> deeds{};     // of random_faults
  Duration every{};              // the same
  Duration lasting{};            // the same
  std::uint64_t operations = 0;  // of wait_operations
  Duration within = kWithin;     // of waits
  Place place{};                 // of the word that a mistake is about
};

struct Script {
  std::uint32_t nodes = 3;
  std::uint32_t keys = 50;
  std::uint32_t clients = 4;
  std::vector<Step> steps;
  std::vector<Expectation> expectations;
};

struct Parsed {
  Script script;
  std::vector<Mistake> mistakes;  // in order of lines; then the script is of no use
};

Parsed parse_script(std::string_view text);

// "NAME:LINE:COLUMN: error: WHY", one line each.
std::string text_of(const std::string& name, const std::vector<Mistake>& mistakes);

}  // namespace p2p::ctl::lab
