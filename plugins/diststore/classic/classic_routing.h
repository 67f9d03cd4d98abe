// Where is a key served in classic mode? By its owner on the ring that this node works by; until the key has come from
// its former owner, that one is asked for it (decision 8). Nodes of the 2009 system own keys too, and hand over by
// puts.
#pragma once

#include "classic/classic_store.h"
#include "classic/classic_verbs.h"
#include "serving/key_routing.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class ClassicRouting final : public KeyRouting {
 public:
  explicit ClassicRouting(std::shared_ptr<ClassicStore> store) : store_(std::move(store)), verbs_(store_) {}

  KeyRoute route(std::string_view key) const override;
  void fetch(std::vector<std::string> keys, TimePoint deadline, std::function<void(bool)> done) override;
  std::string_view refusal_to_wait(const CallInfo& call) const override;
  void note_foreign(const NodeAddress& node) override { store_->classics->remember(node); }
  ForeignStore& foreign_store() override { return verbs_; }
  bool answers_regardless(std::string_view key) override;
  bool takes_put(std::string_view key, std::string_view value, const CallInfo& call) override;
  Result<Outcome> put_unconfirmed(std::string_view key, std::string_view value, OwnershipProof proof) override;

 private:
  bool keep(std::string_view key, std::string_view value, ViewVersion view_version, Confirmed confirmed);
  bool is_kept(const OwnershipSnapshot& ownership, std::string_view key, std::string_view value, bool is_passed_on);

  const std::shared_ptr<ClassicStore> store_;
  ClassicVerbs verbs_;
};

}  // namespace p2p::diststore
