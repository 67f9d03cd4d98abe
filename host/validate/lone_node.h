// How does a plugin behave in a real node? In a node of its own on a free loopback port, with its own data folder, that
// looks for no network: started, queried, asked to leave, and examined afterwards.
#pragma once

#include "preflight/load_configuration.h"
#include "trial/trial.h"
#include "validate/subject.h"

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
  bool was_ready = false;           // it got ready to serve
  std::vector<std::string> errors;  // what host and services logged as errors
  std::string idl;                  // the IDL that the subject's service serves, according to the node's status
  std::string answer;     // to service_type(): its text; or why there was none, which is normal for most services
  bool has_type = false;  // `answer` is a text that the service gave
};

// One run from start to stop, driven on the calling thread. `name` is the subject's service; the steps reported to
// `trial` name its callbacks. Needs open_log(). [control]
NodeLife live_once(LoadedConfiguration configuration, const std::string& name, Trial& trial);

}  // namespace p2p::host
