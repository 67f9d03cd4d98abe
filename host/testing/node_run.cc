#include "testing/node_run.h"

#include <utility>

namespace p2p::testing {

void NodeRun::Shared::enter(State next) {
  const std::lock_guard hold(mutex);
  state = next;
  changed.notify_all();
}

NodeRun::NodeRun(host::LoadedConfiguration configuration, host::NodeHooks hooks) {
  // The hooks belong to the node, which belongs to what they point at.
  Shared* const shared = shared_.get();
  hooks.ready = [shared](const NodeAddress& self) {
    {
      const std::lock_guard hold(shared->mutex);
      shared->address = self;
    }
    shared->enter(State::ready);
  };
  hooks.start_hangs = [shared](const std::string& what) {
    {
      const std::lock_guard hold(shared->mutex);
      shared->what_hangs = what;
    }
    shared->enter(State::hangs);
  };
  shared_->node = std::make_unique<host::Node>(std::move(configuration), std::move(hooks));
  thread_ = std::thread([kept = shared_] {
    const host::ExitCode code = kept->node->run();
    {
      const std::lock_guard hold(kept->mutex);
      kept->exit_code = code;
    }
    kept->enter(State::ended);
  });
}

NodeRun::~NodeRun() {
  if (thread_.joinable()) thread_.detach();
}

NodeRun::State NodeRun::wait_while_starting() {
  std::unique_lock hold(shared_->mutex);
  shared_->changed.wait(hold, [this] { return shared_->state != State::starting; });
  return shared_->state;
}

bool NodeRun::wait_for_end(Duration patience) {
  {
    std::unique_lock hold(shared_->mutex);
    if (!shared_->changed.wait_for(hold, patience, [this] { return shared_->state == State::ended; })) return false;
  }
  if (thread_.joinable()) thread_.join();
  shared_->node.reset();
  return true;
}

NodeRun::State NodeRun::state() const {
  const std::lock_guard hold(shared_->mutex);
  return shared_->state;
}

NodeAddress NodeRun::address() const {
  const std::lock_guard hold(shared_->mutex);
  return shared_->address;
}

std::string NodeRun::what_hangs() const {
  const std::lock_guard hold(shared_->mutex);
  return shared_->what_hangs;
}

host::ExitCode NodeRun::exit_code() const {
  const std::lock_guard hold(shared_->mutex);
  return shared_->exit_code;
}

}  // namespace p2p::testing
