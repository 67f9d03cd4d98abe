// Which services does this start leave out, although the configuration enables them? In safe mode those that are not
// required; at any start those whose plugin has crashed the node too often; and always those that depend on one of
// these.
#pragma once

#include "preflight/load_configuration.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2p::host {

class Quarantine;

// The services to start that must run: required ones, and what these need, whatever its own `required` says.
std::set<std::string> indispensable_services(const LoadedConfiguration& loaded);

// Takes the services of `reasons`, and those that depend on them, out of the start: they count as disabled, and their
// `left_out` says why. Services that would not start anyway are skipped.
void leave_out(LoadedConfiguration& loaded, std::map<std::string, std::string> reasons);

// Leaves out what is not indispensable.
void leave_out_for_safe_mode(LoadedConfiguration& loaded);

// Leaves out services whose plugin is in quarantine, unless they are indispensable. Returns a sentence for each of the
// latter.
std::vector<std::string> leave_out_crashers(LoadedConfiguration& loaded, const Quarantine& quarantine);

// One sentence for each service that was left out: which, and why.
std::vector<std::string> left_out_lines(const LoadedConfiguration& loaded);

}  // namespace p2p::host
