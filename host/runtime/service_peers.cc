#include "runtime/service_peers.h"

#include "serving/loop.h"

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace p2p::host {

namespace {

using Ended = std::function<void(Result<std::string>)>;

}  // namespace

struct ServicePeers::Pending {
  std::mutex mutex;  // of what follows
  std::condition_variable is_quiet;
  std::unordered_map<std::uint64_t, Ended> calls;
  std::uint64_t last = 0;
  int running = 0;  // `done` functions, right now
  bool is_closed = false;

  // 0, and nothing is kept: closed.
  std::uint64_t add(Ended& done) {
    const std::lock_guard hold(mutex);
    if (is_closed) return 0;
    calls.emplace(++last, std::exchange(done, nullptr));
    return last;
  }

  void end(std::uint64_t call, Result<std::string> reply) {
    Ended done;
    {
      const std::lock_guard hold(mutex);
      auto found = calls.extract(call);
      if (found.empty()) return;
      done = std::move(found.mapped());
      ++running;
    }
    done(std::move(reply));
    done = nullptr;  // release what it holds before the service counts as quiet
    const std::lock_guard hold(mutex);
    if (--running == 0) is_quiet.notify_all();
  }
};

namespace {

Error stopped() { return {ErrorKind::cancelled, "the service stops"}; }
// A call in flight may have been sent.
Error stopped_waiting() { return {ErrorKind::closed, "the service stops, and waits for no answer"}; }

}  // namespace

ServicePeers::ServicePeers(Peers& peers, Loop& loop)
    : peers_(peers), loop_(loop), pending_(std::make_shared<Pending>()) {}

ServicePeers::~ServicePeers() = default;

void ServicePeers::call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
                        Ended done) {
  const std::uint64_t id = pending_->add(done);
  if (id == 0) return loop_.post([done = std::move(done)] { done(stopped()); });
  peers_.call(to, service, std::move(message), deadline,
              [pending = pending_, id](Result<std::string> reply) { pending->end(id, std::move(reply)); });
}

void ServicePeers::call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                                Ended done) {
  const std::uint64_t id = pending_->add(done);
  if (id == 0) return loop_.post([done = std::move(done)] { done(stopped()); });
  peers_.call_classic(to, std::move(message), expect, deadline,
                      [pending = pending_, id](Result<std::string> reply) { pending->end(id, std::move(reply)); });
}

void ServicePeers::close() {
  std::vector<std::uint64_t> open;
  {
    const std::lock_guard hold(pending_->mutex);
    pending_->is_closed = true;
    for (const auto& [id, done] : pending_->calls) open.push_back(id);
  }
  const auto end_all = [pending = pending_, open = std::move(open)] {
    for (const std::uint64_t id : open) pending->end(id, stopped_waiting());
  };
  if (loop_.is_running() && !loop_.is_current()) {
    auto ended = std::make_shared<std::promise<void>>();
    auto waiting = ended->get_future();
    loop_.post([end_all, ended] {
      end_all();
      ended->set_value();
    });
    waiting.wait();
  } else {
    end_all();
  }
  std::unique_lock hold(pending_->mutex);
  pending_->is_quiet.wait(hold, [this] { return pending_->running == 0; });
}

}  // namespace p2p::host
