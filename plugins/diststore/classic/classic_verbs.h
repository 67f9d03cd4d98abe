// How do our calls work on a key whose owner is a node of the 2009 system? By its get and put, made as safe as they can
// be: a write counts once the node returns what was written.
#pragma once

#include "classic/classic_store.h"
#include "serving/key_routing.h"

#include <memory>
#include <string>
#include <utility>

namespace p2p::diststore {

// A result carries no version: these nodes have none. While another node may still hand the key over to `owner`, all
// changes but put() end as cancelled with nothing done, and so do reads of what `owner` does not have yet, unless that
// other node shows it. put() is sent at once, even while a leaver may overwrite it: it may be what the leaver hands
// over.
class ClassicVerbs final : public ForeignStore {
 public:
  explicit ClassicVerbs(std::shared_ptr<ClassicStore> store) : store_(std::move(store)) {}

  void read(const NodeAddress& owner, const std::string& key, TimePoint deadline, Done<wire::ReadResult> done) override;
  void write(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
             Done<wire::WriteResult> done) override;
  void erase(const NodeAddress& owner, const std::string& key, TimePoint deadline,
             Done<wire::EraseResult> done) override;
  void put(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
           Done<wire::WriteResult> done) override;

 private:
  const std::shared_ptr<ClassicStore> store_;
};

}  // namespace p2p::diststore
