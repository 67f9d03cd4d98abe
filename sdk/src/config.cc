#include <p2p/config.h>

#include <algorithm>

namespace p2p {

const ConfigValue& Config::at(std::string_view key) const {
  const auto found = values_.find(key);
  P2P_ASSERT(found != values_.end(), "a service asks only for options that its descriptor declares");
  return found->second;
}

namespace {

template <class T>
const T& typed(const ConfigValue& value) {
  const T* held = std::get_if<T>(&value.value);
  P2P_ASSERT(held != nullptr, "a service asks for an option by its declared type");
  return *held;
}

}  // namespace

bool Config::flag(std::string_view key) const { return typed<bool>(at(key)); }
std::int64_t Config::integer(std::string_view key) const { return typed<std::int64_t>(at(key)); }
double Config::number(std::string_view key) const { return typed<double>(at(key)); }
const std::string& Config::text(std::string_view key) const { return typed<std::string>(at(key)); }
const std::vector<std::string>& Config::list(std::string_view key) const {
  return typed<std::vector<std::string>>(at(key));
}
Duration Config::duration(std::string_view key) const { return Duration(integer(key)); }
std::uint64_t Config::bytes(std::string_view key) const { return static_cast<std::uint64_t>(integer(key)); }

Error Config::wrong(std::string_view key, std::string_view why) const {
  const auto found = values_.find(key);
  const std::string where = found != values_.end() && !found->second.where.empty() ? found->second.where + ": " : "";
  return Error{ErrorKind::invalid, where + section_ + '.' + std::string(key) + ": " + std::string(why)};
}

std::vector<std::string> Config::differing_keys(const Config& other) const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : values_) {
    const auto found = other.values_.find(key);
    if (found == other.values_.end() || found->second.value != value.value) keys.push_back(key);
  }
  for (const auto& [key, value] : other.values_) {
    if (!has(key)) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace p2p
