// What is a run of p2phistory made of? Its options and its limits, in one place.
#pragma once

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace p2p::history {

struct Settings {
  std::uint16_t clients = 8;
  std::uint32_t keys = 50'000;
  std::uint64_t seed = 1;
  std::size_t value_bytes = 100;
  std::chrono::microseconds pause{0};  // of each client, after each call
  // Calls that are recorded, a batch as one for each of its keys; then the clients stop. About 64 bytes each.
  std::size_t calls_max = 5'000'000;
  std::vector<NodeAddress> nodes;
  bool is_through_client = false;  // the client library chooses the nodes; `nodes` are its seeds
};

// A refused or silent node costs a client no more than this.
inline constexpr std::chrono::milliseconds kConnectTimeout{1'000};
// Above the node's own call_timeout of 5 s: its answer says more than our running out of patience.
inline constexpr std::chrono::milliseconds kAnswerTimeout{8'000};
// How long a client leaves a node alone that refused it.
inline constexpr std::chrono::milliseconds kRefusedPause{200};
// How long a client waits when every node has refused it, or there is none.
inline constexpr std::chrono::milliseconds kNoNodePause{10};
// Within this time a store has carried out, or given up, a call whose caller has heard nothing: its call_timeout of 5 s
// and some more. The final reads wait for it.
inline constexpr std::chrono::milliseconds kLateEffectMax{6'000};

inline constexpr std::size_t kSmallBatchKeys = 20;   // of the clients
inline constexpr std::size_t kLargeBatchKeys = 500;  // of the prefill and the final reads
// Batches of the prefill, and of the final reads, are asked again so often, after kRefusedPause each.
inline constexpr int kBatchAttempts = 50;

inline constexpr std::uint32_t kKeysMin = 100;  // enough that small batches find different keys
inline constexpr std::uint32_t kKeysMax = 10'000'000;
inline constexpr std::uint16_t kClientsMax = 256;
inline constexpr std::size_t kValueBytesMax = 20'000;  // a large batch must fit into a frame of 16 MiB
inline constexpr std::size_t kNodesMax = 1'000;        // different addresses in one run
inline constexpr std::size_t kSentencesMax = 50;       // violations that are printed
inline constexpr int kNotesMax = 200;                  // lines on stderr about calls that failed

}  // namespace p2p::history
