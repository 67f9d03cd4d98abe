// What did the operator set for this service? A read-only view of [services.NAME.config], checked by the host against
// the options that the plugin's descriptor declares: every declared option has a value here, of its type and within its
// range.
#pragma once

#include <p2p/result.h>
#include <p2p/units.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace p2p {

using ConfigScalar = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

struct ConfigValue {
  ConfigScalar value;  // durations as nanoseconds, sizes as bytes, both int64
  std::string where;   // "etc/store.toml:12:3", "--set", "default", ...
};

// A value type: copies are independent. Reading a key that the descriptor does not declare, or as another type, is the
// plugin's bug and asserts. [any thread]
class P2P_API Config {
 public:
  Config() = default;
  explicit Config(std::string section, std::map<std::string, ConfigValue, std::less<>> values)
      : section_(std::move(section)), values_(std::move(values)) {}

  bool flag(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  const std::string& text(std::string_view key) const;  // options of type text and choice
  const std::vector<std::string>& list(std::string_view key) const;
  Duration duration(std::string_view key) const;
  std::uint64_t bytes(std::string_view key) const;
  const ConfigScalar& value(std::string_view key) const { return at(key).value; }  // of whatever type

  // Keys whose values differ, wherever they were set; sorted. Both configs are of one plugin.
  std::vector<std::string> differing_keys(const Config& other) const;

  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }

  // The option has its default because nobody has set it.
  bool is_default(std::string_view key) const { return at(key).where == kDefault; }
  // ConfigValue::where of such a value.
  static constexpr std::string_view kDefault = "default";

  // An error for configure() to return: "etc/store.toml:12:3: services.store.config.engine: WHY". [any thread]
  Error wrong(std::string_view key, std::string_view why) const;

 private:
  const ConfigValue& at(std::string_view key) const;

  std::string section_;
  std::map<std::string, ConfigValue, std::less<>> values_;
};

}  // namespace p2p
