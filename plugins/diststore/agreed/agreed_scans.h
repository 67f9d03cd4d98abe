// Which keys are there in an agreed cluster? Each node lists those of the partitions whose primary it is, until none of
// a scan's is left here: then the call goes to the primary of the next one. A page is read on the calling thread, and
// answered once all writes that it may have seen are committed, in the term in which it was read (W5).
#pragma once

#include "agreed/replica_store.h"
#include "serving/scans.h"

#include <p2p/call.h>
#include <p2p/locator.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

class AgreedScans final : public Scans, public std::enable_shared_from_this<AgreedScans> {
 public:
  // `engine`: names the engine of `replicas` in cursors; another one, as after a restart, has another number.
  AgreedScans(std::shared_ptr<ILocator> locator, std::shared_ptr<ReplicaStore> replicas,
              std::shared_ptr<Forwarder> forwarder, std::uint64_t engine)
      : locator_(std::move(locator)),
        replicas_(std::move(replicas)),
        forwarder_(std::move(forwarder)),
        engine_(engine) {}

  std::string_view refusal_of(const ScanRequest& request) const noexcept override {
    return request.is_here ? "an agreed cluster lists the keys of all nodes: a scan of what one node has (`here`) is "
                             "for networks in classic mode"
                           : "";
  }
  void scan(ScanRequest request, Call call, const ScanMethod& method) override;

 private:
  struct Visit;
  struct Page;
  class Look;

  static std::vector<Partition> partitions_here(const ScanCursor& cursor, const RingView& view);
  Result<p2p::Done> look_through(const std::vector<Partition>& partitions, Page& page) const;
  Result<p2p::Done> look_at(Visit& visit, Look& look) const;
  void erase_expired(const std::shared_ptr<Page>& page, std::size_t at);
  void settle(std::shared_ptr<Page> page);
  void count_answer(Page& page);
  void end(Page& page);
  ScanCursor cursor_behind(Page& page) const;

  const std::shared_ptr<ILocator> locator_;
  const std::shared_ptr<ReplicaStore> replicas_;
  const std::shared_ptr<Forwarder> forwarder_;
  const std::uint64_t engine_;
};

}  // namespace p2p::diststore::agreed
