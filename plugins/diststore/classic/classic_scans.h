// Which keys does this node itself own and have, in classic mode? No scan of all nodes is possible there: rings may
// have members that cannot be asked, and nothing says when keys on the move were seen. Whoever wants all keys asks each
// member, and looks at the views and at awaits_keys of their answers (docs/decisions/0042).
#pragma once

#include "classic/classic_store.h"
#include "serving/scans.h"

#include <p2p/call.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace p2p::diststore {

class ClassicScans final : public Scans {
 public:
  // Whether nothing is here any more that belongs elsewhere by the ring of that view, and nothing will come (H15).
  using IsHandedOver = std::function<bool(ViewVersion)>;

  // `engine`: names the engine of `store` in cursors. Those of another one begin anew.
  ClassicScans(std::shared_ptr<ClassicStore> store, std::uint64_t engine, IsHandedOver is_handed_over)
      : store_(std::move(store)), engine_(engine), is_handed_over_(std::move(is_handed_over)) {}

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
  const IsHandedOver is_handed_over_;
};

}  // namespace p2p::diststore
