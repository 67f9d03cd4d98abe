// Where are the entries of spaces served in an agreed cluster? By the primary of their route key: here, from its copies
// of partitions, or by another node, which is asked once, through the service `StoreSpaces` (idl/diststore.thrift).
#pragma once

#include "agreed/replica_store.h"
#include "serving/store.h"
#include "spaces/entry_access.h"

#include <p2p/handlers.h>

#include <memory>
#include <string>
#include <utility>

namespace p2p::diststore::agreed {

// The part of the store's service that nodes alone may call.
inline constexpr const char* kSpacesPart = "spaces";

class AgreedEntries final : public EntryAccess, public std::enable_shared_from_this<AgreedEntries> {
 public:
  // `spaces_service`: "diststore.spaces". `parts.peers` must live until the host has ended the service's calls.
  AgreedEntries(const StoreParts& parts, std::shared_ptr<KeyRouting> routing, std::shared_ptr<KeysHere> keys,
                std::shared_ptr<ReplicaStore> replicas, std::string spaces_service)
      : parts_(parts),
        routing_(std::move(routing)),
        keys_(std::move(keys)),
        replicas_(std::move(replicas)),
        spaces_service_(std::move(spaces_service)) {}

  void read(const std::string& key, TimePoint deadline, Then<FoundEntry> then) override;
  void change(const EntryChange& change, TimePoint deadline, Then<ChangedEntry> then) override;

  // What other nodes ask.
  void add_methods(Methods& methods);

 private:
  KeyRoute route(std::string_view key) const;
  void read_here(const std::string& key, const KeyRoute& route, Then<FoundEntry> then) const;
  void change_here(const EntryChange& change, Then<ChangedEntry> then) const;
  template <class Args, class Callback>
  void ask(const NodeAddress& owner, const char* method, const Args& args, TimePoint deadline, Callback then) const;

  const StoreParts parts_;
  const std::shared_ptr<KeyRouting> routing_;
  const std::shared_ptr<KeysHere> keys_;
  const std::shared_ptr<ReplicaStore> replicas_;
  const std::string spaces_service_;
};

}  // namespace p2p::diststore::agreed
