// What the locator offers to the other services of its node: ILocator in front of the shell and the ring.
#pragma once

#include "node.h"

#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/repeated_warnings.h>

#include <memory>
#include <string>

namespace p2p::ring {

class Front final : public ILocator {
 public:
  Front(std::shared_ptr<Node> node, Logger& log) : node_(std::move(node)), log_(log) {}

  const RingView& view() const override { return node_->changes().view(); }
  std::shared_ptr<const RingView> shared_view() const override { return node_->changes().shared_view(); }
  std::shared_ptr<const RingView> ring_of(std::vector<Location> members) const override;
  void when_settled(std::function<void()> then) override { node_->when_settled(std::move(then)); }
  Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) override;
  Subscription subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) override;
  void join(const Location& joiner) override;
  void add(const Location& location, std::vector<Location> authorities) override;
  void remove(const Location& location, std::vector<Location> authorities) override;
  void log_view() const override;
  void report_unreachable(const Location& member) override;
  std::string placement() const override;
  std::string encode_table() const override;
  void merge_table(const Location& from, std::string_view table) override;

 private:
  const std::shared_ptr<Node> node_;
  Logger& log_;
  RepeatedWarnings bad_tables_;
};

}  // namespace p2p::ring
