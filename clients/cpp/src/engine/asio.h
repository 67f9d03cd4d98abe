// Boost.Asio as the client uses it, in one place.
#pragma once

#include "net/asio.h"

#include <boost/asio/executor_work_guard.hpp>

namespace p2p::client {

namespace asio = net::asio;
using net::error_code;

}  // namespace p2p::client
