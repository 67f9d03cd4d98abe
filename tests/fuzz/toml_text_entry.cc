#include "toml_text_entry.h"

#include "config/toml_limits.h"
#include "config/toml_text.h"

#include <p2p/assert.h>

#include <algorithm>
#include <string>

namespace p2p::fuzz {
namespace {

using namespace host;

// A header of an array of tables makes a table and a list of each of its names.
constexpr std::size_t kDepthMax = 2 * kTomlLevelsMax;

// One problem: a place, 1,000 bytes of text, two lines of an excerpt.
constexpr std::size_t kMessageBytesMax = 4'000;

std::size_t depth_of(const Table& table);

std::size_t depth_of(const Value& value) {
  if (const Table* table = value.table()) return depth_of(*table);
  std::size_t deepest = 0;
  if (const auto* elements = std::get_if<std::vector<Value>>(&value.data)) {
    for (const Value& element : *elements) deepest = std::max(deepest, 1 + depth_of(element));
  }
  return deepest;
}

std::size_t depth_of(const Table& table) {
  std::size_t deepest = 0;
  for (const Entry& entry : table.entries) deepest = std::max(deepest, 1 + depth_of(entry.value));
  return deepest;
}

}  // namespace

TomlOutcome try_toml_text(std::string_view input) {
  Sources sources;
  Problems problems;
  const std::string text(input);
  const std::uint32_t source = sources.add({Source::Kind::file, "x.toml", text, "."});
  const bool is_too_much = count_toml(text).excess.has_value();
  const Table table = parse_toml(text, source, problems);
  P2P_ASSERT(depth_of(table) <= kDepthMax, "no tree is deeper than its text was counted");
  const std::string messages = problems.text(sources);
  P2P_ASSERT(messages.size() <= kMessageBytesMax, "messages are short, whatever the text is");
  const bool has_control_character = std::any_of(messages.begin(), messages.end(), [](unsigned char letter) {
    return (letter < 0x20 && letter != '\n' && letter != '\t') || letter == 0x7f;
  });
  P2P_ASSERT(!has_control_character, "messages are fit for a terminal");
  if (is_too_much) return TomlOutcome::too_much;
  return problems.has_errors() ? TomlOutcome::no_toml : TomlOutcome::read;
}

}  // namespace p2p::fuzz
