// What does a program give to a node that it runs, and which events does it get? p2phost itself sets only read_again.
#pragma once

#include "preflight/load_configuration.h"
#include "runtime/host_logger.h"
#include "runtime/lendings.h"

#include <p2p/node_address.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::host {

struct NodeHooks {
  std::shared_ptr<LineTaker> log = nullptr;      // takes the lines of this node; null: the process's sink
  std::shared_ptr<Lendings> lendings = nullptr;  // records what services were lent; null: nothing does

  // Reads the configuration as it stands now; `also_enabled`: with this service enabled, whatever the files say.
  // Without it nothing can be enabled or reloaded. On the thread of run().
  std::function<ConfigurationOutcome(const std::optional<std::string>& also_enabled)> read_again = nullptr;

  // Every service is ready, and the node serves at `self`. On the thread of run().
  std::function<void(const NodeAddress& self)> ready = nullptr;

  // A step of the start has not returned within start_timeout; `what` names it. When it does return, the node ends with
  // start_timeout. Without this hook the process ends. On a thread of its own.
  std::function<void(const std::string& what)> start_hangs = nullptr;
};

}  // namespace p2p::host
