// What do the verbs for the store share? A client of the network that the session's node is in.
#pragma once

#include "ctl/session.h"

#include <p2p/client.h>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>

namespace p2p::ctl {

inline constexpr const char* kStore = "diststore";  // the service

// The least [host] frame_bytes_max of any node; a shorter message ends no connection.
inline constexpr std::size_t kFrameBytesMaxLeast = 1024;

// As large as the largest value that a store can be told to take, and some more.
inline constexpr std::size_t kStoreMessageBytesMax = std::size_t{384} * 1024 * 1024;

// That node answers, or the error says why not. Values of any size that a store takes are read and written.
Result<std::unique_ptr<client::Client>> store_of(const Session& session);

// report(), and of a change whether something may have been done.
ExitCode report_failure(const client::Failure& failure, bool is_change);

nlohmann::json json_of(const client::Version& version);

}  // namespace p2p::ctl
