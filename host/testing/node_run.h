// How does a node run during a test? On a thread of its own, watched from the test's thread. A node that does not end
// is left behind with its thread, because neither can be destroyed under a plugin's code.
#pragma once

#include "process/node.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace p2p::testing {

class NodeRun final {
 public:
  enum class State : std::uint8_t { starting, ready, hangs, ended };

  // `hooks` without `ready` and `start_hangs`, which are this object's.
  NodeRun(host::LoadedConfiguration configuration, host::NodeHooks hooks);
  // Leaves the node behind if it has not ended.
  ~NodeRun();

  // Waits while the node is starting, which the host's own limits end.
  State wait_while_starting();
  // Takes the node down once it has ended; false when it has not within `patience`. Nothing of it is left then.
  bool wait_for_end(Duration patience);

  State state() const;          // [any thread]
  NodeAddress address() const;  // once it was ready [any thread]
  std::string what_hangs() const;
  host::ExitCode exit_code() const;                       // once it has ended
  host::Node& node() noexcept { return *shared_->node; }  // until wait_for_end() is true

 private:
  // What the node's thread shares with the test's: it outlives both.
  struct Shared {
    mutable std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    State state = State::starting;
    NodeAddress address;
    std::string what_hangs;
    host::ExitCode exit_code = host::ExitCode::done;
    std::unique_ptr<host::Node> node;

    template <class Note>
    void enter(State next, Note note);
    template <class Field>
    Field read(const Field& field) const {
      const std::lock_guard hold(mutex);
      return field;
    }
  };

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;
};

}  // namespace p2p::testing
