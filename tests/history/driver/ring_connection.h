// How is the network asked through the client library, which chooses the nodes? What comes out is an outcome, as of a
// node that was asked.
#pragma once

#include "driver/node_list.h"
#include "driver/request.h"
#include "driver/settings.h"

#include <p2p/client.h>

namespace p2p::history {

class RingConnection final {
 public:
  // `nodes` gets a name under which calls are recorded.
  RingConnection(const Settings& settings, NodeList& nodes);

  // [any thread]
  Answer ask(const Request& request);
  const ListedNode& as_node() const noexcept { return as_node_; }

 private:
  template <class T>
  Answer answer_of(const std::vector<client::Outcome<T>>& outcomes) const;

  Told told(const client::Read& result) const;
  Told told(const client::Written& result) const;
  Told told(const client::Erased& result) const;

  const std::size_t value_bytes_;
  const ListedNode as_node_;
  client::Client client_;
};

}  // namespace p2p::history
