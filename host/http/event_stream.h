// What does one page hear as it happens? A row of events on its connection: of the cluster, as the node's locator tells
// them, and of the states of the node's services. One call to the locator waits for each stream; nothing is done for
// pages that are not there.
#pragma once

#include "http/event_text.h"
#include "serving/loop.h"
#include "serving/service_router.h"

#include <Locator.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace p2p::host {

// Of one listener: pages that somebody looks at. One more is refused.
inline constexpr std::int64_t kEventStreamsMax = 32;
// Who has left this much unread beside what the kernel holds gets nothing more: its stream ends. It may go on with
// another one from the place up to which it has read.
inline constexpr std::size_t kUnreadEventBytesMax = 64 * 1024;
// The locator is asked again after so long without an event, and services are looked at.
inline constexpr std::chrono::milliseconds kEventWait{1000};
// Changes that follow each other faster come together. Also after an answer that says nothing: a node that is ending
// lets nobody wait.
inline constexpr std::chrono::milliseconds kEventPause{200};
// Something is sent as often, by which a connection that has gone is noticed, here and by the page.
inline constexpr std::chrono::seconds kEventSilenceMax{5};

// Streams that are open on a listener. Outlives its server: a stream may end with its loop.
using StreamCount = std::atomic<std::int64_t>;

class EventStream final : public std::enable_shared_from_this<EventStream> {
 public:
  // Takes a place of `open`, which its caller has found to be free, and begins an answer. [own loop]
  EventStream(Loop& loop, ServiceRouter& router, ReplySink& origin, std::shared_ptr<StreamCount> open);
  ~EventStream();

  // Begins with `head`, and goes on after `place` until the connection is closed or too much is unread. [own loop,
  // once]
  void start(std::string head, EventPlace place);
  // Answers that and ends. [own loop, instead of start()]
  void refuse(std::string response);

 private:
  void turn();
  bool is_leaving() const;
  void ask_for_cluster_events();
  void ask_for_members();
  void take_members(std::vector<locator::Location> members);
  std::string changes_of_services();
  // False: the stream has ended.
  bool send(std::string text);
  void turn_after(std::chrono::milliseconds pause);
  void end();

  Loop& loop_;
  ServiceRouter& router_;
  const OriginRef origin_;
  const std::shared_ptr<StreamCount> open_;
  asio::steady_timer timer_;
  std::uint64_t call_;  // the one that keeps the answer open
  bool has_ended_ = false;
  TimePoint sent_at_{};
  EventPlace place_;
  std::map<std::string, std::string> states_;  // of services, as told
  bool knows_states_ = false;
  std::vector<std::string> members_;  // of mode classic, as told
  bool knows_members_ = false;
};

}  // namespace p2p::host
