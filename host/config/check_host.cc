#include "config/check.h"
#include "config/host_keys.h"
#include "config/reading.h"
#include "text/address_kind.h"

#include <p2p/units.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

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

void check_key(const HostKey& key, const Entry& entry, const Sources& sources, HostConfig& config, Problems& problems) {
  const std::string path = key.section + '.' + key.option.key + ' ';
  auto value = read_value(key.option, entry.value);
  if (!value.ok()) return problems.error(entry.value.place, path + value.error().text);
  if (key.is_path) value = resolve_paths(value.value(), sources.of(entry.value.place).folder);
  const auto stored = store(key, value.value(), config);
  if (!stored.ok()) problems.error(entry.value.place, path + stored.error().text);
}

// `inner`: the tables that the section has besides its keys.
void check_section(const Table* table, const std::string& section, std::vector<std::string> inner,
                   const Sources& sources, HostConfig& config, Problems& problems) {
  if (table == nullptr) return;
  std::vector<std::string> known = std::move(inner);
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

// --- keys that make no sense with each other -------------------------------------------------------------------------

// Reports at `key` of [host], or at `other` if only that was set; nothing if neither was set.
void report_at(const Table& root, const char* key, const char* other, const std::string& text, Problems& problems) {
  const Entry* entry = find_at(root, {"host", key});
  if (entry == nullptr) entry = find_at(root, {"host", other});
  if (entry != nullptr) problems.error(entry->value.place, text);
}

void check_addresses(const Table& root, const HostConfig& config, Problems& problems) {
  if (is_of_many(config.listen.host)) {
    report_at(root, "listen", "listen",
              "host.listen '" + config.listen.name() + "' is an address of many machines, which nobody can listen on",
              problems);
  }
  if (config.http_listen && is_of_many(config.http_listen->host)) {
    const Entry* entry = find_at(root, {"host", "http", "listen"});
    if (entry != nullptr)
      problems.error(entry->value.place, "host.http.listen '" + config.http_listen->name() +
                                             "' is an address of many machines, which nobody can listen on");
  }
  if (!config.advertise) return;
  const auto wrong = [&](const std::string& why) {
    report_at(root, "advertise", "advertise", "host.advertise '" + config.advertise->name() + "' " + why, problems);
  };
  if (is_every_address(config.advertise->host)) wrong("is no address that others can reach");
  if (is_of_many(config.advertise->host)) wrong("is an address of many machines, where others cannot connect to");
  if (config.listen.port == 0 && config.advertise->port != 0) {
    wrong("names a port, but host.listen takes any free one; port 0 stands for the one that the node gets");
  }
}

// Parts of a single message would exceed what may wait, and its connection would be closed each time.
void check_limits(const Table& root, const HostConfig& config, Problems& problems) {
  const auto must_hold_a_message = [&](const char* key, std::uint64_t bytes) {
    if (bytes >= config.frame_bytes_max) return;
    report_at(root, key, "frame_bytes_max",
              std::string("host.") + key + " lets " + format_bytes(bytes) + " wait, and one message may have " +
                  format_bytes(config.frame_bytes_max) + ", host.frame_bytes_max; raise it, or lower that",
              problems);
  };
  must_hold_a_message("waiting_bytes_max", config.waiting_bytes_max);
  // A connection is closed when twice as much waits (serving/connection.cc).
  must_hold_a_message("reply_bytes_max", 2 * config.reply_bytes_max);
}

}  // namespace

HostConfig check_host(const Table& root, const Sources& sources, Problems& problems) {
  HostConfig config;
  check_root(root, problems);
  const Table* host = subtable(root, "host", "", problems);
  check_section(host, "host", {"http"}, sources, config, problems);
  if (host != nullptr)
    check_section(subtable(*host, "http", "host.", problems), "host.http", {}, sources, config, problems);
  check_section(subtable(root, "log", "", problems), "log", {}, sources, config, problems);
  check_addresses(root, config, problems);
  check_limits(root, config, problems);
  return config;
}

}  // namespace p2p::host
