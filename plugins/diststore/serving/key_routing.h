// Who answers a call? The path of a call asks this object about each key and knows nothing of how the nodes agree about
// owners. Each mode of the store implements it: classic/classic_routing.h, agreed/agreed_routing.h. What is then done
// with a key that this node serves: keys_here.h.
#pragma once

#include "serving/key_method.h"
#include "serving/key_route.h"

#include <p2p/call.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <diststore_types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

  // Another node, perhaps, that may answer a read of the key from its copy; nothing: only the owner is to be asked.
  // Each call may name another one.
  virtual std::optional<NodeAddress> another_copy(std::string_view key) const = 0;

  // --- get and put, by which foreign nodes also hand over keys and check what they gave ---

  // Takes a get that is answered with what lies here, whoever owns the key. True: it has ended. False: `call` is
  // unchanged, and is served like any other.
  virtual bool takes_get(std::string_view key, Call& call, const KeyMethod& method) = 0;
  // Takes a put that must neither wait for the owner of its key nor be forwarded to it. True: it is done, or needs not
  // be. False: nothing was done; it is served like any other call.
  virtual bool takes_put(std::string_view key, std::string_view value, const CallInfo& call) = 0;
};

}  // namespace p2p::diststore
