// What does a copy do with what its primary says (W3, I5 to I8)? Made for one call; what it knows is in the partition.
#pragma once

#include "replication/content.h"
#include "replication/effects.h"
#include "replication/site.h"

#include <map>
#include <string>

namespace p2p::diststore::replication {

class Copy final {
 public:
  Copy(Site& site, HeldPartition& held, Effects& effects)
      : site_(site), held_(held), state_(held.state), content_(site, held), effects_(effects) {}

  // The sender's map is not newer than this node's.
  void on_message(Node from, Message& message);

 private:
  void take(Node from, Message& message);
  bool may_be_read() const;

  using Newest = std::map<std::string, WriteVersion, std::less<>>;

  // --- order (copy.cc) ---
  bool follows(Node from, const Message& message) const;
  void refuse(Node from, const Head& head);
  void refuse_stream();  // something of it is missing
  void on(Replicate& message);
  void on(CommitIndex& message) { take_commit(message.commit); }
  void take_commit(Seq commit);
  void owe_ack();
  void send(Body body);

  // --- sync (copy_sync.cc) ---
  void on_sync(Node from, const Head& head, const Sync& sync);
  void note_suspects(const Sync& sync);
  bool needs_fill(const Head& head, const Sync& sync);
  void name_uncommitted();
  void take_operations(const Head& head, const Sync& sync, bool is_to_be_filled);
  bool agrees_with(const Head& head, const Sync& sync) const;
  void take_list(const Head& head, const Sync& sync);
  void restart_log(const Sync& sync, bool is_to_be_filled);
  void fetch_suspects();

  // --- being filled (copy_fill.cc) ---
  void ask_for_fill();
  void on(BeginBackfill& message);
  void on(Items& items);
  void on(Complete& message);
  bool wants(const Item& item, bool is_fetched);
  void note_uncommitted(const Item& item);

  Site& site_;
  HeldPartition& held_;
  CopyState& state_;
  Content content_;
  Effects& effects_;
};

}  // namespace p2p::diststore::replication
