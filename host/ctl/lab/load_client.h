// How does one client of a load spend its life? It draws an operation, asks the network through the client library,
// records what came of it, and starts again. Here an operation of a history becomes a call, and the outcome its ending.
#pragma once

#include "ctl/lab/recorder.h"

#include <p2p/client.h>

#include <chrono>
#include <map>
#include <random>
#include <stop_token>

namespace p2p::history {

struct LoadSettings {
  std::vector<NodeAddress> seeds;
  std::uint32_t clients = 8;
  std::uint32_t keys = 100;
  std::string key_prefix = "k";
  std::uint32_t read_percent = 50;
  std::uint32_t erase_percent = 10;     // the rest are writes
  std::uint32_t condition_percent = 0;  // of writes and erases: those that depend on what the client saw last
  std::uint64_t seed = 1;
  std::size_t value_bytes = 32;
  std::chrono::milliseconds deadline{2'000};  // of each call
  std::chrono::microseconds pause{1'000};     // of each client, after each call
};

// The key of this number, and which of the owners it had in the beginning.
struct LoadKey {
  std::string name;
  std::size_t owner = 0;
};

class LoadClient final {
 public:
  // All outlive it. `number` signs its calls and values.
  LoadClient(const LoadSettings& settings, const std::vector<LoadKey>& keys, Recorder& recorder, std::uint32_t number);

  // Calls until it is told to stop. [own thread]
  void run(const std::stop_token& stop);

  // Reads the key until it is answered; false when it was not in time. [while nothing runs]
  bool read_at_last(const LoadKey& key, std::chrono::steady_clock::time_point give_up);

 private:
  struct Failed {
    const char* kind = "";
    std::string text{};
  };

  Operation draw(const LoadKey& key);
  Failed ask(Operation& operation);
  Failed ask_read(Operation& operation);
  Failed ask_write(Operation& operation);
  Failed ask_erase(Operation& operation);
  void draw_condition(Operation& operation);
  client::CallOptions options_of(const Operation& operation) const;
  void see(const Operation& operation);
  template <class T>
  Failed failed(Operation& operation, const client::Outcome<T>& outcome) const;

  const LoadSettings& settings_;
  const std::vector<LoadKey>& keys_;
  Recorder& recorder_;
  const std::uint32_t number_;
  std::mt19937_64 random_;
  std::uint32_t values_ = 0;
  std::map<std::string, Version> seen_;  // what it was told last of each key's value
  client::Client client_;
};

Moment moment_now();

}  // namespace p2p::history
