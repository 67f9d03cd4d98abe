// The plugin without its descriptor and membership implementation: creates, in reading order, the ring with its layers,
// the shell that runs membership and discovery, and the services for others.
#pragma once

#include "implementation.h"
#include "settings.h"

#include <p2p/plugin.h>

#include <memory>

namespace p2p::ring {

class LocatorPlugin : public Plugin {
 public:
  explicit LocatorPlugin(MakeImplementation make) : make_(std::move(make)) {}

  Result<Done> configure(const Config& config) override;
  Result<Done> start(Context& context) override;
  void ready(Completion done) override { shell_->begin(std::move(done)); }
  void drain(Completion done) override { shell_->leave(std::move(done)); }
  void stop() override;

 private:
  const MakeImplementation make_;
  std::shared_ptr<LocatorShell> shell_;
};

}  // namespace p2p::ring
