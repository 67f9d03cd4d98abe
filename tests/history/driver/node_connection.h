// How is a node asked? Over one framed connection that is opened when it is needed, blocking, with time limits.
// Thrift's exceptions end here: what comes out is an outcome. One thread.
#pragma once

#include "driver/request.h"

#include <p2p/node_address.h>

#include <memory>

namespace p2p::history {

class NodeConnection final {
 public:
  NodeConnection(NodeAddress node, std::size_t value_bytes);
  NodeConnection(NodeConnection&&) noexcept;
  NodeConnection& operator=(NodeConnection&&) noexcept;
  ~NodeConnection();

  // Asks once. Whatever fails closes the connection; the next request opens another one.
  Answer ask(const Request& request);

 private:
  class Line;

  NodeAddress node_;
  std::size_t value_bytes_;
  std::unique_ptr<Line> line_;  // nullptr while there is no connection
};

}  // namespace p2p::history
