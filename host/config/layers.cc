#include "config/layers.h"

#include "config/reading.h"
#include "config/toml_limits.h"
#include "config/toml_text.h"
#include "text/pieces.h"

#include <algorithm>
#include <cctype>

namespace p2p::host {
namespace {

constexpr std::string_view kVariablePrefix = "P2PHOST_";

// "HOST__LISTEN" as "host", "listen".
std::vector<std::string> path_of_variable(std::string_view name) {
  std::vector<std::string> path;
  for (const std::string_view piece : split(name, "__")) {
    std::string& key = path.emplace_back(piece);
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char letter) { return std::tolower(letter); });
  }
  return path;
}

// --- what Kubernetes sets -------------------------------------------------------------------------------------------

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_address(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
}

bool is_url(std::string_view text) {
  return text.starts_with("tcp://") || text.starts_with("udp://") || text.starts_with("sctp://");
}

// "9900_TCP", "9900_TCP_ADDR" and the like, of "P2PHOST_PORT_9900_TCP".
bool is_of_one_port(std::string_view rest, std::string_view value) {
  const std::size_t digits = std::min(rest.find('_'), rest.size());
  if (!is_number(rest.substr(0, digits))) return false;
  rest.remove_prefix(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!rest.starts_with(protocol)) continue;
    const std::string_view what = rest.substr(protocol.size());
    if (what.empty()) return is_url(value);
    if (what == "_PROTO") return value == "tcp" || value == "udp" || value == "sctp";
    if (what == "_PORT") return is_number(value);
    if (what == "_ADDR") return is_address(value);
  }
  return false;
}

// Every container gets such variables for each Service of its namespace: for one called p2phost, or p2phost-NAME, they
// begin as ours do. `name` is without the prefix. Recognized by name and value, so that an operator's mistake does not
// pass for one.
bool is_of_kubernetes(std::string_view name, std::string_view value) {
  if (name == "PORT" || name.ends_with("_PORT")) {
    if (is_url(value)) return true;
  }
  for (std::string_view rest = name;; rest.remove_prefix(rest.find('_') + 1)) {
    if (rest == "SERVICE_HOST") return is_address(value);
    if (rest == "SERVICE_PORT" || rest.starts_with("SERVICE_PORT_")) return is_number(value);
    if (rest.starts_with("PORT_") && is_of_one_port(rest.substr(5), value)) return true;
    if (rest.find('_') == std::string_view::npos) return false;
  }
}

bool is_complete(const std::vector<std::string>& path) {
  return path.size() >= 2 && std::none_of(path.begin(), path.end(), [](const std::string& key) { return key.empty(); });
}

// The limit of files; false, and reported, when `path` is deeper.
bool is_flat_enough(const std::vector<std::string>& path, const Place& place, Problems& problems) {
  if (path.size() <= kTomlLevelsMax) return true;
  problems.error(place, "names a key below more than " + std::to_string(kTomlLevelsMax) + " levels of tables");
  return false;
}

Place add_source(Source::Kind kind, std::string name, Sources& sources) {
  return Place{sources.add({kind, std::move(name), "", "."}), 0, 0, 1};
}

void apply(const std::vector<Assignment>& assignments, Table& root) {
  for (const Assignment& assignment : assignments) {
    const auto apply_at = assignment.how == Assignment::How::replace ? set_at : append_at;
    apply_at(root, assignment.path, assignment.value);
  }
}

void report_both(const std::string& path, const Place& first, const Place& second, const Sources& sources,
                 Problems& problems) {
  const auto report = [&](const Place& here, const Place& there) {
    problems.error(here, "'" + path + "' is also set at " + sources.describe(there) +
                             "; one of the two included files has to give way");
  };
  report(first, second);
  report(second, first);
}

// Lays `second` over `first`, and reports each key that both set.
void join(Table& first, const Table& second, const std::string& prefix, const Sources& sources, Problems& problems) {
  GrowingTable grown(first, second.entries.size());
  for (const Entry& entry : second.entries) {
    Entry* known = grown.find(entry.key);
    if (known == nullptr) {
      grown.add(entry);
    } else if (known->value.table() != nullptr && entry.value.table() != nullptr) {
      join(std::get<Table>(known->value.data), *entry.value.table(), prefix + entry.key + '.', sources, problems);
    } else {
      report_both(prefix + entry.key, known->place, entry.place, sources, problems);
    }
  }
}

}  // namespace

