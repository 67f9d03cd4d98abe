#include "classic/last_words.h"

#include <p2p/thread_check.h>

#include <set>
#include <utility>

namespace p2p::diststore {
namespace {

// How often an unreached node is told again.
constexpr Duration kWatchPause = std::chrono::milliseconds(200);

// The members of this ring and of the last ones: a leaver first takes itself off the ring, then hands over.
std::set<NodeAddress> known_members(const OwnershipSnapshot& ownership) {
  std::set<NodeAddress> all(ownership.ring->members().begin(), ownership.ring->members().end());
  for (const auto& ring : ownership.former_rings) all.insert(ring->members().begin(), ring->members().end());
  all.erase(ownership.self);
  return all;
}

}  // namespace

void LastWords::say(std::function<void()> progressed, std::function<void()> done) {
  P2P_ASSERT_THREAD(strand_->is_current());
  progressed_ = std::move(progressed);
  done_ = std::move(done);
  const auto nodes = store_->classics->may_be_classic(known_members(*store_->ownership->share()));
  open_ = nodes.size() + 1;
  if (!nodes.empty()) {
    timer_ = strand_->every(kWatchPause, [weak = weak_from_this()] {
      if (const auto words = weak.lock()) words->watch();
    });
  }
  for (const NodeAddress& node : nodes) tell({node, strand_->now(), taken()});
  ended();
}

void LastWords::tell(Word word) {
  std::vector<NodeAddress> knowing = store_->ownership->share()->ring->members();
  knowing.push_back(store_->self);
  const NodeAddress node = word.node;
  store_->classics->remove(node, store_->self, knowing, kLastWordPatience,
                           [words = shared_from_this(), word = std::move(word)](const Result<Done>& result) {
                             words->strand_->post([words, word, result] { words->told(word, result); });
                           });
}

namespace {

// The node may be alive and not have learned of it: it is slow, its queue of connections is full, or this machine could
// not even send.
bool may_still_put(const Result<Done>& result) {
  if (result.ok()) return false;
  switch (result.error().kind) {
    case ErrorKind::timed_out:
    case ErrorKind::silent:
    case ErrorKind::local:
    case ErrorKind::overloaded:
    case ErrorKind::unreachable:
      return true;
    case ErrorKind::refused:
    case ErrorKind::closed:
    case ErrorKind::protocol:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
    case ErrorKind::wrong_node:
      return false;
  }
  return false;
}

}  // namespace

void LastWords::told(Word word, const Result<Done>& result) {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_stopped_.load()) return;
  if (!may_still_put(result)) return ended();
  const TimePoint now = strand_->now();
  if (const std::int64_t count = taken(); count != std::exchange(word.taken, count)) word.since = now;
  if (now - word.since < kLastWordPatience) {
    again_.push_back(std::move(word));
    return;
  }
  log_.warn("{} has not heard within {} that this node has left ({}); what it puts here from now on is lost",
            word.node.name(), format_duration(kLastWordPatience), result.error().text);
  ended();
}

// Each wait has its own limit, so this counts as progress.
void LastWords::watch() {
  P2P_ASSERT_THREAD(strand_->is_current());
  if (is_stopped_.load()) return;
  progressed_();
  for (Word& word : std::exchange(again_, {})) tell(std::move(word));
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
