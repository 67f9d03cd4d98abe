// What is an operator shown before and after a recovery?
#pragma once

#include <ClusterAdmin.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace p2p::ctl {

// What it would do, and what may be lost by it.
std::string recovery_text(const cluster_view::RecoveryPlan& plan, std::int64_t now_ms);
nlohmann::json recovery_json(const cluster_view::RecoveryPlan& plan);

// What has to be typed to confirm it: the beginning of the cluster's id.
std::string confirmation_of(const cluster_view::RecoveryPlan& plan);

}  // namespace p2p::ctl
