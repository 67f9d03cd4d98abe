#include "store_locator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace p2p::sim {
namespace {

using std::chrono::milliseconds;

constexpr int kChannel = 0;
constexpr Duration kTellTimeout = milliseconds(500);
constexpr Duration kAgainPause = milliseconds(100);
constexpr std::size_t kRowBytes = sizeof(std::uint16_t) + sizeof(std::int64_t) + 1;

// All simulated nodes are on one machine.
NodeAddress address_of(std::uint16_t port) { return {"127.0.0.1", port}; }

}  // namespace

StoreLocator::StoreLocator(StoreNetwork& network, std::shared_ptr<StoreProcess> process, std::int64_t life,
                           LocatorOf locator_of)
    : network_(network),
      process_(std::move(process)),
      life_(life),
      locator_of_(std::move(locator_of)),
      strand_(std::make_shared<StoreStrand>(process_)),
      table_{{process_->self(), {life, State::alive}}},
      members_{process_->self()},
      view_(std::make_shared<StoreRing>(process_->self(), members_, leaving_)) {}

void StoreLocator::later(Duration delay, std::function<void()> work) {
  network_.time().after(delay, [process = process_, work = std::move(work)] { process->run(work); });
}

// --- joining ---------------------------------------------------------------------------------------------------------

void StoreLocator::begin(Contact contact) {
  strand_->post([this, contact = std::move(contact)] { ask(contact); });
  const Duration period = network_.time().between(milliseconds(250), milliseconds(600));
  comparison_ = strand_->every(period, [this] { compare(); });
}

void StoreLocator::ask(const Contact& contact) {
  const NodeAddress to = contact();
  if (to.empty()) return joined();
  const auto arrive = [this, row = table_.at(process_->self())](StoreListener& target, const StoreExchangeRef&,
                                                                const StoreNetwork::Reply& reply) {
    StoreLocator* const at = locator_of_(target);
    if (at == nullptr || !at->is_member()) return reply({StoreReply::Status::refused, ""});
    at->learn({{process_->self(), row}}, true);
    reply({StoreReply::Status::answered, at->encode_table()});
  };
  network_.request(process_, to, kChannel, kTellTimeout, arrive, [this, contact](const Result<StoreReply>& reply) {
    if (reply.ok() && reply.value().status == StoreReply::Status::answered) {
      learn(decode(reply.value().bytes), false);
      return joined();
    }
    later(kAgainPause, [this, contact] { ask(contact); });
  });
}

void StoreLocator::joined() {
  strand_->post([this] {
    if (!is_idle()) return joined();
    has_joined_ = true;
    for (const auto& then : std::exchange(when_joined_, {})) then();
  });
}

void StoreLocator::when_joined(std::function<void()> then) {
  if (has_joined_) return then();
  when_joined_.push_back(std::move(then));
}

// --- news ------------------------------------------------------------------------------------------------------------

void StoreLocator::learn(const Table& theirs, bool tells_on) {
  bool is_news = false;
  for (const auto& [node, row] : theirs) {
    const auto [known, is_new] = table_.try_emplace(node, row);
    if (node == process_->self() || (!is_new && row <= known->second)) continue;
    known->second = row;
    is_news = true;
    waiting_.emplace_back(node, row);
  }
  if (!is_news) return;
  later(network_.time().between(Duration::zero(), network_.faults.publication_late_most),
        [this] { strand_->post([this] { change_next(); }); });
  if (tells_on) tell_all();
}

// One after the other: each is a view of its own, and the layers of the real one run in between.
void StoreLocator::change_next() {
  if (is_changing_ || waiting_.empty()) return;
  is_changing_ = true;
  const auto [node, row] = std::move(waiting_.front());
  waiting_.pop_front();
  publish(node, row);
  later(network_.time().between(Duration::zero(), network_.faults.publication_late_most), [this] {
    strand_->post([this] {
      is_changing_ = false;
      change_next();
    });
  });
}

void StoreLocator::publish(const NodeAddress& node, const Row& row) {
  const auto before = members_.size();
  std::erase(members_, node);
  std::erase(leaving_, node);
  RingChange change;
  if (row.state == State::alive) {
    members_.push_back(node);
    change.added.push_back(node);
  } else if (members_.size() < before) {
    change.removed.push_back(node);
  }
  if (row.state == State::leaving && node != process_->self()) leaving_.push_back(node);
  view_ = std::make_shared<StoreRing>(process_->self(), members_, leaving_);
  change.view = view_;
  if (network_.trace) {
    std::string text;
    for (const NodeAddress& member : members_) text += fmt::format(" {}", member.port);
    for (const NodeAddress& leaver : leaving_) text += fmt::format(" ({})", leaver.port);
    network_.trace(fmt::format("{} shows the ring{}", process_->self().port, text));
  }
  if (listener_) listener_(change);
}

bool StoreLocator::is_there(const NodeAddress& node) const {
  const auto found = table_.find(node);
  return found != table_.end() && found->second.state != State::removed;
}

void StoreLocator::tell_all(std::function<void()> told) {
  const auto open = std::make_shared<std::size_t>(1);
  const auto one_told = [open, told = std::move(told)] {
    if (--*open == 0 && told) told();
  };
  for (const auto& [node, row] : table_) {
    if (node == process_->self() || row.state == State::removed) continue;
    ++*open;
    const Duration late = network_.time().between(Duration::zero(), network_.faults.news_late_most);
    later(late, [this, node = node, one_told] { tell(node, one_told); });
  }
  one_told();
}

