// A node of the 2009 system with its store: one thread, which serves one connection after the other and waits for what
// it asks others. It knows neither versions nor view versions, hands over by puts, and answers "" for what it does not
// have.
#pragma once

#include "old_node.h"
#include "store_network.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

class StoreNodeOf2009 final : public StoreListener {
 public:
  // Sends a classic message to any node; `answer` gets its reply, or at `is_sent` that it is on its way.
  using Send = std::function<void(const StoreNodeOf2009& from, const NodeAddress& to, std::string message, bool is_sent,
                                  StoreNetwork::Answer answer)>;

  StoreNodeOf2009(StoreNetwork& network, const NodeAddress& self, std::int64_t life, Send send)
      : StoreListener(std::make_shared<StoreProcess>(network.time(), self, Duration::zero())),
        life_(life),
        network_(network),
        send_(std::move(send)),
        node_(self) {}

  std::function<void()> ended;  // set before start()

  // Takes over whom `via` knows, says join there, and listens.
  void start(const NodeAddress& via, const std::vector<NodeAddress>& members);
  // Takes itself off the ring, puts what it holds to the others, and ends.
  void leave() { wants_to_leave_ = true, serve(); }

  bool is_of_2009() const override { return true; }
  bool is_leaving() const { return is_leaving_; }
  bool is_listening() const override { return has_listened_; }
  bool is_settled() const { return has_listened_ && !wants_to_leave_; }
  bool is_idle() const { return has_listened_ && !is_busy_ && !is_leaving_ && waiting_.empty(); }
  std::int64_t life() const { return life_; }
  std::set<NodeAddress> ring() const;
  // What it has of the key; "": nothing.
  std::string value_of(const std::string& key) const;

  // A connection with this message. `reply` runs when it has been executed.
  void take(std::string message, StoreNetwork::Reply reply);

 private:
  struct Connection {
    std::string message;
    StoreNetwork::Reply reply;
  };

  using ConnectionRef = std::shared_ptr<const Connection>;

  void serve();
  void execute(const ConnectionRef& connection);
  void served(const ConnectionRef& connection, std::string reply);
  void get(const ConnectionRef& connection, const std::string& key);
  void put(const ConnectionRef& connection, const std::string& key, const std::string& value);
  void add(const ConnectionRef& connection, OldCall call);
  void pass_on(std::optional<OldNode::Forward> forward, std::function<void()> then);
  void give_to(const NodeAddress& joined, std::function<void()> then);
  void put_next(std::shared_ptr<std::deque<std::string>> keys, const NodeAddress& to, std::function<void()> then);
  void clean_up();
  void hand_over(std::shared_ptr<std::deque<std::string>> keys, std::shared_ptr<std::set<NodeAddress>> told);
  void end();
  NodeAddress owner_of(const std::string& key) const;
  void later(Duration delay, std::function<void()> work);

  const std::int64_t life_;
  StoreNetwork& network_;
  const Send send_;
  OldNode node_;
  std::map<std::string, std::string> values_;
  std::deque<Connection> waiting_;
  bool is_busy_ = false;
  bool wants_to_leave_ = false;
  bool is_leaving_ = false;
  bool has_listened_ = false;
};

}  // namespace p2p::sim
