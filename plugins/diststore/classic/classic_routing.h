// Where is a key served in classic mode? By its owner on the ring that this node works by. Nodes of the 2009 system own
// keys too, and hand over by puts.
#pragma once

#include "classic/classic_store.h"
#include "classic/classic_verbs.h"
#include "serving/key_routing.h"

#include <memory>
#include <string_view>
#include <utility>

namespace p2p::diststore {

class ClassicRouting final : public KeyRouting {
 public:
  explicit ClassicRouting(std::shared_ptr<ClassicStore> store)
      : store_(std::move(store)), verbs_(std::make_unique<ClassicVerbs>(store_)) {}

  KeyRoute route(std::string_view key) const override;
  std::optional<NodeAddress> another_copy(std::string_view) const override { return std::nullopt; }
  bool takes_get(std::string_view key, Call& call, const KeyMethod& method) override;
  bool takes_put(std::string_view key, std::string_view value, const CallInfo& call) override;

 private:
  bool is_kept(const OwnershipSnapshot& ownership, std::string_view key, std::string_view value, bool is_passed_on);

  const std::shared_ptr<ClassicStore> store_;
  const std::unique_ptr<ClassicVerbs> verbs_;
};

}  // namespace p2p::diststore
