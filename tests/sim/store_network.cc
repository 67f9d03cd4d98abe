#include "store_network.h"

#include <algorithm>

namespace p2p::sim {
namespace {

// A sender notices a broken connection some time within this.
constexpr Duration kBreakMost = std::chrono::milliseconds(60);

constexpr std::size_t kPrintedBytes = 160;

}  // namespace

std::string printable(const std::string& message) {
  std::string text;
  for (const char byte : message.substr(0, kPrintedBytes)) {
    const bool is_plain = byte > ' ' && byte <= '~';
    if (is_plain || (!text.empty() && text.back() != ' ')) text += is_plain ? byte : ' ';
  }
  return text;
}

StoreListener* StoreNetwork::listener(const NodeAddress& at) const {
  const auto found = listeners_.find(at);
  if (found == listeners_.end() || !found->second->process()->is_running()) return nullptr;
  return found->second;
}

Duration StoreNetwork::travel() {
  if (faults.late > 0 && time_.happens(faults.late)) return time_.between(Duration::zero(), kLateMost);
  return time_.between(faults.latency_least, faults.latency_most);
}

void StoreNetwork::end(const StoreExchangeRef& exchange, Result<StoreReply> result) {
  if (!exchange->answer) return;
  auto answer = std::exchange(exchange->answer, nullptr);
  if (!result.ok() && result.error().kind == ErrorKind::closed) breaks_.push_back(time_.now());
  exchange->from->run([answer = std::move(answer), result = std::move(result)] { answer(result); });
}

void StoreNetwork::end_after(Duration delay, const StoreExchangeRef& exchange, Result<StoreReply> result) {
  time_.after(delay, [this, exchange, result = std::move(result)] { end(exchange, result); });
}

void StoreNetwork::cut(const StoreExchangeRef& exchange) {
  exchange->is_cut = true;
  end(exchange, Error{ErrorKind::closed, "the connection broke"});
}

void StoreNetwork::gone(StoreListener& listener) {
  for (const auto& exchange : std::exchange(listener.arrived_, {})) {
    if (!exchange->answer) continue;
    time_.after(travel(), [this, exchange] { cut(exchange); });
  }
}

std::size_t StoreNetwork::breaks_between(TimePoint first, TimePoint last) const {
  const auto count =
      std::count_if(breaks_.begin(), breaks_.end(), [&](TimePoint at) { return first <= at && at <= last; });
  return static_cast<std::size_t>(count);
}

void StoreNetwork::request(const std::shared_ptr<StoreProcess>& from, const NodeAddress& to, int channel,
                           Duration deadline, Arrival arrive, Answer answer, Kind kind) {
  auto exchange = std::make_shared<StoreExchange>(StoreExchange{from, std::move(answer), false, false});
  if (faults.unsent > 0 && time_.happens(faults.unsent)) {
    constexpr ErrorKind kKinds[] = {ErrorKind::silent, ErrorKind::local, ErrorKind::overloaded};
    return end_after(time_.between(Duration::zero(), kBreakMost), exchange, Error{kKinds[time_.below(3)], "unsent"});
  }
  end_after(deadline, exchange, Error{ErrorKind::timed_out, "no answer"});
  if (faults.lost > 0 && time_.happens(faults.lost)) {
    if (time_.happens(0.5))
      time_.after(time_.between(Duration::zero(), kBreakMost), [this, exchange] { cut(exchange); });
    return;
  }
  if (kind == Kind::transfer && faults.hung_transfers > 0 && time_.happens(faults.hung_transfers)) {
    if (time_.happens(0.3))
      return end_after(time_.between(Duration::zero(), faults.transfer_late_most), exchange,
                       Error{ErrorKind::overloaded, "unsent"});
    exchange->is_hung = true;
  }
  StoreListener* const at = listener(to);
  const auto expected = at == nullptr ? nullptr : at->process();
  TimePoint& last = last_arrival_[{from.get(), to, channel}];
  last = std::max(last, time_.now() + travel());
  time_.at(last, [this, exchange, to, expected, arrive = std::move(arrive)] {
    StoreListener* const target = listener(to);
    if (target != nullptr && !target->is_listening()) return end(exchange, Error{ErrorKind::refused, "not yet"});
    if (target != nullptr && (!expected || expected == target->process())) return arrived(*target, exchange, arrive);
    if (expected && time_.happens(0.5)) return cut(exchange);
    end(exchange, Error{ErrorKind::refused, "nobody listens"});
  });
}

void StoreNetwork::arrived(StoreListener& target, const StoreExchangeRef& exchange, const Arrival& arrive) {
  std::erase_if(target.arrived_, [](const auto& known) { return !known->answer; });
  target.arrived_.push_back(exchange);
  if (faults.broken > 0 && time_.happens(faults.broken)) {
    time_.after(time_.between(Duration::zero(), kBreakMost), [this, exchange] {
      if (exchange->answer) cut(exchange);
    });
  }
  target.process()->run([this, &target, exchange, arrive] {
    if (exchange->is_cut) return;
    arrive(target, exchange, [this, exchange](StoreReply told) { reply(exchange, std::move(told)); });
  });
}

void StoreNetwork::reply(const StoreExchangeRef& exchange, StoreReply told) {
  if (!exchange->answer) return;
  if (exchange->is_hung) {
    if (time_.happens(0.2)) return;
    return end_after(time_.between(Duration::zero(), faults.transfer_late_most), exchange, std::move(told));
  }
  if (faults.lost_reply > 0 && time_.happens(faults.lost_reply)) {
    if (time_.happens(0.5))
      time_.after(time_.between(Duration::zero(), kBreakMost), [this, exchange] { cut(exchange); });
    return;
  }
  end_after(travel(), exchange, std::move(told));
}

}  // namespace p2p::sim
