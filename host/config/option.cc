#include "config/option.h"

#include "config/suggestion.h"
#include "text/foreign_text.h"
#include "text/pieces.h"

#include <p2p/units.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace p2p::host {
namespace {

struct TypeWord {
  OptionType type;
  const char* word;
  const char* expectation;
};

constexpr std::array<TypeWord, 8> kTypes{{
    {OptionType::flag, "bool", "true or false"},
    {OptionType::integer, "int", "a whole number"},
    {OptionType::number, "float", "a number"},
    {OptionType::text, "text", "text"},
    {OptionType::list, "list", "a list of texts"},
    {OptionType::duration, "duration", "a duration such as \"10s\" or \"250ms\""},
    {OptionType::bytes, "bytes", "a size such as \"16MiB\" or \"64KiB\""},
    {OptionType::choice, "choice", "one of"},
}};

const TypeWord& entry_of(OptionType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(), [type](const TypeWord& entry) { return entry.type == type; });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> trimmed_pieces(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  if (trimmed(text).empty()) return parts;
  for (const std::string_view part : split(text, separator)) parts.emplace_back(trimmed(part));
  return parts;
}

Error wrong(const Option& option, std::string_view text) {
  std::string message = "must be " + expectation(option) + ", not '" + std::string(text) + "'";
  if (option.type == OptionType::choice) message += did_you_mean(text, choices(option));
  return Error{ErrorKind::invalid, std::move(message)};
}

// `text` as a value of the option's type, its range not yet checked; none when it is no such value.
std::optional<ConfigScalar> parse_scalar(OptionType type, std::string_view text) {
  switch (type) {
    case OptionType::flag:
      if (text == "true") return ConfigScalar(true);
      if (text == "false") return ConfigScalar(false);
      return std::nullopt;
    case OptionType::integer:
      if (const auto number = number_in<std::int64_t>(text)) return ConfigScalar(*number);
      return std::nullopt;
    case OptionType::number:
      if (const auto number = number_in<double>(text); number && std::isfinite(*number)) return ConfigScalar(*number);
      return std::nullopt;
    case OptionType::duration:
      if (const auto parsed = parse_duration(text); parsed.ok())
        return ConfigScalar(std::int64_t{parsed.value().count()});
      return std::nullopt;
    case OptionType::bytes:
      if (const auto parsed = parse_bytes(text); parsed.ok())
        return ConfigScalar(static_cast<std::int64_t>(parsed.value()));
      return std::nullopt;
    case OptionType::text:
    case OptionType::choice:
      return ConfigScalar(std::string(text));
    case OptionType::list:
      return ConfigScalar(trimmed_pieces(text, ","));
  }
  return std::nullopt;
}

// The ends of "1KiB..8MiB"; a missing end sets no bound.
struct Bounds {
  std::string low_text;
  std::string high_text;
  std::optional<ConfigScalar> low;
  std::optional<ConfigScalar> high;
};

std::optional<Bounds> parse_bounds(const Option& option) {
  const std::size_t dots = option.range.find("..");
  if (dots == std::string::npos) return std::nullopt;
  Bounds bounds{option.range.substr(0, dots), option.range.substr(dots + 2), std::nullopt, std::nullopt};
  if (!bounds.low_text.empty()) bounds.low = parse_scalar(option.type, bounds.low_text);
  if (!bounds.high_text.empty()) bounds.high = parse_scalar(option.type, bounds.high_text);
  const bool low_is_bad = !bounds.low_text.empty() && !bounds.low;
  const bool high_is_bad = !bounds.high_text.empty() && !bounds.high;
  if (low_is_bad || high_is_bad) return std::nullopt;
  return bounds;
}

bool has_bounds(OptionType type) {
  return type == OptionType::integer || type == OptionType::number || type == OptionType::duration ||
         type == OptionType::bytes;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20) {
      result += fmt::format("\\u{:04X}", letter);
      continue;
    }
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + '"';
}

// "key|type|default|range|help", where a choice's range itself contains '|': the help is what follows the last one.
struct Declaration {
  std::string_view key, type, default_text, range, help;
};

std::optional<Declaration> split_declaration(std::string_view text) {
  std::array<std::string_view, 3> heads;
  for (std::string_view& head : heads) {
    const std::size_t bar = text.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    head = text.substr(0, bar);
    text.remove_prefix(bar + 1);
  }
  const std::size_t last = heads[1] == "choice" ? text.rfind('|') : text.find('|');
  if (last == std::string_view::npos) return std::nullopt;
  return Declaration{heads[0], heads[1], heads[2], text.substr(0, last), text.substr(last + 1)};
}

// Those of P2P_OPTION_TYPES.
std::string known_types() {
  std::string text;
  for (const TypeWord& entry : kTypes) text += (text.empty() ? "the types are " : ", ") + std::string(entry.word);
  return text;
}

