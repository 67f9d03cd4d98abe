// How does a plugin live in a real node? A node of its own on a free loopback port, with a data folder of its own, that
// looks for nobody: started, asked, told to leave, and looked at afterwards.
#pragma once

#include "cli/load_configuration.h"
#include "validate/subject.h"
#include "validate/trial.h"

#include <string>
#include <vector>

namespace p2p::host {

enum class With : std::uint8_t {
  subject_and_providers,
  subject_alone,    // although it may require others
  providers_alone,  // to know what a node leaves behind without the subject
};

// What such a node serves. The subject's required interfaces, and what their providers require, come from the other
// plugins; an error names those that nobody provides.
Result<LoadedConfiguration> plan_lone_node(const Subject& subject, With with);

struct NodeLife {
  ExitCode code = ExitCode::done;   // with which the node ended
  bool was_ready = false;           // it came to serve
  std::vector<std::string> errors;  // what host and services logged as errors
  std::string idl;                  // what the subject's service says that it serves, as the node's status shows it
  std::string answer;     // to service_type(): its text; or why there was none, which is fine for most services
  bool has_type = false;  // `answer` is a text that the service gave
};

// One life from start to stop, driven on the calling thread. `name` is the subject's service; the steps that are told
// to `trial` name its callbacks. Needs open_log(). [control]
NodeLife live_once(LoadedConfiguration configuration, const std::string& name, Trial& trial);

}  // namespace p2p::host
