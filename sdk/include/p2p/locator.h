// Who is in the network, and who owns a key? What the locator plugin offers to other services, and the ring layers by which
// they take part in its changes: the seed system's add() and cleanup() overrides.
#pragma once

#include <p2p/completion.h>
#include <p2p/location.h>
#include <p2p/subscription.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace p2p {

// `location` is null on an empty ring; otherwise it lives as long as its view.
struct Owner {
  const Location* location = nullptr;
  bool is_self = false;
};

// Members and ring at one moment; never changes. Every method: [any thread].
class P2P_API RingView {
 public:
  virtual ~RingView();

  // Equal on two nodes exactly when members and placement are (hash of both).
  virtual std::uint64_t fingerprint() const noexcept = 0;
  virtual const std::vector<Location>& members() const noexcept = 0;  // sorted by name

  // Nodes that own nothing any more, and still hand over what they hold. Sorted by name; not part of the fingerprint.
  virtual const std::vector<Location>& leaving() const noexcept = 0;
  virtual Owner owner_of(std::string_view key) const = 0;

  // Up to `count` different nodes, the owner first, in the order in which they would take over.
  virtual std::vector<Location> owners_of(std::string_view key, std::size_t count) const = 0;
};

// Continues a chain of ring layers. Call it exactly once, now or later, on any thread: a layer that lets go of it uncalled
// has it called by its destructor.
using Next = Completion;

// A service's part in changes of the ring, run on the locator's strand with no lock held, in the order of priority: the
// highest first, the ring itself last. A layer must not block; long work goes elsewhere and keeps `next`.
class P2P_API RingLayer {
 public:
  virtual ~RingLayer();

  // `joined` enters the ring when `next` has run to the end: what stands before the call of `next` sees the ring without it,
  // what stands behind sees it with it. Runs once for each join, whichever way the node heard of it. [locator's strand]
  virtual void add(const Location& joined, Next next);

  // `left` leaves the ring: it was given up, or said so; then it is among the view's leaving() for as long as it hands
  // over. [locator's strand]
  virtual void remove(const Location& left, Next next);

  // This node leaves, and the others have been told, as far as they could be: it owns nothing any more (decision 7). Hand
  // over what it holds to its owners, then call `next`, after which this node ends. The ring may change meanwhile: add() and
  // remove() go on being called. Bounded as Plugin::drain() is. Runs at most once. [locator's strand]
  virtual void cleanup(std::shared_ptr<const RingView> ring_without_self, Next next);
};

struct RingChange {
  std::vector<Location> added;
  std::vector<Location> removed;
  std::shared_ptr<const RingView> view;  // after the change
};

class P2P_API ILocator {
 public:
  static constexpr const char* kId = "p2p.locator.ILocator/2";
  virtual ~ILocator();

  // The newest view. The reference of view() holds until this thread's next call of view() or shared_view(). [any thread]
  virtual const RingView& view() const = 0;
  virtual std::shared_ptr<const RingView> shared_view() const = 0;

  // A ring of any nodes, as this network places keys: what if these were the members? [any thread]
  virtual std::shared_ptr<const RingView> ring_of(std::vector<Location> members) const = 0;

  // Runs `then` once this node is part of its network, and the ring shows it; or serves alone, because none of the nodes
  // that it was to join has answered in time. Now, or later on the locator's strand; not at all when the node leaves or
  // ends before. [any thread]
  virtual void when_settled(std::function<void()> then) = 0;

  // Layers of equal priority run in the order of registration. `name` is for the log. [any thread]
  virtual Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) = 0;

  // Told after each published view, on the locator's strand, before what stands behind a layer's `next`; only listens. A view
  // that differs in its leaving() only comes with nothing added or removed. [any thread]
  virtual Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener) = 0;

  // The wire's classic calls, whichever service they came through; they return at once. [any thread]
  virtual void join(const Location& joiner) = 0;
  virtual void add(const Location& location, std::vector<Location> authorities) = 0;
  virtual void remove(const Location& location, std::vector<Location> authorities) = 0;
  virtual void log_view() const = 0;

  // A connect to `member` failed (ErrorKind::refused; of silence and strangers the host tells). It is asked at once, and in classic mode removed when that fails, too, often enough; a report
  // alone removes nobody. [any thread]
  virtual void report_unreachable(const Location& member) = 0;

  // For the host: what hello and forward carry. `table` is opaque and comes from another node's encode_table(). [any thread]
  virtual std::string placement() const = 0;
  virtual std::string encode_table() const = 0;
  virtual void merge_table(const Location& from, std::string_view table) = 0;
};

}  // namespace p2p
