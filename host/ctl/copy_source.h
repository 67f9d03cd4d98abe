// What does the network to copy from hold? All its keys with their values, page by page.
#pragma once

#include "ctl/copy_networks.h"
#include "ctl/session.h"

#include <p2p/client.h>
#include <p2p/units.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl {

struct CopyEntry {
  std::string key;
  std::string value;
  std::optional<TimePoint> ends_at = {};  // by the clock here; nothing: never

  std::size_t bytes() const noexcept { return key.size() + value.size(); }
};

struct CopyStep {
  enum class Kind : std::uint8_t {
    page,
    last_page,
    again,   // the pass may have missed keys: begin() another one
    failed,  // no other pass would do better
  };
  Kind kind = Kind::page;
  std::vector<CopyEntry> entries = {};
  Error error = {};  // of `again` and `failed`
};

// One thread at a time.
class CopySource {
 public:
  virtual ~CopySource() = default;

  // A pass over all keys begins. Once one has come to its last page, it has shown each key that existed all the while.
  virtual void begin() = 0;
  virtual CopyStep next() = 0;
};

struct CopyRequest {
  std::string prefix;                       // of keys; empty: all
  const std::atomic<bool>& is_interrupted;  // then no attempt is repeated
};

// By the scan of its store. `from` names a node of it.
Result<std::unique_ptr<CopySource>> agreed_source(const Session& from, const CopyRequest& request);
// By asking each of its members for what it has (docs/decisions/0042). `network`: as the node of `from` knows it.
std::unique_ptr<CopySource> classic_source(const Session& from, Network network, const CopyRequest& request);

}  // namespace p2p::ctl
