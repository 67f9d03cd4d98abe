// What has the operator configured? The checked configuration as plain values: every field is within its range, every
// option of a service is declared by its plugin. Made by config/check.h; config/host_keys.cc explains the fields; their
// defaults are here.
#pragma once

#include "routing/route.h"

#include <p2p/config.h>
#include <p2p/log.h>
#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

// One [services.NAME].
struct ServiceConfig {
  std::string name;    // on the wire
  std::string plugin;  // a plugin's name, or the absolute path of its file
  bool enabled = true;
  bool required = true;                 // the node does not start without it
  std::optional<LogLevel> log_level;    // none: the level of [log]
  Config config;                        // complete: a value for each option that the plugin declares
  std::shared_ptr<const Route> route;   // null: every node executes the calls it gets
  std::string where;                    // "etc/store.toml:12:1", for messages
  bool has_mistakes = false;            // in its own table: the plugin does not check it
  std::string left_out;                 // why this start leaves it out although it is enabled; empty: not left out
  bool is_left_out_on_purpose = false;  // by --safe-mode
};

struct HostConfig {
  // Who we are and where we listen.
  NodeAddress listen{"127.0.0.1", 9900};  // port 0: any free port
  std::uint32_t port_search = 40;         // further ports to try when the port of `listen` is taken
  std::optional<NodeAddress> advertise;   // none: decided by decide_advertised() of config/advertise.h
  std::string node;                       // empty: the machine's name
  std::string cluster = "p2phost";
  std::string data_dir;              // empty: one folder per port in the user's state folder
  std::string admin = "admin.sock";  // relative to the data folder
  bool allow_remote_die = false;

  // Services and plugins.
  std::vector<std::string> default_service = {"diststore", "locator"};  // the first of these that is enabled
  std::vector<std::string> plugin_dirs;                                 // never empty after checking
  bool allow_unsafe_plugins = false;

  // Threads.
  std::uint32_t io_threads = 0;  // 0: one per core
  std::uint32_t worker_threads = 4;
  std::uint32_t worker_queue = 10000;

  // Times.
  Duration start_timeout = std::chrono::seconds(30);
  Duration network_timeout = Duration::zero();        // zero: none
  Duration drain_timeout = std::chrono::seconds(10);  // without progress
  Duration drain_limit = std::chrono::minutes(15);
  Duration call_timeout = std::chrono::seconds(5);
  Duration connect_timeout = std::chrono::seconds(1);
  Duration idle_timeout = std::chrono::minutes(10);
  Duration message_timeout = std::chrono::seconds(30);

  // Limits of serving, and of calling peers.
  std::uint64_t frame_bytes_max = 16ull << 20;
  std::uint32_t connections_max = 10000;
  std::uint32_t calls_in_flight_max = 1024;
  std::uint64_t reply_bytes_max = 64ull << 20;
  std::uint64_t waiting_bytes_max = 256ull << 20;
  std::uint32_t peer_calls_max = 10000;
  std::uint64_t peer_queue_bytes_max = 64ull << 20;
  std::uint32_t parked_calls_max = 10000;

  // [host.http]
  std::optional<NodeAddress> http_listen;  // none: only this machine's clients are answered, at the port of `listen`

  // [log]
  LogLevel log_level = LogLevel::info;
  std::string log_target = "stderr";  // while there is no log_file
  std::string log_file;               // empty: none

  // [services.NAME], in the order of the file; disabled ones too.
  std::vector<ServiceConfig> services;
};

}  // namespace p2p::host
