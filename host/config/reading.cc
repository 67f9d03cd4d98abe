#include "config/reading.h"

#include "config/suggestion.h"

#include <algorithm>
#include <optional>

namespace p2p::host {
namespace {

std::string value_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return "the text '" + *text + "'";
  if (const auto* untyped = std::get_if<Untyped>(&value.data)) return "the text '" + untyped->text + "'";
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) return "the number " + std::to_string(*integer);
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? "true" : "false";
  return kind_of(value);
}

Error wrong_type(const Option& option, const Value& value) {
  return {ErrorKind::invalid, "must be " + expectation(option) + ", not " + value_text(value)};
}

// Text, quoted in a file or bare in an argument; null for everything else.
const std::string* text_in(const Value& value) {
  if (const auto* untyped = std::get_if<Untyped>(&value.data)) return &untyped->text;
  return std::get_if<std::string>(&value.data);
}

Result<ConfigScalar> read_list(const Option& option, const std::vector<Value>& elements) {
  if (elements.size() > kListElementsMax) {
    return Error{ErrorKind::invalid, "must not have more than " + std::to_string(kListElementsMax) + " elements"};
  }
  std::vector<std::string> texts;
  for (const Value& element : elements) {
    const std::string* text = text_in(element);
    if (text == nullptr) {
      return Error{ErrorKind::invalid, "must be " + expectation(option) + ", but holds " + value_text(element)};
    }
    texts.push_back(*text);
  }
  return ConfigScalar(std::move(texts));
}

// A value to which TOML itself gave the option's type; else none.
std::optional<ConfigScalar> read_native(OptionType type, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data); flag != nullptr && type == OptionType::flag) return *flag;
  if (const auto* number = std::get_if<double>(&value.data); number != nullptr && type == OptionType::number)
    return *number;
  const auto* integer = std::get_if<std::int64_t>(&value.data);
  if (integer == nullptr) return std::nullopt;
  if (type == OptionType::number) return static_cast<double>(*integer);
  // Of durations, only zero is the same in every unit.
  const bool is_fit = type == OptionType::integer || (type == OptionType::bytes && *integer >= 0) ||
                      (type == OptionType::duration && *integer == 0);
  return is_fit ? std::optional<ConfigScalar>(*integer) : std::nullopt;
}

Result<ConfigScalar> in_range(const Option& option, ConfigScalar value) {
  const auto checked = check_range(option, value);
  if (!checked.ok()) return checked.error();
  return value;
}

bool is_written_as_text(OptionType type) {
  return type == OptionType::text || type == OptionType::choice || type == OptionType::duration ||
         type == OptionType::bytes;
}

}  // namespace

Result<ConfigScalar> read_value(const Option& option, const Value& value) {
  if (const auto* untyped = std::get_if<Untyped>(&value.data)) return read_text(option, untyped->text);
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    if (is_written_as_text(option.type)) return read_text(option, *text);
    // A single text is a list of one: it must not be split at commas.
    if (option.type == OptionType::list) return in_range(option, std::vector<std::string>{*text});
  }
  const auto* elements = std::get_if<std::vector<Value>>(&value.data);
  if (elements != nullptr && option.type == OptionType::list) {
    auto list = read_list(option, *elements);
    return list.ok() ? in_range(option, std::move(list.value())) : list;
  }
  auto native = read_native(option.type, value);
  if (!native) return wrong_type(option, value);
  return in_range(option, std::move(*native));
}

void report_unknown_keys(const Table& table, const std::string& prefix, const std::vector<std::string>& known,
                         const std::vector<std::string>& elsewhere, Problems& problems) {
  std::size_t unknown = 0;
  for (const Entry& entry : table.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    std::string meant;
    // A problem that is not shown needs no suggestion.
    if (++unknown <= kProblemsShownMax) {
      meant = nearest(entry.key, known);
      if (!meant.empty()) meant.insert(0, prefix);
      for (const std::string& path : elsewhere) {
        if (path.ends_with('.' + entry.key)) meant = path;
      }
    }
    const std::string suggestion = meant.empty() ? "" : "; did you mean '" + meant + "'?";
    problems.error(entry.place, "unknown key '" + prefix + entry.key + "'" + suggestion);
  }
}

const Table* table_of(const Entry& entry, const std::string& prefix, Problems& problems) {
  const Table* found = entry.value.table();
  if (found == nullptr) {
    const std::string path = prefix + entry.key;
    problems.error(entry.value.place, path + " must be a table [" + path + "], not " + value_text(entry.value));
  }
  return found;
}

const Table* subtable(const Table& table, const std::string& key, const std::string& prefix, Problems& problems) {
  const Entry* entry = table.find(key);
  return entry == nullptr ? nullptr : table_of(*entry, prefix, problems);
}

std::vector<std::string> keys_of(const std::vector<Option>& options) {
  std::vector<std::string> keys;
  for (const Option& option : options) keys.push_back(option.key);
  return keys;
}

}  // namespace p2p::host
