// What may a service tell its host about the way in and the way out? Who takes part in Plugin::drain() or
// RingLayer::cleanup() with more than a few messages asks for it in start(): context.find<p2p::Drain>(), which the host
// answers itself, whatever the descriptor lists.
#pragma once

#include <p2p/abi.h>
#include <p2p/export.h>

#include <functional>
#include <string>
#include <vector>

namespace p2p {

// Of one service. Since ABI 1.2.
class P2P_API Drain {
 public:
  static constexpr const char* kId = "p2p.host.Drain/1";
  virtual ~Drain();

  // For callers that cannot be told to wait, or to go elsewhere. Calls of these methods are handled as soon as start()
  // has returned, while all others wait until the service is ready, and may be overtaken. While it drains, clients'
  // calls of them are handled as well, as are those of locator.Base and, where the service extends it, of
  // locator.Locator. They are refused once everything has drained. [control]
  virtual void always_take(std::vector<std::string> methods) = 0;

  // Something has been handed over, or has come that must be: `[host] drain_timeout` begins anew. [any thread]
  virtual void progressed() noexcept = 0;

  // `left` says what is lost if the service ends as it stands, a line for each other node that should have got something: how
  // much, of how much, to whom and why not; no line: nothing. It is called once, when the drain is over or is given up; nothing
  // may be handed over from then on. A line makes the node end with 69. [control]
  virtual void when_over(std::function<std::vector<std::string>()> left) = 0;
};

}  // namespace p2p
