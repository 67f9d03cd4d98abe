// Where do log lines go? To the standard error, through one spdlog sink that the host owns; every service has a logger of its
// own name in front of it.
#pragma once

#include <p2p/log.h>

#include <memory>
#include <string>

namespace p2p::host {

// Opens the sink, and lets Thrift's own output go through it too. Once, before any make_logger(). [control]
void open_log();

// A logger whose lines carry `name`. [any thread]
std::unique_ptr<Logger> make_logger(const std::string& name, LogLevel level);

}  // namespace p2p::host
