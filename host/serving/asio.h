// Boost.Asio as the host uses it, in one place.
#pragma once

#include "net/asio.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>

namespace p2p::host {

namespace asio = net::asio;
using net::error_code;
using StreamSocket = asio::generic::stream_protocol::socket;

}  // namespace p2p::host
