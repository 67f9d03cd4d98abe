// Which values may one key have? An Option declares type, default and range; host keys and plugins' options are both
// declared this way, and are read and refused with the same messages. Pure: values come in as text or as ConfigScalar.
#pragma once

#include <p2p/config.h>
#include <p2p/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

enum class OptionType : std::uint8_t { flag, integer, number, text, list, duration, bytes, choice };

// The word of P2P_OPTION: "bool", "int", "float", "text", "list", "duration", "bytes", "choice".
const char* type_word(OptionType type) noexcept;

struct Option {
  std::string key;
  OptionType type = OptionType::text;
  std::string default_text;  // without quotes; a list separated by commas
  std::string range;         // "1..16", "1KiB..8MiB", "10ms..", "a|b|c", or ""
  std::string help;
};

// Reads "key|type|default|range|help", as P2P_OPTION writes it; a choice's range itself contains '|'. Checks that the
// default is within the range, so that a declared option always has a value.
Result<Option> parse_option(std::string_view declaration);

// Reads `text`, written without quotes as in an environment variable, by the option's type, and checks the range. The
// error continues "KEY ": "must be ..., not ...".
Result<ConfigScalar> read_text(const Option& option, std::string_view text);

// Checks the range of a value that already has the option's type (durations in ns and sizes in bytes as int64). Texts,
// also those in a list, must be UTF-8 without control characters.
Result<Done> check_range(const Option& option, const ConfigScalar& value);

// "a whole number from 1 to 16", "a duration such as 10s, at least 10ms": completes "must be ".
std::string expectation(const Option& option);

// The value as it is written in a message or an environment variable, and as read_text() reads it.
std::string plain_text(const Option& option, const ConfigScalar& value);

// The value as it is written in a TOML file: "10s" in quotes, lists in brackets.
std::string toml_text(const Option& option, const ConfigScalar& value);

// "a|b|c" as its words.
std::vector<std::string> choices(const Option& option);

// [a-z][a-z0-9_]*, as the keys of options and the names of services and plugins are.
bool is_plain_name(std::string_view text);

}  // namespace p2p::host
