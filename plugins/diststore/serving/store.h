// What do the handlers share? Made in plugin.cc, held by every endpoint and by every call in flight to another node.
#pragma once

#include "serving/key_counts.h"
#include "serving/key_routing.h"
#include "serving/keys_here.h"
#include "serving/refusals.h"
#include "serving/scans.h"
#include "serving/store_forwarder.h"
#include "serving/store_options.h"

#include <p2p/handlers.h>
#include <p2p/peers.h>

#include <memory>
#include <string>

namespace p2p::diststore {

// What the path of a call and each mode of the store use.
struct StoreParts {
  StoreOptions options;
  NodeAddress self;
  std::string peer_service;  // "diststore.peer"
  Peers& peers;
  std::shared_ptr<RetryQueue> retries;
  std::shared_ptr<Forwarder> forwarder;
  KeyCounts counts = {};
};

struct Store : StoreParts {
  std::shared_ptr<KeyRouting> routing;
  std::shared_ptr<KeysHere> keys;
  std::shared_ptr<Scans> scans = nullptr;  // set where scan methods are served
};

// Answers with the StoreError that the method's IDL declares.
template <class Presult>
void raise(Answer<Presult>& answer, const wire::StoreError& error) {
  answer.raise(1, error);
}

// Ends a call that could not be answered: as not_executed, unless some of it may have been executed. A node that
// forwarded the call to us retries it, or tells its client the outcome of all attempts.
template <class Presult>
void raise_failure(Call call, const std::string& why) {
  if (call.info().hops >= kHopsMax) {
    return call.fail(CallFault::internal_error, std::string(kNotExecutedPrefix) + why);
  }
  const auto kind = call.has_unknown_outcome() ? wire::StoreErrorKind::unavailable : wire::StoreErrorKind::not_executed;
  Answer<Presult> answer(std::move(call));
  raise(answer, store_error(kind, why));
}

// The methods of diststore.Store, in three files: for one key, for many, and for all.
void add_single_methods(Methods& methods, const std::shared_ptr<Store>& store);
void add_batch_methods(Methods& methods, const std::shared_ptr<Store>& store);
void add_scan_methods(Methods& methods, const std::shared_ptr<Store>& store);

// The methods of diststore.StorePeer that answer other nodes' parts of batches. Those that move keys belong to the
// mode.
void add_part_methods(Methods& methods, const std::shared_ptr<Store>& store);

}  // namespace p2p::diststore
