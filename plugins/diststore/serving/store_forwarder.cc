#include "serving/store_forwarder.h"

#include <p2p/repeated_warnings.h>

#include <utility>

namespace p2p::diststore {

std::shared_ptr<Forwarder> make_store_forwarder(Logger& log, std::shared_ptr<ILocator> locator,
                                                std::shared_ptr<RetryQueue> retries, Duration forward_timeout,
                                                std::function<void(const NodeAddress&)> note_foreign) {
  const auto warn = [&log, retries, failures = std::make_shared<RepeatedWarnings>()](const CallInfo& call,
                                                                                     const std::string& why) {
    const auto unsaid = failures->due(call.method, retries->now());
    if (unsaid) log.warn("{} failed: {} ({} more failed since the last such line)", call.method, why, *unsaid);
  };
  return std::make_shared<Forwarder>(std::move(retries), forward_timeout,
                                     retry::ForwarderHooks{[locator = std::move(locator)](const NodeAddress& node) {
                                                             locator->report_unreachable(node);
                                                           },
                                                           warn, std::move(note_foreign)});
}

std::string text_of_engine_failure(const Error& error) { return "this node's engine: " + error.text; }

void log_engine_failure(Forwarder& forwarder, std::string_view what, const Error& error) {
  CallInfo work;
  work.method = what;
  forwarder.log_failure(work, text_of_engine_failure(error));
}

void give_up_here(Forwarder& forwarder, const Error& error, Call call, const CallKind& kind) {
  const bool is_change = kind.repeat != Repeat::always;
  if (is_change && may_have_run(error.kind)) call.note_unknown_outcome();
  forwarder.give_up(std::move(call), kind, text_of_engine_failure(error));
}

}  // namespace p2p::diststore
