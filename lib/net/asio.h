// Boost.Asio as programs of ours use it, in one place.
#pragma once

// Asio 1.74 uses std::exchange without including it.
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace p2p::net {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace p2p::net
