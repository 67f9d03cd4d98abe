// What does the store log and report about the calls that it forwards? The rest is the policy of all nodes, lib/retry.
#pragma once

#include "retry/forwarder.h"

#include <p2p/locator.h>
#include <p2p/log.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::diststore {

using retry::CallKind;
using retry::Forwarder;
using retry::is_worth_retrying;
using retry::Repeat;
using retry::RetryQueue;

// `log` must outlive stop(). A method's failures are logged at most once a minute. `note_foreign`: see
// ForwarderHooks.
std::shared_ptr<Forwarder> make_store_forwarder(Logger& log, std::shared_ptr<ILocator> locator,
                                                std::shared_ptr<RetryQueue> retries, Duration forward_timeout,
                                                std::function<void(const NodeAddress&)> note_foreign);

// --- failures of this node's own engine ---

// The text for clients and for the log.
std::string text_of_engine_failure(const Error& error);

// Logs it, at most once a minute for each `what`.
void log_engine_failure(Forwarder& forwarder, std::string_view what, const Error& error);

// Gives the call up at once, since the failure lasts.
void give_up_here(Forwarder& forwarder, const Error& error, Call call, const CallKind& kind);

}  // namespace p2p::diststore
