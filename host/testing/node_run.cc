#include "testing/node_run.h"

#include <utility>

namespace p2p::testing {

template <class Note>
void NodeRun::Shared::enter(State next, Note note) {
  const std::lock_guard hold(mutex);
  note(*this);
  state = next;
  changed.notify_all();
}

NodeRun::NodeRun(host::LoadedConfiguration configuration, host::NodeHooks hooks) {
  Shared* const shared = shared_.get();
  hooks.ready = [shared](const NodeAddress& self) {
    shared->enter(State::ready, [&](Shared& to) { to.address = self; });
  };
  hooks.start_hangs = [shared](const std::string& what) {
    shared->enter(State::hangs, [&](Shared& to) { to.what_hangs = what; });
  };
  shared_->node = std::make_unique<host::Node>(std::move(configuration), std::move(hooks));
  thread_ = std::thread([kept = shared_] {
    const host::ExitCode code = kept->node->run();
    kept->enter(State::ended, [&](Shared& to) { to.exit_code = code; });
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

NodeRun::State NodeRun::state() const { return shared_->read(shared_->state); }
NodeAddress NodeRun::address() const { return shared_->read(shared_->address); }
std::string NodeRun::what_hangs() const { return shared_->read(shared_->what_hangs); }
host::ExitCode NodeRun::exit_code() const { return shared_->read(shared_->exit_code); }

}  // namespace p2p::testing
