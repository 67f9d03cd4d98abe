#include "http/asked_service.h"

#include <p2p/assert.h>

#include <utility>

namespace p2p::host {
namespace {

class Asker final : public ReplySink {
 public:
  explicit Asker(std::function<void(std::string_view)> done) : done_(std::move(done)) {}

  std::uint64_t begun(bool) override { return 0; }
  void answered(std::uint64_t, EncodedReply reply) override { std::exchange(done_, nullptr)(reply.bytes); }
  void oneway_ended() override {}
  void returned() override {}

 private:
  std::function<void(std::string_view)> done_;
};

}  // namespace

void ask_service(Loop& loop, ServiceRouter& router, std::string_view service, std::string message,
                 std::function<void(std::string_view reply)> done) {
  const OriginRef asker(new Asker(std::move(done)));  // owned by its references
  const Arrival arrival{asker.get(), 0, 0, Encoding::binary, std::nullopt};
  const Taken taken = router.take(loop, arrival, {message.data(), message.size()}, service);
  P2P_ASSERT(taken != Taken::malformed, "the host encodes its own calls");
}

}  // namespace p2p::host
