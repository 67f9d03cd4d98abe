// How do messages travel between simulated nodes of the store? They take time, get lost, are late, are refused; and
// connections break. Requests of one node to another on one channel arrive in the order in which they were sent.
#pragma once

#include "store_process.h"

#include <p2p/result.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace p2p::sim {

struct StoreFaults {
  Duration latency_least = std::chrono::microseconds(30);
  Duration latency_most = std::chrono::microseconds(800);
  Duration news_late_most{};  // how much later than sent a node may learn who comes and goes
  double unsent = 0;          // nothing leaves the machine
  double lost = 0;            // a request is not executed, and its sender learns nothing, or that the connection broke
  double lost_reply = 0;      // the same, and it is executed
  double broken = 0;          // the connection breaks while the request is at its receiver
  double late = 0;            // a request or a reply takes up to kLateMost
  double hung_transfers = 0;  // a transfer does not arrive, or its reply does not, or comes late
  Duration transfer_late_most{};
  Duration publication_late_most{};  // how long after it has learned something a locator may show the new ring
};
inline constexpr Duration kLateMost = std::chrono::milliseconds(1500);

struct StoreReply {
  enum class Status : std::uint8_t { answered, view_differs, refused, unsupported };
  Status status = Status::answered;
  std::string bytes;  // of a view that differs: the table
};

// One request under way.
struct StoreExchange {
  std::shared_ptr<StoreProcess> from;
  std::function<void(Result<StoreReply>)> answer;  // null once it has run
  bool is_cut = false;                             // the receiver drops what it has not executed
  bool is_hung = false;                            // its reply is lost, or late
};
using StoreExchangeRef = std::shared_ptr<StoreExchange>;

// Whatever listens under an address.
class StoreListener {
 public:
  explicit StoreListener(std::shared_ptr<StoreProcess> on) : process_(std::move(on)) {}
  virtual ~StoreListener() = default;
  virtual bool is_of_2009() const = 0;
  virtual bool is_listening() const { return true; }  // otherwise it only will
  const std::shared_ptr<StoreProcess>& process() const { return process_; }
  const NodeAddress& self() const { return process_->self(); }

 private:
  friend class StoreNetwork;
  const std::shared_ptr<StoreProcess> process_;
  std::vector<StoreExchangeRef> arrived_;
};

// The head of a message or a reply, and its first keys, for a time line.
std::string printable(const std::string& message);

class StoreNetwork final {
 public:
  using Answer = std::function<void(Result<StoreReply>)>;
  using Reply = std::function<void(StoreReply)>;
  using Arrival = std::function<void(StoreListener& target, const StoreExchangeRef& exchange, Reply reply)>;

  explicit StoreNetwork(VirtualTime& time) : time_(time) {}

  VirtualTime& time() { return time_; }
  void listen(StoreListener& listener) { listeners_[listener.self()] = &listener; }
  // The process has ended: who waits for it sees the connection break.
  void gone(StoreListener& listener);
  StoreListener* listener(const NodeAddress& at) const;  // null: nobody runs there

  enum class Kind : std::uint8_t { any, transfer };

  // `arrive` runs at the target if the request gets there; `answer` once, at the sender, if that still runs.
  void request(const std::shared_ptr<StoreProcess>& from, const NodeAddress& to, int channel, Duration deadline,
               Arrival arrive, Answer answer, Kind kind = Kind::any);

  // How often a connection broke between these times, as far as a sender noticed.
  std::size_t breaks_between(TimePoint first, TimePoint last) const;

  StoreFaults faults;
  std::function<void(const std::string& line)> trace;  // null: nobody wants to know

 private:
  Duration travel();
  void end(const StoreExchangeRef& exchange, Result<StoreReply> result);
  void end_after(Duration delay, const StoreExchangeRef& exchange, Result<StoreReply> result);
  void cut(const StoreExchangeRef& exchange);
  void arrived(StoreListener& target, const StoreExchangeRef& exchange, const Arrival& arrive);
  void reply(const StoreExchangeRef& exchange, StoreReply reply);

  VirtualTime& time_;
  std::map<NodeAddress, StoreListener*> listeners_;
  std::map<std::tuple<const StoreProcess*, NodeAddress, int>, TimePoint> last_arrival_;
  std::vector<TimePoint> breaks_;
};

}  // namespace p2p::sim
