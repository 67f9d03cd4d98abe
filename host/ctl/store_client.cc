#include "ctl/store_client.h"

namespace p2p::ctl {

using client::Client;
using client::Effect;
using client::Failure;

Result<std::unique_ptr<Client>> store_of(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return node.error();
  if (const auto status = ask_status(node.value()); !status.ok()) return status.error();
  return std::make_unique<Client>(client::Options{.seeds = {parse_node_address(node.value().peer()).value()},
                                                  .timeout = session.timeouts.answer,
                                                  .connect_timeout = session.timeouts.connect,
                                                  .node_queue_bytes_max = kStoreMessageBytesMax,
                                                  .request_bytes_max = kStoreMessageBytesMax,
                                                  .reply_bytes_max = kStoreMessageBytesMax});
}

ExitCode report_failure(const Failure& failure, bool is_change) {
  const char* const effect =
      failure.effect == Effect::unknown ? "; it may have been done all the same" : "; nothing was changed";
  return report(Error{failure.kind, failure.text + (is_change ? effect : "")});
}

nlohmann::json json_of(const client::Version& version) { return {{"stamp", version.stamp}, {"node", version.node}}; }

}  // namespace p2p::ctl
