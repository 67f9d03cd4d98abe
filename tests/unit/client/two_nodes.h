// What does a small network of the store look like to the client? Two nodes that the test plays, and their usual
// replies.
#pragma once

#include "fake_node.h"
#include "placement/classic_ring.h"

#include <p2p/client.h>

#include <Store.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::client::test {

inline std::string read_reply(const Asked& asked, const std::string& value, std::uint64_t view) {
  diststore::Store_read_result result;
  result.__isset.success = true;
  result.success.found = true;
  result.success.__set_value(value);
  result.success.__set_view(static_cast<std::int64_t>(view));
  return reply_of(asked, result);
}

inline std::string write_reply(const Asked& asked) {
  diststore::Store_write_result result;
  result.__isset.success = true;
  return reply_of(asked, result);
}

// Two nodes that tell a ring of both and answer with their own names.
class TwoNodes : public testing::Test {
 protected:
  TwoNodes() {
    for (FakeNode* node : {&one_, &two_}) {
      node->tell_ring(members_);
      serve(*node);
    }
  }

  void serve(FakeNode& node) {
    node.apply([this, name = node.address().name()](const Asked& asked) -> std::optional<std::string> {
      if (asked.method == "read") return read_reply(asked, name, FakeNode::view_of(members_));
      return write_reply(asked);
    });
  }

  // A key of that node, by the rule that the nodes have.
  std::string key_of(const FakeNode& node, const std::string& prefix = "k") const {
    std::vector<std::string> names{one_.address().name(), two_.address().name()};
    std::sort(names.begin(), names.end());
    const placement::ClassicRing ring(names);
    for (int number = 0;; ++number) {
      std::string key = prefix + std::to_string(number);
      if (names[ring.owner_of(key)] == node.address().name()) return key;
    }
  }

  Options options(Duration timeout = std::chrono::seconds(5)) const {
    return {.seeds = {one_.address()}, .timeout = timeout};
  }

  FakeNode one_;
  FakeNode two_;
  const std::vector<NodeAddress> members_{one_.address(), two_.address()};
};

}  // namespace p2p::client::test
