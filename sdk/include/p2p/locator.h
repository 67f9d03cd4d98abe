// Who is in the network, and who owns a key? What the locator plugin offers other services, and the ring layers through
// which they take part in ring changes, as the 2009 system's overrides of add() and cleanup() did.
#pragma once

#include <p2p/completion.h>
#include <p2p/node_address.h>
#include <p2p/partitions.h>
#include <p2p/subscription.h>
#include <p2p/units.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p {

// `address` is null if nobody owns the key: on an empty ring, and in an agreed cluster while every copy of its
// partition is down, or where no member runs the service. Otherwise it lives as long as its view.
struct Owner {
  const NodeAddress* address = nullptr;
  bool is_self = false;
};

// Members and owners at one moment; never changes. In classic mode keys are on the ring of the 2009 system. In an
// agreed cluster each key is in a partition, whose primary owns it; the defaults below are classic mode's. Every
// method: [any thread].
class P2P_API RingView {
 public:
  virtual ~RingView();

  // A hash of members and placement: equal on two nodes exactly when both are.
  virtual std::uint64_t fingerprint() const noexcept = 0;
  virtual const std::vector<NodeAddress>& members() const noexcept = 0;  // sorted by name

  // Nodes that are still handing over what they hold; on a ring they no longer own anything. Sorted by name; not part
  // of the fingerprint.
  virtual const std::vector<NodeAddress>& leaving() const noexcept = 0;

  // The key's owner: on the ring, or the primary of its partition. May be one of leaving() until another has taken
  // over.
  virtual Owner owner_of(std::string_view key) const = 0;

  // The key's owner among the nodes that run `service`, by its configured name; classic mode ignores the name. In an
  // agreed cluster: the owner if it runs the service, else the next in the order of owners_of() that does.
  virtual Owner owner_of(std::string_view key, std::string_view service) const;

  // Up to `count` different nodes, the owner first, in the order in which they would take over.
  virtual std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const = 0;

  // The number of the cluster map that this is a view of: the higher, the newer. 0 in classic mode.
  virtual std::uint64_t epoch() const noexcept;

  // A power of two that never changes in a cluster; 0: keys are on the classic ring, and have no partition.
  virtual std::uint32_t partition_count() const noexcept;

  // Less than partition_count(), whatever the members; 0 in classic mode.
  virtual std::uint32_t partition_of(std::string_view key) const noexcept;

  // The owner of every key in `partition`, which is less than partition_count().
  virtual Owner owner_of_partition(std::uint32_t partition) const;

  // The nodes that have a copy of the key's partition in sync, and are up; its owner first. None in classic mode.
  virtual std::vector<NodeAddress> copies_of(std::string_view key) const;
};

// Continues a chain of ring layers. Call it exactly once, now or later, on any thread. If a layer drops it uncalled,
// the chain continues as soon as the layer has returned, and the log names the layer.
using Next = Completion;

// A service's part in ring changes. Layers run on the locator's strand with no lock held, in order of priority: the
// highest first, the ring itself last. A layer must not block; long work runs elsewhere and keeps `next`.
class P2P_API RingLayer {
 public:
  virtual ~RingLayer();

  // `joined` enters the ring when `next` has run to its end: code before the call to `next` sees the ring without it,
  // code after it sees the ring with it. Runs once for each join, however the node learnt of it. [locator's strand]
  virtual void add(const NodeAddress& joined, Next next);

  // `left` leaves the ring: it was given up as lost, or has announced that it leaves. A node that announced it is in
  // the view's leaving() while it hands over. [locator's strand]
  virtual void remove(const NodeAddress& left, Next next);

  // This node is leaving and has announced it as far as possible: it no longer owns anything (decision 7). Hand over
  // what it holds to the owners, then call `next`; this node ends afterwards. The ring may change meanwhile:
  // add() and remove() are still called. Bounded as Plugin::drain() is. Runs at most once. [locator's strand]
  virtual void cleanup(std::shared_ptr<const RingView> ring_without_self, Next next);
};

