#include "config/check.h"
#include "config/host_keys.h"
#include "config/reading.h"

#include <algorithm>
#include <string>
#include <variant>

namespace p2p::host {
namespace {

std::string resolved(const std::string& folder, const std::string& path) {
  if (path.empty() || path.starts_with('/') || folder == ".") return path;
  return folder + '/' + path;
}

// Paths in a file are relative to that file, so that a configuration means the same wherever it is started from.
ConfigScalar resolve_paths(const ConfigScalar& value, const std::string& folder) {
  if (const auto* path = std::get_if<std::string>(&value)) return resolved(folder, *path);
  std::vector<std::string> paths = std::get<std::vector<std::string>>(value);
  for (std::string& path : paths) path = resolved(folder, path);
  return paths;
}

// They would forge lines of the log, and of what p2pctl prints.
bool has_control_characters(const ConfigScalar& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr &&
         std::any_of(text->begin(), text->end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; });
}

void check_key(const HostKey& key, const Entry& entry, const Sources& sources, HostConfig& config, Problems& problems) {
  const std::string path = key.section + '.' + key.option.key + ' ';
  auto value = read_value(key.option, entry.value);
  if (!value.ok()) return problems.error(entry.value.place, path + value.error().text);
  if (has_control_characters(value.value())) {
    return problems.error(entry.value.place, path + "must not contain control characters");
  }
  if (key.is_path) value = resolve_paths(value.value(), sources.of(entry.value.place).folder);
  const auto stored = store(key, value.value(), config);
  if (!stored.ok()) problems.error(entry.value.place, path + stored.error().text);
}

void check_section(const Table& root, const std::string& section, const Sources& sources, HostConfig& config,
                   Problems& problems) {
  const Table* table = subtable(root, section, "", problems);
  if (table == nullptr) return;
  std::vector<std::string> known;
  std::vector<std::string> elsewhere;
  for (const HostKey& key : host_keys()) {
    if (key.section != section) {
      elsewhere.push_back(key.section + '.' + key.option.key);
      continue;
    }
    known.push_back(key.option.key);
    if (const Entry* entry = table->find(key.option.key)) check_key(key, *entry, sources, config, problems);
  }
  report_unknown_keys(*table, section + '.', known, elsewhere, problems);
}

void check_root(const Table& root, Problems& problems) {
  std::vector<std::string> elsewhere;
  for (const HostKey& key : host_keys()) elsewhere.push_back(key.section + '.' + key.option.key);
  report_unknown_keys(root, "", {"host", "log", "services", "node", "include"}, elsewhere, problems);
}

}  // namespace

HostConfig check_host(const Table& root, const Sources& sources, Problems& problems) {
  HostConfig config;
  check_root(root, problems);
  check_section(root, "host", sources, config, problems);
  check_section(root, "log", sources, config, problems);
  return config;
}

}  // namespace p2p::host
