#include "serving/router.h"

#include <p2p/repeated_warnings.h>

#include <utility>

namespace p2p::diststore {

std::shared_ptr<Forwarder> make_router(Logger& log, std::shared_ptr<ILocator> locator,
                                       std::shared_ptr<RetryQueue> retries, std::shared_ptr<ClassicPeers> classics,
                                       Duration forward_timeout) {
  const auto warn = [&log, retries, failures = std::make_shared<RepeatedWarnings>()](const CallInfo& call,
                                                                                     const std::string& why) {
    const auto unsaid = failures->due(call.method, retries->now());
    if (unsaid) log.warn("{} failed: {} ({} more failed since the last such line)", call.method, why, *unsaid);
  };
  return std::make_shared<Forwarder>(
      std::move(retries), forward_timeout,
      retry::ForwarderHooks{
          [locator = std::move(locator)](const NodeAddress& node) { locator->report_unreachable(node); }, warn,
          [classics = std::move(classics)](const NodeAddress& node) { classics->remember(node); }});
}

std::string text_of_engine_failure(const Error& error) { return "this node's engine: " + error.text; }

void log_engine_failure(Forwarder& router, std::string_view what, const Error& error) {
  CallInfo work;
  work.method = what;
  router.log_failure(work, text_of_engine_failure(error));
}

void give_up_here(Forwarder& router, const Error& error, Call call, const CallKind& kind) {
  const bool is_change = kind.repeat != Repeat::always;
  if (is_change && may_have_run(error.kind)) call.note_unknown_outcome();
  router.give_up(std::move(call), kind, text_of_engine_failure(error));
}

}  // namespace p2p::diststore