// Again and again, until it is told or gone.
void StoreLocator::tell(const NodeAddress& node, std::function<void()> told) {
  if (tell_2009(node, told)) return;
  const auto arrive = [this, table = table_](StoreListener& target, const StoreExchangeRef&,
                                             const StoreNetwork::Reply& reply) {
    if (StoreLocator* const at = locator_of_(target)) at->learn(table, false);
    reply({});
  };
  network_.request(process_, node, kChannel, kTellTimeout, arrive,
                   [this, node, told = std::move(told)](const Result<StoreReply>& reply) {
                     const bool is_over = reply.ok() || reply.error().kind == ErrorKind::refused || !is_there(node);
                     if (is_over) return told();
                     later(kAgainPause, [this, node, told] { tell(node, told); });
                   });
}

void StoreLocator::compare() {
  std::vector<NodeAddress> others;
  for (const auto& [node, row] : table_) {
    if (node != process_->self() && row.state != State::removed) others.push_back(node);
  }
  if (others.empty() || !has_joined_) return;
  const NodeAddress to = others[network_.time().below(others.size())];
  if (tell_2009(to, [] {})) return;
  StoreListener* const at = network_.listener(to);
  StoreLocator* const theirs = at == nullptr ? nullptr : locator_of_(*at);
  if (theirs == nullptr || theirs->table_ == table_) return;  // nothing would come of it
  const auto arrive = [this, table = table_](StoreListener& target, const StoreExchangeRef&,
                                             const StoreNetwork::Reply& reply) {
    StoreLocator* const other = locator_of_(target);
    if (other != nullptr) other->learn(table, false);
    reply({StoreReply::Status::answered, other == nullptr ? "" : other->encode_table()});
  };
  network_.request(process_, to, kChannel, kTellTimeout, arrive, [this](const Result<StoreReply>& reply) {
    if (reply.ok()) learn(decode(reply.value().bytes), false);
  });
}

void StoreLocator::lost(const NodeAddress& node, std::int64_t life) {
  strand_->post([this, node, life] {
    const auto found = table_.find(node);
    if (found != table_.end() && found->second.life == life) learn({{node, {life, State::removed}}}, true);
  });
}

// Probed, as the real one does it: a report alone removes no member.
void StoreLocator::report_unreachable(const NodeAddress& member) {
  const auto found = table_.find(member);
  if (found == table_.end() || found->second.state == State::removed) return;
  const std::int64_t life = found->second.life;
  later(network_.time().between(milliseconds(5), milliseconds(150)), [this, member, life] {
    StoreListener* const at = network_.listener(member);
    StoreLocator* const theirs = at == nullptr ? nullptr : locator_of_(*at);
    if (at == nullptr || (theirs != nullptr && theirs->life() != life)) lost(member, life);
  });
}

// --- leaving ---------------------------------------------------------------------------------------------------------

void StoreLocator::leave(std::function<void()> then) {
  strand_->post([this, then = std::move(then)] {
    is_leaving_ = true;
    Row& row = table_.at(process_->self());
    row.state = State::leaving;
    publish(process_->self(), row);
    tell_all([this, then] {
      strand_->post([this, then] {
        const auto over = [this, then, process = process_] {
          runs_layers_ = false;
          if (process->is_running()) strand_->post([this, then] { cleaned_up(then); });
        };
        if (!layer_) return over();
        runs_layers_ = true;
        layer_->cleanup(ring_of(members_), Next(over));
      });
    });
  });
}

void StoreLocator::cleaned_up(const std::function<void()>& then) {
  table_.at(process_->self()).state = State::removed;
  tell_all(then);
}

// --- what services and the host ask ----------------------------------------------------------------------------------

std::shared_ptr<const RingView> StoreLocator::ring_of(std::vector<NodeAddress> members) const {
  return std::make_shared<StoreRing>(process_->self(), std::move(members), std::vector<NodeAddress>());
}

Subscription StoreLocator::push_layer(int, std::string, std::shared_ptr<RingLayer> layer) {
  layer_ = std::move(layer);
  return Subscription([this] { layer_.reset(); });
}

Subscription StoreLocator::subscribe(std::string, std::function<void(const RingChange&)> listener) {
  listener_ = std::move(listener);
  return Subscription([this] { listener_ = nullptr; });
}

void StoreLocator::join(const NodeAddress& joiner) { add(joiner, {}); }

void StoreLocator::add(const NodeAddress& address, std::vector<NodeAddress>) {
  if (on_classic_news) on_classic_news(address, true);
}

void StoreLocator::remove(const NodeAddress& address, std::vector<NodeAddress>) {
  if (on_classic_news) on_classic_news(address, false);
}

std::string StoreLocator::encode_table() const {
  std::string bytes;
  for (const auto& [node, row] : table_) {
    char one[kRowBytes];
    std::memcpy(one, &node.port, sizeof node.port);
    std::memcpy(one + sizeof node.port, &row.life, sizeof row.life);
    one[kRowBytes - 1] = static_cast<char>(row.state);
    bytes.append(one, sizeof one);
  }
  return bytes;
}

StoreLocator::Table StoreLocator::decode(std::string_view bytes) {
  Table table;
  for (; bytes.size() >= kRowBytes; bytes.remove_prefix(kRowBytes)) {
    std::uint16_t port = 0;
    Row row;
    std::memcpy(&port, bytes.data(), sizeof port);
    std::memcpy(&row.life, bytes.data() + sizeof port, sizeof row.life);
    row.state = static_cast<State>(bytes[kRowBytes - 1]);
    table[address_of(port)] = row;
  }
  return table;
}

void StoreLocator::merge_table(const NodeAddress&, std::string_view table) {
  strand_->post([this, theirs = decode(table)] { learn(theirs, false); });
}

}  // namespace p2p::sim
