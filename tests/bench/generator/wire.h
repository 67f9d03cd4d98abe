// How does a server want its requests, and where does a reply end? One Wire for each kind of server and operation.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::bench {

struct Reply {
  std::size_t length = 0;  // bytes of the whole reply, from the start of what was looked at
  bool good = false;       // it answers the request: found, stored, no exception
};

class Wire {
 public:
  virtual ~Wire();

  // The whole request for `key`, as it goes on the wire.
  virtual std::string request(std::string_view key) const = 0;

  // The reply at the start of `received`; nothing while it is not whole. Throws std::runtime_error on bytes that make no sense.
  virtual std::optional<Reply> reply(std::string_view received) const = 0;
};

// `value` is what writes store, and whose size a read must bring back.
// p2phost, framed binary with service prefix, as our own clients speak: `diststore:read` and `diststore:write`.
std::unique_ptr<Wire> framed_read(const std::string& value);
std::unique_ptr<Wire> framed_write(const std::string& value);
// p2phost, unframed binary without a service name, as the clients of 2009 speak: `get`.
std::unique_ptr<Wire> classic_get(const std::string& value);
// Redis, RESP: GET and SET.
std::unique_ptr<Wire> redis_get(const std::string& value);
std::unique_ptr<Wire> redis_set(const std::string& value);

}  // namespace p2p::bench
