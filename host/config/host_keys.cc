#include "config/host_keys.h"

#include <p2p/entered_address.h>

#include <algorithm>
#include <iterator>

namespace p2p::host {
namespace {

constexpr const char* kLevels = "trace|debug|info|warn|error|off";
constexpr const char* kLevelWords[] = {"trace", "debug", "info", "warn", "error", "off"};

struct Row {
  const char* section;
  const char* key;
  HostField field;
  const char* range;
  const char* help;
};

// Upper limits without a comment are far above what one process can use, and catch typing errors.
const Row kRows[] = {
    {"host", "listen", &HostConfig::listen, "", "address and port; port 0 takes any free one"},
    {"host", "port_search", &HostConfig::port_search, "0..1000",
     "further ports to try when that of listen is taken; 0: refuse"},
    {"host", "advertise", &HostConfig::advertise, "", "address and port by which others reach this node"},
    {"host", "node", &HostConfig::node, "",
     "this node's name, which chooses its [node.NAME] tables; empty: the machine's name"},
    {"host", "cluster", &HostConfig::cluster, "", "nodes of different clusters refuse each other"},
    {"host", "data_dir", &HostConfig::data_dir, "",
     "folder of this node's files; empty: one per port in the user's state folder"},
    {"host", "admin", &HostConfig::admin, "", "socket of the operator's commands, in the data folder"},
    {"host", "allow_remote_die", &HostConfig::allow_remote_die, "",
     "whether a client may end this node by the call die"},
    {"host", "default_service", &HostConfig::default_service, "",
     "who answers clients that name no service: the first that is enabled"},
    {"host", "plugin_dirs", &HostConfig::plugin_dirs, "",
     "folders of plugins; empty: ../lib/p2phost/plugins beside the executable"},
    {"host", "allow_unsafe_plugins", &HostConfig::allow_unsafe_plugins, "",
     "whether plugins that others could replace are loaded"},
    {"host", "io_threads", &HostConfig::io_threads, "0..256", "threads that read and write connections; 0: one a core"},
    {"host", "worker_threads", &HostConfig::worker_threads, "1..1024", "threads for handlers that block"},
    {"host", "worker_queue", &HostConfig::worker_queue, "1..10000000",
     "calls that wait for a worker; more are refused"},
    {"host", "start_timeout", &HostConfig::start_timeout, "100ms..1h",
     "how long the services may take until all are ready"},
    {"host", "network_timeout", &HostConfig::network_timeout, "0s..24h",
     "how long the node may wait for those that it was told to join; 0s: for ever"},
    {"host", "drain_timeout", &HostConfig::drain_timeout, "0s..1h",
     "how long the services may get no further while they hand over before the end"},
    {"host", "drain_limit", &HostConfig::drain_limit, "0s..24h",
     "how long the services may take to hand over before the end, all together"},
    {"host", "call_timeout", &HostConfig::call_timeout, "10ms..1h", "how long a client's call may take"},
    {"host", "connect_timeout", &HostConfig::connect_timeout, "10ms..1m", "how long connecting to a peer may take"},
    {"host", "idle_timeout", &HostConfig::idle_timeout, "1s..24h", "a connection that is silent for so long is closed"},
    {"host", "message_timeout", &HostConfig::message_timeout, "100ms..1h",
     "how long the rest of a message may take to arrive"},
    // Thrift's own limits fail a larger message, after it was read.
    {"host", "frame_bytes_max", &HostConfig::frame_bytes_max, "1KiB..351MiB", "largest message"},
    {"host", "connections_max", &HostConfig::connections_max, "1..1000000",
     "open connections of clients; more are turned away"},
    {"host", "calls_in_flight_max", &HostConfig::calls_in_flight_max, "1..1000000",
     "unanswered calls of one connection"},
    {"host", "reply_bytes_max", &HostConfig::reply_bytes_max, "64KiB..16GiB", "replies that wait for one slow reader"},
    {"host", "waiting_bytes_max", &HostConfig::waiting_bytes_max, "1MiB..1024GiB",
     "replies and parts of requests that wait for all slow clients"},
    {"host", "peer_calls_max", &HostConfig::peer_calls_max, "1..1000000", "unanswered calls to one peer"},
    {"host", "peer_queue_bytes_max", &HostConfig::peer_queue_bytes_max, "64KiB..16GiB",
     "calls that wait to be sent to one peer"},
    {"host", "parked_calls_max", &HostConfig::parked_calls_max, "0..10000000", "calls that wait while services start"},
    {"host.http", "listen", &HostConfig::http_listen, "",
     "address and port where other machines reach HTTP; empty: nowhere"},
    {"log", "level", &HostConfig::log_level, kLevels, "what is written: this level and above"},
    {"log", "target", &HostConfig::log_target, "stderr", "where lines go while `file` is empty: the standard error"},
    {"log", "file", &HostConfig::log_file, "", "file that lines are appended to instead; SIGUSR1 opens it anew"},
};

// Keys that are read again on each use.
constexpr const char* kLiveKeys[] = {
    "default_service", "plugin_dirs",     "allow_unsafe_plugins", "start_timeout",   "drain_timeout", "drain_limit",
    "call_timeout",    "connect_timeout", "idle_timeout",         "message_timeout", "level"};

OptionType type_of(const Row& row) {
  struct Typer {
    OptionType operator()(bool HostConfig::*) const { return OptionType::flag; }
    OptionType operator()(std::uint32_t HostConfig::*) const { return OptionType::integer; }
    OptionType operator()(std::uint64_t HostConfig::*) const { return OptionType::bytes; }
    OptionType operator()(Duration HostConfig::*) const { return OptionType::duration; }
    OptionType operator()(std::string HostConfig::*) const { return has_range ? OptionType::choice : OptionType::text; }
    OptionType operator()(std::vector<std::string> HostConfig::*) const { return OptionType::list; }
    OptionType operator()(NodeAddress HostConfig::*) const { return OptionType::text; }
    OptionType operator()(std::optional<NodeAddress> HostConfig::*) const { return OptionType::text; }
    OptionType operator()(LogLevel HostConfig::*) const { return OptionType::choice; }
    bool has_range;
  };
  return std::visit(Typer{*row.range != '\0'}, row.field);
}

struct Storer {
  HostConfig& config;
  const ConfigScalar& value;

