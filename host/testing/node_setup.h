// From a test's options to a checked configuration, read by the host's own reader.
#pragma once

#include "preflight/load_configuration.h"

#include <p2p/testing.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace p2p::testing {

struct FakePlugins {
  std::function<std::shared_ptr<Plugin>()> locator = nullptr;
  std::function<std::shared_ptr<Plugin>()> store = nullptr;
};

// Each call reads the configuration of a node in `folder`; with the service `also_enabled`, whatever the file says.
// Each of `fakes` makes the plugin that replaces the real one; empty: none does. Throws std::runtime_error when the
// options are contradictory.
using ReadConfiguration = std::function<host::ConfigurationOutcome(const std::optional<std::string>& also_enabled)>;
ReadConfiguration reader_for_test(const NodeOptions& options, const std::filesystem::path& folder, FakePlugins fakes);

// Throws std::runtime_error with every mistake.
host::LoadedConfiguration read_or_throw(const ReadConfiguration& read);

// Makes `toml` the configuration of the node in `folder`, from the next reading on.
void write_configuration(const std::filesystem::path& folder, const std::string& toml);

// Where the node keeps its files.
std::filesystem::path data_dir_in(const std::filesystem::path& folder);

}  // namespace p2p::testing
