// Which keys do [host] and [log] have? One table: key, range, help and the field of HostConfig that holds the value.
// The default of a key is what a fresh HostConfig holds.
#pragma once

#include "config/host_config.h"
#include "config/option.h"

#include <string>
#include <variant>
#include <vector>

namespace p2p::host {

using HostField =
    std::variant<bool HostConfig::*, std::uint32_t HostConfig::*, std::uint64_t HostConfig::*, Duration HostConfig::*,
                 std::string HostConfig::*, std::vector<std::string> HostConfig::*, NodeAddress HostConfig::*,
                 std::optional<NodeAddress> HostConfig::*, LogLevel HostConfig::*>;

struct HostKey {
  std::string section;  // "host", "host.http" or "log"
  Option option;
  HostField field;
  bool is_path = false;  // relative to the folder of its file
  bool is_live = false;  // a reload changes it in place; the others need a restart of the node
};

// In the order in which an operator reads them. The same object on every call. [any thread]
const std::vector<HostKey>& host_keys();

// The keys of [services.NAME] itself: plugin, enabled, required, log_level. Its `config` table holds the plugin's
// options.
const std::vector<Option>& service_keys();

// Stores a value of the key's type, already range-checked, in its field. The error continues "KEY ".
Result<Done> store(const HostKey& key, const ConfigScalar& value, HostConfig& config);

// The field's value as the key's type.
ConfigScalar value_of(const HostKey& key, const HostConfig& config);

// "trace", "debug", "info", "warn", "error" and "off". Asserts on another word.
LogLevel log_level_of(const std::string& word);
const char* log_level_word(LogLevel level) noexcept;

}  // namespace p2p::host
