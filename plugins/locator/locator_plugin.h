// The plugin without its descriptor and membership implementation: creates, in reading order, the ring with its layers,
// the shell that runs membership and discovery, and the services for others.
#pragma once

#include "implementation.h"
#include "settings.h"

#include <p2p/plugin.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ring {

class LocatorPlugin : public Plugin {
 public:
  explicit LocatorPlugin(MakeImplementation make) : make_(std::move(make)) {}

  Result<Done> configure(const Config& config) override;
  Result<Done> start(Context& context) override;
  void ready(Completion done) override { shell_->begin(std::move(done)); }
  void drain(Completion done) override { shell_->leave(std::move(done)); }
  void stop() override;
  Result<Reconfigured> reconfigure(const Config& config) override;
  std::optional<Reconfigured> would_reconfigure(const Config& config) override;

 private:
  const MakeImplementation make_;
  Config config_;  // in force
  std::vector<std::string> live_options_;
  std::function<void(const Config& config)> apply_options_;
  std::shared_ptr<LocatorShell> shell_;
};

}  // namespace p2p::ring
