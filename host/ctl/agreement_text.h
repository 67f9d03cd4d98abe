// Do all members of an agreed cluster have the same map? What they answer, put together.
#pragma once

#include "ctl/exit_code.h"

#include <p2p/result.h>

#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl {

struct Told {
  std::string address;
  Result<cluster_view::State> state;
};

struct Survey {
  struct Behind {
    std::string address;
    std::int64_t epochs = 0;
  };
  struct Trouble {
    std::string address;
    std::string why;
  };
  struct Link {
    std::string from;
    std::string to;
    std::int64_t since_ms = 0;
    std::string why;
  };

  std::int64_t epoch = 0;      // the newest that any member told
  std::int64_t level = 0;      // the feature level in force
  std::int64_t since_ms = 0;   // when the first of them learnt of it
  std::int64_t spread_ms = 0;  // until the last of them had
  std::size_t members = 0;     // that are up
  std::size_t agree = 0;
  std::vector<Behind> behind;
  std::vector<Trouble> silent;  // or members of another cluster
  std::vector<std::string> down;
  std::vector<std::string> voters;
  std::vector<std::string> voters_down;  // by the map, or silent
  std::vector<Link> broken_links;
  std::vector<Trouble> waiting;  // for what they are not ready
  std::vector<std::string> without_lease;

  bool has_majority() const { return 2 * (voters.size() - voters_down.size()) > voters.size(); }
  bool is_healthy() const;
};

// Of the answers of all members that are up by the map of one of them; at least one of them has answered.
Survey survey_of(const std::vector<Told>& told);

std::string agreement_text(const Survey& survey, std::int64_t now_ms);
nlohmann::json agreement_json(const Survey& survey);

}  // namespace p2p::ctl
