// A network for an afternoon: nodes of a configuration of the user's in a temporary folder, a load on them, faults, and
// a verdict. Nothing of it is left when it ends, however it ends.
#pragma once

#include "ctl/lab/history_run.h"
#include "ctl/lab/nodes.h"
#include "ctl/lab/plan.h"
#include "ctl/lab/verdict.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl::lab {

// --- limits ---
inline constexpr Duration kLoadEndMax = std::chrono::minutes(2);  // that a load of the user's own takes for its verdict
inline constexpr std::size_t kProofsMax = 3;                      // keys that are proved to be wrong, in words

struct LabOptions {
  std::string program;  // p2phost
  std::string configuration;
  std::vector<std::string> arguments;  // of each node
  std::string load;                    // a command for sh; "": the lab's own load
  std::uint64_t seed = 1;
  bool keeps_folder = false;
  const std::atomic<bool>& is_interrupted;
  std::function<void(const std::string& line)> tell;  // as things happen
};

class Lab final {
 public:
  // Makes the temporary folder.
  static Result<std::unique_ptr<Lab>> create(LabOptions options);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Starts the nodes, waits until they are one whole network, and starts the load. Links can be cut if `has_cuts`.
  Result<Done> start(const Script& script, bool has_cuts);
  // What comes of these is in the findings.
  void run(const std::vector<Act>& acts);
  void apply(Deed deed, std::uint32_t node);

  // A problem has come up, or somebody has interrupted: nothing more is done.
  bool is_over();
  Nodes& nodes() { return *nodes_; }
  std::uint64_t operations() const;
  nlohmann::json counts() const { return load_ ? load_->counts() : nlohmann::json::object(); }

  // Ends the load, and what it has found. Once.
  Findings finish();

 private:
  Lab(LabOptions options, std::string folder) : options_(std::move(options)), folder_(std::move(folder)) {}
  Result<Done> start_load(const Script& script);
  Result<Done> wait_healthy(Duration within);
  void run_one(const Act& act);
  void wait_operations(const Act& act);
  void pause(Duration time);
  void finish_own_load();
  void finish_command();
  void note_problem(std::string problem);
  std::string history_file() const { return folder_ + "/history.jsonl"; }

  const LabOptions options_;
  const std::string folder_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Links links_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<history::HistoryRun> load_;
  std::optional<Child> command_;
  Findings findings_;
  std::uint32_t nodes_ever_ = 0;
};

}  // namespace p2p::ctl::lab
