// Who answers a call? The path of a call asks this object about each key and knows nothing of how the nodes agree about
// owners, or of keys on their way to a new one. Classic mode implements it (classic/classic_routing.h).
#pragma once

#include "serving/key_route.h"

#include <p2p/call.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <diststore_types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore {

namespace wire = ::diststore;

// Nodes that own keys but do not run this store. Each method runs `done` once, on an I/O thread or within the call; the
// error's kind says what the attempt means (lib/retry). [any thread]
class ForeignStore {
 public:
  template <class Value>
  using Done = std::function<void(Result<Value>)>;

  virtual ~ForeignStore() = default;

  // A result carries a version only if that store has versions.
  virtual void read(const NodeAddress& owner, const std::string& key, TimePoint deadline,
                    Done<wire::ReadResult> done) = 0;
  virtual void write(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
                     Done<wire::WriteResult> done) = 0;
  virtual void erase(const NodeAddress& owner, const std::string& key, TimePoint deadline,
                     Done<wire::EraseResult> done) = 0;
  // A write whose caller gets no answer.
  virtual void put(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
                   Done<wire::WriteResult> done) = 0;
};

// Every method: [any thread].
class KeyRouting {
 public:
  virtual ~KeyRouting() = default;

  virtual KeyRoute route(std::string_view key) const = 0;

  // The engine found `keys` of this node unconfirmed: brings what other nodes hold of them. `done` runs once, before
  // `deadline`, on an I/O thread or within this call; true: all of them can be served here now, as long as the route
  // stays. False: not yet; the caller may try again later.
  virtual void fetch(std::vector<std::string> keys, TimePoint deadline, std::function<void(bool)> done) = 0;

  // Why this call must not wait for a key that cannot be served yet; empty: it may.
  virtual std::string_view refusal_to_wait(const CallInfo& call) const = 0;

  // `node` has answered that it does not know this store's service: from now on it is foreign.
  virtual void note_foreign(const NodeAddress& node) = 0;
  virtual ForeignStore& foreign_store() = 0;

  // --- get and put, by which foreign nodes also hand over keys and check what they gave ---

  // Whether a get for `key` is answered with what lies here, whoever owns it.
  virtual bool answers_regardless(std::string_view key) = 0;
  // Takes a put that must neither wait for the owner of its key nor be forwarded to it. True: it is done, or needs not
  // be. False: nothing was done; it is served like any other call.
  virtual bool takes_put(std::string_view key, std::string_view value, const CallInfo& call) = 0;
  // The same for a put whose key the engine found unconfirmed. `unconfirmed`: nothing was done; it waits.
  virtual Result<Outcome> put_unconfirmed(std::string_view key, std::string_view value, OwnershipProof proof) = 0;
};

}  // namespace p2p::diststore