// Other texts could forge lines of the log or of p2pctl's output, or make whole messages unreadable.
std::string fault_of_texts(const ConfigScalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fault_of_text(*text);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr) return "";
  for (const std::string& text : *texts) {
    if (const std::string fault = fault_of_text(text); !fault.empty()) return fault;
  }
  return "";
}

Error bad_declaration(std::string_view declaration, std::string_view why) {
  return Error{ErrorKind::invalid,
               "option '" + std::string(declaration.substr(0, declaration.find('|'))) + "': " + std::string(why)};
}

}  // namespace

bool is_plain_name(std::string_view text) {
  const auto is_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  };
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), is_letter);
}

const char* type_word(OptionType type) noexcept { return entry_of(type).word; }

std::vector<std::string> choices(const Option& option) { return trimmed_pieces(option.range, "|"); }

std::string expectation(const Option& option) {
  std::string text = entry_of(option.type).expectation;
  if (option.type == OptionType::choice) return fmt::format("{} '{}'", text, fmt::join(choices(option), "', '"));
  const auto bounds = has_bounds(option.type) ? parse_bounds(option) : std::nullopt;
  if (!bounds) return text;
  const bool is_simple = option.type == OptionType::integer || option.type == OptionType::number;
  if (bounds->low && bounds->high)
    return text + (is_simple ? " from " : ", from ") + bounds->low_text + " to " + bounds->high_text;
  if (bounds->low) return text + ", at least " + bounds->low_text;
  if (bounds->high) return text + ", at most " + bounds->high_text;
  return text;
}

Result<Option> parse_option(std::string_view declaration) {
  const auto parts = split_declaration(declaration);
  if (!parts) return bad_declaration(declaration, "not key|type|default|range|help");
  const auto known =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeWord& entry) { return entry.word == parts->type; });
  if (!is_plain_name(parts->key)) return bad_declaration(declaration, "a key is [a-z][a-z0-9_]*");
  if (known == kTypes.end())
    return bad_declaration(declaration, "unknown type '" + std::string(parts->type) + "'; " + known_types());

  Option option{std::string(parts->key), known->type, std::string(parts->default_text), std::string(parts->range),
                std::string(parts->help)};
  if (has_bounds(option.type) && !option.range.empty() && !parse_bounds(option)) {
    return bad_declaration(declaration, "range '" + option.range + "' is not LOW..HIGH");
  }
  const auto value = read_text(option, option.default_text);
  if (!value.ok()) return bad_declaration(declaration, "its default " + value.error().text);
  return option;
}

std::string plain_text(const Option& option, const ConfigScalar& value) {
  switch (option.type) {
    case OptionType::flag:
      return std::get<bool>(value) ? "true" : "false";
    case OptionType::integer:
      return std::to_string(std::get<std::int64_t>(value));
    case OptionType::duration:
      return format_duration(Duration(std::get<std::int64_t>(value)));
    case OptionType::bytes:
      return format_bytes(static_cast<std::uint64_t>(std::get<std::int64_t>(value)));
    case OptionType::text:
    case OptionType::choice:
      return std::get<std::string>(value);
    case OptionType::number: {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), std::get<double>(value)).ptr;
      return std::string(digits.data(), end);
    }
    case OptionType::list:
      return fmt::format("{}", fmt::join(std::get<std::vector<std::string>>(value), ","));
  }
  return {};
}

Result<ConfigScalar> read_text(const Option& option, std::string_view text) {
  auto value = parse_scalar(option.type, text);
  if (!value) return wrong(option, text);
  const auto in_range = check_range(option, *value);
  if (!in_range.ok()) return in_range.error();
  return std::move(*value);
}

Result<Done> check_range(const Option& option, const ConfigScalar& value) {
  if (const std::string fault = fault_of_texts(value); !fault.empty()) return Error{ErrorKind::invalid, fault};
  if (option.type == OptionType::choice) {
    const auto words = choices(option);
    const bool is_known = std::find(words.begin(), words.end(), std::get<std::string>(value)) != words.end();
    if (!is_known) return wrong(option, std::get<std::string>(value));
  }
  const auto bounds = has_bounds(option.type) ? parse_bounds(option) : std::nullopt;
  if (!bounds) return Done{};
  // Both sides have the same alternative, so this compares the numbers.
  const bool is_too_low = bounds->low && value < *bounds->low;
  const bool is_too_high = bounds->high && *bounds->high < value;
  if (is_too_low || is_too_high) return wrong(option, plain_text(option, value));
  return Done{};
}

std::string toml_text(const Option& option, const ConfigScalar& value) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    std::string text = "[";
    for (const std::string& part : *texts) text += (text.size() > 1 ? ", " : "") + quoted(part);
    return text + "]";
  }
  const OptionType type = option.type;
  const bool is_bare = type == OptionType::flag || type == OptionType::integer || type == OptionType::number;
  return is_bare ? plain_text(option, value) : quoted(plain_text(option, value));
}

}  // namespace p2p::host
