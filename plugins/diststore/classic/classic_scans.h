// Which keys does this node itself own and have, in classic mode? No scan of all nodes is possible there: rings may
// have members that cannot be asked, and nothing says when keys on the move were seen. Whoever wants all keys asks each
// member, and looks at the views and at awaits_keys of their answers (docs/decisions/0042).
#pragma once

#include "classic/classic_store.h"
#include "serving/scans.h"

#include <p2p/call.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace p2p::diststore {

class ClassicScans final : public Scans {
 public:
  // `engine`: names the engine of `store` in cursors. Those of another one begin anew.
  ClassicScans(std::shared_ptr<ClassicStore> store, std::uint64_t engine) : store_(std::move(store)), engine_(engine) {}

  std::string_view refusal_of(const ScanRequest& request) const noexcept override {
    return request.is_here ? ""
                           : "this network runs in classic mode, in which a node lists only the keys that it has "
                             "itself (`here`): mode = \"agreed\" lists those of all nodes";
  }
  // Answers at once. Keys of this node that may not be the newest yet are left out.
  void scan(ScanRequest request, Call call, const ScanMethod& method) override;

 private:
  const std::shared_ptr<ClassicStore> store_;
  const std::uint64_t engine_;
};

}  // namespace p2p::diststore
