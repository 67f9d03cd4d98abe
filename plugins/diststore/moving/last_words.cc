#include "moving/last_words.h"

#include <set>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

// How often it is looked whether something was put here.
constexpr Duration kWatchPause = std::chrono::milliseconds(200);

// Who is on the ring, or was on one of the last: a node that leaves takes itself off, and hands over then.
std::set<Location> known_members(const Standing& standing) {
  std::set<Location> all(standing.ring->members().begin(), standing.ring->members().end());
  for (const auto& ring : standing.former_rings) all.insert(ring->members().begin(), ring->members().end());
  all.erase(standing.self);
  return all;
}

}  // namespace

void LastWords::say(std::function<void()> progressed, std::function<void()> done) {
  progressed_ = std::move(progressed);
  done_ = std::move(done);
  const auto nodes = store_->classics->may_be_classic(known_members(*store_->standing->share()));
  open_ = nodes.size() + 1;
  seen_ = taken();
  if (!nodes.empty()) {
    timer_ = strand_->every(kWatchPause, [weak = weak_from_this()] {
      if (const auto words = weak.lock()) words->watch();
    });
  }
  for (const Location& node : nodes) tell(node);
  ended();
}

void LastWords::tell(const Location& node) {
  std::vector<Location> knowing = store_->standing->share()->ring->members();
  knowing.push_back(store_->self);
  store_->classics->remove(node, store_->self, knowing, kLastWordPatience,
                           [words = shared_from_this(), node, before = taken()](const Result<Done>& result) {
                             words->strand_->post([words, node, before, result] { words->told(node, before, result); });
                           });
}

void LastWords::told(const Location& node, std::int64_t taken_before, const Result<Done>& result) {
  if (is_stopped_.load()) return;
  if (!result.ok() && result.error().kind == ErrorKind::timed_out) {
    if (taken() != taken_before) return tell(node);
    log_.warn("{} has not heard within {} that this node has left; what it puts here from now on is lost", node.name(),
              format_duration(kLastWordPatience));
  }
  ended();
}

void LastWords::watch() {
  if (is_stopped_.load()) return;
  if (const std::int64_t now = taken(); now != std::exchange(seen_, now)) progressed_();
}

void LastWords::ended() {
  if (--open_ > 0) return;
  timer_.reset();
  progressed_ = nullptr;
  std::exchange(done_, nullptr)();
}

void LastWords::stop() {
  is_stopped_.store(true);
  strand_->post([words = shared_from_this()] {
    words->timer_.reset();
    words->progressed_ = nullptr;
    words->done_ = nullptr;
  });
}

}  // namespace p2p::diststore
