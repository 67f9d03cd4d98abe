// Who uses the store in a simulation? Clients at any node, one call at a time each, and what they were told.
#pragma once

#include "store_history.h"
#include "store_node.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

class StoreClients final {
 public:
  enum class Method : std::uint8_t { read, write, erase, get, put, read_many, write_many, erase_many };
  using Pick = std::function<StoreNode*()>;  // a node to ask; null: there is none

  StoreClients(StoreNetwork& network, std::vector<std::string> keys, Pick pick);

  // So many clients make so many calls in all, one each at a time, with pauses up to `pause_most`.
  void begin(std::size_t clients, std::size_t calls, Duration pause_most);
  void stop() { left_ = 0; }
  // Reads, or writes, every key once, at any node.
  void read_all();
  void write_all();
  // A put there of one of the keys that get no other changes.
  void put_at(StoreNode& node);
  // No call waits for its answer.
  bool are_idle() const { return open_ == 0; }

  const std::vector<std::string>& keys() const { return keys_; }
  // Set before begin().
  std::size_t value_bytes_most = 100;
  std::uint64_t puts_percent = 4;
  std::uint64_t erases_percent = 0;  // besides those among the usual calls
  std::size_t put_only_keys = 0;     // the last ones: changed by put_at() only
  bool erases = true;
  bool repeats = false;  // nodes may repeat any write that they do not find again

  // Keys of puts that reached a node that was handing over, and had kept none.
  const std::vector<std::string>& passed_on() const { return passed_on_; }
  // By key. Repetitions are noted.
  std::vector<StoreHistory> histories() const;

 private:
  struct Call;
  using CallRef = std::shared_ptr<Call>;

  void next(Duration pause_most);
  CallRef make();
  void ask_all(Method method);
  void ask(const CallRef& call, StoreNode& node, std::function<void()> then);
  void arrive(const CallRef& call, StoreNode& node);
  void look_after(StoreNode& node, const Call& put, bool is_leaving, bool is_handing_over);
  void note(const CallRef& call, StoreOperation::Outcome outcome);
  void told(const CallRef& call, const std::string& reply);
  std::string message_of(const Call& call);
  std::string value_of(int number);
  StoreOperation& operation(const Call& call, std::size_t at);

  StoreNetwork& network_;
  VirtualTime& time_;
  const std::vector<std::string> keys_;
  const Pick pick_;
  std::vector<StoreHistory> histories_;
  std::vector<std::string> passed_on_;
  std::set<std::shared_ptr<StoreProcess>> keepers_;  // have kept a put while they leave
  std::size_t left_ = 0;
  std::size_t open_ = 0;
  int last_value_ = 0;
};

}  // namespace p2p::sim
