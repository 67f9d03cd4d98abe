// How do other members reach this one? The methods of the service Cluster, served to nodes alone.
#pragma once

#include "agreed/wire/messages.h"

#include <p2p/handlers.h>

#include <functional>
#include <memory>
#include <variant>

namespace p2p::cluster::wire {

// Called on the threads that serve, several at once; what it gets has been checked.
class Listener {
 public:
  virtual ~Listener() = default;

  // Of every kind but AskToJoin. `cluster` is empty when the sender has no map.
  virtual void on_request(const Sender& from, const ClusterId& cluster, MemberRequest request, Respond respond) = 0;
  virtual void on_join(const Sender& from, Member joiner, const Terms& terms, Respond respond) = 0;
  // To be answered only after a while.
  virtual void on_watch(const Sender& from, Respond respond) = 0;
};

// Bytes that make no sense get an exception at once.
void add_cluster_methods(Methods& methods, const std::shared_ptr<Listener>& listener);

}  // namespace p2p::cluster::wire
