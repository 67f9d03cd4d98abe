// How does p2pctl show where a key is, and why there? Pure: text and JSON of what was asked of several nodes.
#pragma once

#include <p2p/result.h>

#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace p2p::ctl {

// As p2pctl writes and reads versions: STAMP.NODE, both as unsigned numbers. In an agreed cluster these are the term,
// and the place among the partition's writes.
std::string version_text(std::int64_t stamp, std::int64_t node);

struct StoredVersion {
  std::int64_t stamp = 0;
  std::int64_t node = 0;
  std::size_t value_bytes = 0;
};

struct WhyThere {
  std::string key;
  cluster_view::State cluster;                // as the node that was asked knows it
  cluster_view::Partition partition;          // that of the key, by the same node
  Result<std::int64_t> lease_left_ms;         // as the primary says; or why it could not be asked
  Result<std::optional<StoredVersion>> read;  // nothing: there is no such key; or why that is not known

  // The key is there, and its primary may act.
  bool is_well() const;
};

std::string why_text(const WhyThere& found);
nlohmann::json why_json(const WhyThere& found);

}  // namespace p2p::ctl
