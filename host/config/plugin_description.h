// What does a plugin say about itself? Its descriptor as plain values; read from the file by plugins/descriptor.h.
#pragma once

#include "config/option.h"

#include <string>
#include <vector>

namespace p2p::host {

struct PluginDescription {
  std::string name;
  std::string version;
  std::string summary;
  std::vector<std::string> provides;  // versioned interface ids
  std::vector<std::string> required;
  std::vector<std::string> optional;
  std::vector<std::string> serves;  // IDL services, "diststore.Store"
  std::vector<Option> options;      // of [services.NAME.config], in the order of declaration
};

}  // namespace p2p::host
