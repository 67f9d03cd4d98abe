// A load whose history is recorded: clients that call a network without end, from create() to stop(), while others do
// to its nodes what they like. Then every key is read once more, for the history to end with.
#pragma once

#include "ctl/lab/load_client.h"

#include <p2p/result.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace p2p::history {

class HistoryRun final {
 public:
  // Asks for the owners of all keys, for as long as a network may take to have some, and starts the clients; an error
  // when nobody tells them, or when the file cannot be made.
  static Result<std::unique_ptr<HistoryRun>> create(const LoadSettings& settings, const std::string& file);
  ~HistoryRun() { end_clients(); }
  HistoryRun(const HistoryRun&) = delete;
  HistoryRun& operator=(const HistoryRun&) = delete;

  nlohmann::json counts() const { return recorder_->counts(); }  // [any thread]

  struct End {
    nlohmann::json summary;       // as Measures tells it
    Moment final_reads_from = 0;  // what was invoked before is of the load
    std::size_t unread = 0;       // keys that could not be read
    bool is_complete = false;     // the file is
  };
  // Waits for calls in hand, which take their deadline at most, and for the final reads, for which there is a limit.
  // Once. `is_given_up` is asked between keys: the rest counts as unread.
  End stop(const std::function<bool()>& is_given_up = {});

 private:
  HistoryRun(const LoadSettings& settings, std::vector<LoadKey> keys, std::unique_ptr<Recorder> recorder);
  void end_clients();
  std::size_t read_all(const std::function<bool()>& is_given_up);

  const LoadSettings settings_;
  const std::vector<LoadKey> keys_;
  const std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::jthread> threads_;
};

}  // namespace p2p::history
