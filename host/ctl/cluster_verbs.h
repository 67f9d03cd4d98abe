// What do several verbs ask of an agreed cluster?
#pragma once

#include "ctl/session.h"

#include <ClusterView.h>

#include <string>
#include <vector>

namespace p2p::ctl {

inline constexpr const char* kClusterView = "locator.cluster";
inline constexpr const char* kClusterAdmin = "locator.admin";

// What the node knows of its cluster; not_found or unsupported: it is of no agreed cluster.
Result<cluster_view::State> ask_cluster(Connection& node);
// Whether this error of ask_cluster() says that the node, which is there, agrees with nobody.
bool is_other_mode(const Error& error);
// The same in words, for verbs that only an agreed cluster has.
Error explained(const Error& error);

// The words after a verb `plan`: "-NODE" is no option there, and becomes "leave NODE". All others stay as they are.
std::vector<std::string> with_words_of_plan(int argc, const char* const* argv);

}  // namespace p2p::ctl
