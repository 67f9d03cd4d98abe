// What may a service tell its host about starting and draining? A service whose Plugin::drain() or RingLayer::cleanup()
// takes more than a few messages gets it in start() by context.find<p2p::Drain>(), which the host answers itself,
// whatever the descriptor lists.
#pragma once

#include <p2p/abi.h>
#include <p2p/export.h>

#include <functional>
#include <string>
#include <vector>

namespace p2p {

// One for each service.
class P2P_API Drain {
 public:
  static constexpr const char* kId = "p2p.host.Drain/2";
  virtual ~Drain();

  // For callers that can neither wait nor go elsewhere. Calls of these methods are handled as soon as start() has
  // returned; all others wait until the service is ready, and may be overtaken. While the service drains, client calls
  // of these methods are still handled, as are those of locator.Base and, where the service extends it, of
  // locator.Locator. They are refused once everything has drained. [control]
  virtual void always_take(std::vector<std::string> methods) = 0;

  // Something was handed over, or something arrived that must be: restarts `[host] drain_timeout`. [any thread]
  virtual void progressed() noexcept = 0;

  // `left` says what is lost if the service ends now, with a line for each node that should have got something: how
  // much, of how much, to which node and why not; no line: nothing is lost. Called once, when the drain is over or
  // given up; nothing may be handed over from then on. Any line makes the node exit with 69. [control]
  virtual void when_over(std::function<std::vector<std::string>()> left) = 0;

  // The node waits for the calls that it has taken before it stops: `answer` is to answer those that the service keeps
  // open until something happens, and those that arrive later at once. Called once, when clients' calls are refused
  // already. [control]
  virtual void when_stopping(std::function<void()> answer) = 0;
};

}  // namespace p2p