struct RingChange {
  std::vector<NodeAddress> added;
  std::vector<NodeAddress> removed;
  std::shared_ptr<const RingView> view;  // after the change
};

// See ILocator::newest_map(). `at` is in the past, by this node's clock; TimePoint::min(): nothing is known.
struct NewestMap {
  std::uint64_t epoch = 0;
  TimePoint at = TimePoint::min();
};

class P2P_API ILocator {
 public:
  static constexpr const char* kId = "p2p.locator.ILocator/3";
  virtual ~ILocator();

  // The newest view. The reference from view() is valid until this thread next calls view() or shared_view(). [any
  // thread]
  virtual const RingView& view() const = 0;
  virtual std::shared_ptr<const RingView> shared_view() const = 0;

  // The ring that `members` would form with this network's placement: for what-if questions. [any thread]
  virtual std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const = 0;

  // Until when this node may act as the owner of what the view says it owns. Ask after the work that relies on it, and
  // compare with the time then: it may have ended, and it may have been prolonged. Always TimePoint::max() in classic
  // mode. [any thread]
  virtual TimePoint lease_held_until() const;

  // Runs `then` once this node is part of its network and the ring shows it, or once it serves alone because none of
  // the nodes that it was to join answered in time. Runs it now, or later on the locator's strand; never if the node
  // leaves or ends first. [any thread]
  virtual void when_joined(std::function<void()> then) = 0;

  // Layers of equal priority run in the order of registration. `name` is for the log. [any thread]
  virtual Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) = 0;

  // Calls `listener` after each published view, on the locator's strand, before the code after a layer's `next`. A view
  // that differs only in its leaving() has nothing added or removed. [any thread]
  virtual Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener) = 0;

  // The calls of the classic wire, whichever service received them. They return at once. [any thread]
  virtual void join(const NodeAddress& joiner) = 0;
  virtual void add(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) = 0;
  virtual void remove(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) = 0;
  virtual void log_view() const = 0;

  // A connect to `member` failed (ErrorKind::refused; the host itself reports nodes that are silent or turn out to
  // be others). The locator probes it at once; classic mode removes it when enough probes fail as well. A report alone
  // removes no member.
  // [any thread]
  virtual void report_unreachable(const NodeAddress& member) = 0;

  // For the host: what hello and forward carry. `table` is opaque and comes from another node's encode_table(). [any
  // thread]
  virtual std::string placement() const = 0;
  virtual std::string encode_table() const = 0;
  virtual void merge_table(const NodeAddress& from, std::string_view table) = 0;

  // For the host: from now on this node runs these services, by name, sorted. `known` when owner_of(key, service) says
  // so on the other nodes: in an agreed cluster when the cluster map does; at once in classic mode, and while this node
  // is no member. A later call ends the wait of an earlier one. [any thread]
  virtual void run_services(std::vector<std::string> names, Completion known);

  // For the service that holds the data of partitions: registers `holder`, which is told the newest map and all that
  // follow until the subscription ends. Before ready(), so that the cluster never sees this node without it. A node
  // holds partitions while it has a holder and runs its `service`; while no member does, the partitions are empty, and
  // the map says who owns which key, and nothing more. Only one holder at a time. Classic mode has no partitions: the
  // holder is never called. [any thread]
  virtual Subscription hold_partitions(std::string service, std::shared_ptr<PartitionHolder> holder);
  // The map of `node` is newer than this node's, or older: whoever is behind gets the other's. [any thread]
  virtual void compare_maps(PartitionNode node);

  // No map after that of `epoch` had been decided at the moment `at`; while a majority of the voters answers, that is
  // some hundred milliseconds ago. A copy that is in sync by that map, or by a later one, has every write that was
  // acknowledged until then. Never known in classic mode. [any thread]
  virtual NewestMap newest_map() const;
};

}  // namespace p2p