std::vector<Assignment> read_environment(const std::vector<std::string>& environment, Sources& sources,
                                         Problems& problems) {
  std::vector<std::string> sorted;
  std::copy_if(environment.begin(), environment.end(), std::back_inserter(sorted),
               [](const std::string& variable) { return variable.starts_with(kVariablePrefix); });
  std::sort(sorted.begin(), sorted.end());

  std::vector<Assignment> assignments;
  std::string ignored;
  for (const std::string& variable : sorted) {
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(0, equals);
    const std::string value = equals < variable.size() ? variable.substr(equals + 1) : "";
    if (is_of_kubernetes(std::string_view(name).substr(kVariablePrefix.size()), value)) {
      ignored += (ignored.empty() ? "" : ", ") + name;
      continue;
    }
    const Place place = add_source(Source::Kind::environment, name, sources);
    auto path = path_of_variable(std::string_view(name).substr(kVariablePrefix.size()));
    if (!is_complete(path)) {
      problems.error(place, "names no key; write P2PHOST_SECTION__KEY, such as P2PHOST_HOST__LISTEN");
      continue;
    }
    if (!is_flat_enough(path, place, problems)) continue;
    assignments.push_back({std::move(path), parse_argument(value, place), Assignment::How::replace});
  }
  if (!ignored.empty()) {
    problems.warning(add_source(Source::Kind::environment, "the environment", sources),
                     "these variables are ignored: Kubernetes sets them for a Service of such a name, and they are no "
                     "keys: " +
                         ignored);
  }
  return assignments;
}

void read_set(std::string_view text, Sources& sources, std::vector<Assignment>& assignments, Problems& problems) {
  const Place place = add_source(Source::Kind::argument, "--set " + std::string(text), sources);
  const std::size_t equals = text.find('=');
  auto path = split_path(text.substr(0, std::min(equals, text.size())));
  if (equals == std::string_view::npos || !is_complete(path)) {
    return problems.error(place, "is not key.path=value, such as --set host.port_search=0");
  }
  if (!is_flat_enough(path, place, problems)) return;
  assignments.push_back({std::move(path), parse_argument(text.substr(equals + 1), place), Assignment::How::replace});
}

Assignment argument(std::string_view flag, std::string_view path, std::string_view value, Sources& sources,
                    Assignment::How how) {
  const Place place = add_source(Source::Kind::argument, std::string(flag) + ' ' + std::string(value), sources);
  return {split_path(path), Value{place, Untyped{std::string(value)}}, how};
}

std::string node_name(const Layers& layers, const std::string& machine) {
  Table root = layers.files;
  apply(layers.assignments, root);
  const Entry* entry = find_at(root, {"host", "node"});
  const auto name = entry == nullptr ? Error{} : read_value({"node", OptionType::text, "", "", ""}, entry->value);
  const bool is_named = name.ok() && !std::get<std::string>(name.value()).empty();
  return is_named ? std::get<std::string>(name.value()) : machine;
}

Table assemble(const Layers& layers, const std::string& node) {
  Table root;
  for (const Entry& entry : layers.files.entries) {
    if (entry.key != "node") root.entries.push_back(entry);
  }
  const Entry* overlay = find_at(layers.files, {"node", node});
  if (overlay != nullptr && overlay->value.table() != nullptr) lay_over(root, *overlay->value.table());
  std::erase_if(root.entries, [](const Entry& entry) { return entry.key == "node"; });
  apply(layers.assignments, root);
  return root;
}

void check_overlays(const Layers& layers, Problems& problems) {
  const Table* nodes = subtable(layers.files, "node", "", problems);
  if (nodes == nullptr) return;
  for (const Entry& entry : nodes->entries) {
    const Table* overlay = table_of(entry, "node.", problems);
    if (overlay != nullptr)
      report_unknown_keys(*overlay, "node." + entry.key + '.', {"host", "log", "services"}, {}, problems);
  }
}

void include(Table& file, const std::vector<Table>& included, const Sources& sources, Problems& problems) {
  Table joined;
  for (const Table& table : included) join(joined, table, "", sources, problems);
  lay_over(file, joined);
}

}  // namespace p2p::host