  Result<Done> operator()(bool HostConfig::*field) const { return put(field, std::get<bool>(value)); }
  template <class Quantity>  // a number or a Duration
  Result<Done> operator()(Quantity HostConfig::*field) const {
    return put(field, static_cast<Quantity>(std::get<std::int64_t>(value)));
  }
  Result<Done> operator()(std::string HostConfig::*field) const { return put(field, std::get<std::string>(value)); }
  Result<Done> operator()(std::vector<std::string> HostConfig::*field) const {
    return put(field, std::get<std::vector<std::string>>(value));
  }
  Result<Done> operator()(NodeAddress HostConfig::*field) const { return put_address(field); }
  Result<Done> operator()(std::optional<NodeAddress> HostConfig::*field) const {
    if (std::get<std::string>(value).empty()) return put(field, std::nullopt);
    return put_address(field);
  }
  Result<Done> operator()(LogLevel HostConfig::*field) const {
    return put(field, log_level_of(std::get<std::string>(value)));
  }

  template <class Field>
  Result<Done> put_address(Field HostConfig::*field) const {
    auto address = entered_address(std::get<std::string>(value));
    if (!address.ok()) return Error{address.error().kind, "must be an address and a port: " + address.error().text};
    return put(field, std::move(address.value()));
  }
  template <class Field, class New>
  Result<Done> put(Field HostConfig::*field, New&& new_value) const {
    config.*field = std::forward<New>(new_value);
    return Done{};
  }
};

struct ValueOf {
  const HostConfig& config;

  ConfigScalar operator()(bool HostConfig::*field) const { return config.*field; }
  ConfigScalar operator()(std::uint32_t HostConfig::*field) const { return std::int64_t{config.*field}; }
  ConfigScalar operator()(std::uint64_t HostConfig::*field) const { return static_cast<std::int64_t>(config.*field); }
  ConfigScalar operator()(Duration HostConfig::*field) const { return std::int64_t{(config.*field).count()}; }
  ConfigScalar operator()(std::string HostConfig::*field) const { return config.*field; }
  ConfigScalar operator()(std::vector<std::string> HostConfig::*field) const { return config.*field; }
  ConfigScalar operator()(NodeAddress HostConfig::*field) const { return (config.*field).name(); }
  ConfigScalar operator()(std::optional<NodeAddress> HostConfig::*field) const {
    return config.*field ? (config.*field)->name() : std::string();
  }
  ConfigScalar operator()(LogLevel HostConfig::*field) const { return std::string(log_level_word(config.*field)); }
};

std::vector<HostKey> make_host_keys() {
  const HostConfig defaults;
  std::vector<HostKey> keys;
  for (const Row& row : kRows) {
    const std::string name = row.key;
    HostKey key{row.section,
                {name, type_of(row), "", row.range, row.help},
                row.field,
                name == "data_dir" || name == "plugin_dirs" || name == "file",
                std::find(std::begin(kLiveKeys), std::end(kLiveKeys), name) != std::end(kLiveKeys)};
    key.option.default_text = plain_text(key.option, value_of(key, defaults));
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

const std::vector<HostKey>& host_keys() {
  static const std::vector<HostKey> keys = make_host_keys();
  return keys;
}

const std::vector<Option>& service_keys() {
  static const std::vector<Option> keys = {
      {"enabled", OptionType::flag, "true", "", "whether the service runs"},
      {"plugin", OptionType::text, "", "",
       "name of the plugin, or the absolute path of its file; empty: the service's name"},
      {"required", OptionType::flag, "true", "", "whether the node refuses to start without it"},
      {"log_level", OptionType::choice, "", kLevels, "this service's own level; empty: that of [log]"},
  };
  return keys;
}

Result<Done> store(const HostKey& key, const ConfigScalar& value, HostConfig& config) {
  return std::visit(Storer{config, value}, key.field);
}

ConfigScalar value_of(const HostKey& key, const HostConfig& config) { return std::visit(ValueOf{config}, key.field); }

LogLevel log_level_of(const std::string& word) {
  const auto found = std::find(std::begin(kLevelWords), std::end(kLevelWords), word);
  P2P_ASSERT(found != std::end(kLevelWords), "a log level has passed its range");
  return static_cast<LogLevel>(found - std::begin(kLevelWords));
}

const char* log_level_word(LogLevel level) noexcept { return kLevelWords[static_cast<std::size_t>(level)]; }

}  // namespace p2p::host
