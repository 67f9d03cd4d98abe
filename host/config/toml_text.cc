#include "config/toml_text.h"

#include "config/toml_limits.h"

#include <toml++/toml.h>

#include <algorithm>
#include <string>

namespace p2p::host {
namespace {

// Places every value of one text.
class Converter {
 public:
  explicit Converter(std::uint32_t source) : source_(source) {}

  Table convert(const toml::table& from) const {
    Table table;
    for (const auto& [key, node] : from) {
      const Place place = place_of(key.source());
      table.entries.push_back({std::string(key.str()), place, convert(node, place)});
    }
    // The library sorts by key.
    std::sort(table.entries.begin(), table.entries.end(),
              [](const Entry& a, const Entry& b) { return a.place < b.place; });
    return table;
  }

  Place place_of(const toml::source_region& region) const {
    const bool is_one_line = region.begin.line == region.end.line && region.end.column > region.begin.column;
    return {source_, region.begin.line, region.begin.column, is_one_line ? region.end.column - region.begin.column : 1};
  }

 private:
  Value convert(const toml::node& node, const Place& key_place) const {
    // A table without header or braces of its own has no place but its key's.
    const Place place = node.source().begin ? place_of(node.source()) : key_place;
    if (const auto* table = node.as_table()) return {place, convert(*table)};
    if (const auto* array = node.as_array()) return {place, convert(*array, key_place)};
    if (const auto* text = node.as_string()) return {place, text->get()};
    if (const auto* integer = node.as_integer()) return {place, integer->get()};
    if (const auto* number = node.as_floating_point()) return {place, number->get()};
    if (const auto* flag = node.as_boolean()) return {place, flag->get()};
    return {place, Unsupported{"a date or time"}};
  }

  std::vector<Value> convert(const toml::array& array, const Place& key_place) const {
    std::vector<Value> values;
    for (const toml::node& element : array) values.push_back(convert(element, key_place));
    return values;
  }

  std::uint32_t source_;
};

// Everything in an argument has the argument's place.
Value placed_at(const Place& place, Value value) {
  value.place = place;
  if (auto* elements = std::get_if<std::vector<Value>>(&value.data)) {
    for (Value& element : *elements) element.place = place;
  }
  return value;
}

}  // namespace

Table parse_toml(std::string_view text, std::uint32_t source, Problems& problems) {
  std::size_t values_left = kTomlValuesMax;
  return parse_toml(text, source, problems, values_left);
}

Table parse_toml(std::string_view text, std::uint32_t source, Problems& problems, std::size_t& values_left) {
  const TomlCounts counts = count_toml(text, values_left);
  values_left -= std::min(counts.values, values_left);
  if (const auto& excess = counts.excess) {
    problems.add(ProblemKind::unreadable, {source, excess->line, excess->column, 1}, excess->what);
    return {};
  }
  const Converter converter(source);
  try {
    return converter.convert(toml::parse(text));
  } catch (const toml::parse_error& failure) {
    std::string why(failure.description());
    if (why.starts_with("Error ")) why.erase(0, std::string_view("Error ").size());
    problems.add(ProblemKind::unreadable, converter.place_of(failure.source()), "not valid TOML: " + why);
    return {};
  }
}

Value parse_argument(std::string_view text, const Place& place) {
  const bool may_be_toml = text.starts_with('[') || text.starts_with('"') || text.starts_with('\'');
  if (may_be_toml) {
    Problems ignored;
    const Table parsed = parse_toml("value = " + std::string(text), place.source, ignored);
    // "[::1]:9900" begins like a list, but is none.
    if (!ignored.has_errors() && parsed.entries.size() == 1) return placed_at(place, parsed.entries.front().value);
  }
  return {place, Untyped{std::string(text)}};
}

}  // namespace p2p::host
