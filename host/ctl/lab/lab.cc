#include "ctl/lab/lab.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>  // NOLINT: mkdtemp

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace p2p::ctl::lab {
namespace {

using Clock = std::chrono::steady_clock;

// What makes a history of which the checker can prove something: some keys, of which each changes hands all the time.
constexpr std::uint32_t kReadPercent = 40;
constexpr std::uint32_t kErasePercent = 10;
constexpr std::uint32_t kConditionPercent = 30;
constexpr auto kCallPause = std::chrono::milliseconds(2);

history::OperationsByKey operations_in(const std::string& name, std::vector<std::string>& problems) {
  history::OperationsByKey operations;
  std::ifstream file(name);
  for (std::string line; std::getline(file, line);) {
    auto operation = history::operation_of(line);
    if (!operation.ok()) {
      problems.push_back("the history is damaged: " + operation.error().text);
      return operations;
    }
    operations[operation.value().key].push_back(std::move(operation).value());
  }
  if (!file.is_open() || !file.eof()) problems.emplace_back("the history could not be read");
  return operations;
}

}  // namespace

Result<std::unique_ptr<Lab>> Lab::create(LabOptions options) {
  std::error_code ignored;
  std::string folder = (std::filesystem::temp_directory_path(ignored) / "p2plab-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return Error{ErrorKind::local, fmt::format("{}: {}", folder, std::strerror(errno))};
  return std::unique_ptr<Lab>(new Lab(std::move(options), std::move(folder)));
}

Lab::~Lab() {
  load_.reset();
  command_.reset();
  nodes_.reset();
  std::error_code ignored;
  if (!options_.keeps_folder) std::filesystem::remove_all(folder_, ignored);
}

Result<Done> Lab::start(const Script& script, bool has_cuts) {
  if (has_cuts) {
    if (auto opened = links_.open(); !opened.ok()) return opened;
  }
  nodes_ = std::make_unique<Nodes>(NodesOptions{.program = options_.program,
                                                .configuration = options_.configuration,
                                                .arguments = options_.arguments,
                                                .folder = folder_,
                                                .is_interrupted = options_.is_interrupted},
                                   links_);
  nodes_ever_ = script.nodes;
  if (auto started = nodes_->start(script.nodes); !started.ok()) return started;
  if (auto healthy = wait_healthy(kStartMax); !healthy.ok()) return healthy;
  options_.tell(fmt::format("{} nodes run, in {}", script.nodes, folder_));
  return start_load(script);
}

Result<Done> Lab::start_load(const Script& script) {
  if (options_.load.empty()) {
    history::LoadSettings settings;
    settings.seeds = nodes_->addresses();
    settings.clients = script.clients;
    settings.keys = script.keys;
    settings.key_prefix = "lab";
    settings.read_percent = kReadPercent;
    settings.erase_percent = kErasePercent;
    settings.condition_percent = kConditionPercent;
    settings.seed = options_.seed;
    settings.pause = kCallPause;
    auto load = history::HistoryRun::create(settings, history_file());
    if (!load.ok()) return load.error();
    load_ = std::move(load).value();
    return Done{};
  }
  std::string addresses;
  for (const NodeAddress& address : nodes_->addresses()) addresses += (addresses.empty() ? "" : ",") + address.name();
  auto command = Child::start({.command = {"/bin/sh", "-c", options_.load},
                               .environment = {{"P2P_LAB_NODES", addresses},
                                               {"P2P_LAB_SEED", std::to_string(options_.seed)},
                                               {"P2P_LAB_FOLDER", folder_}},
                               .has_input = true});
  if (!command.ok()) return command.error();
  command_ = std::move(command).value();
  return Done{};
}

Result<Done> Lab::wait_healthy(Duration within) {
  const auto give_up = Clock::now() + within;
  std::string ailment = "nobody was asked";
  while (!is_over()) {
    ailment = nodes_->ailment();
    if (ailment.empty()) return Done{};
    if (Clock::now() >= give_up) break;
    std::this_thread::sleep_for(kLookPause);
  }
  return Error{ErrorKind::timed_out,
               fmt::format("not healthy within {:.1f} s: {}", std::chrono::duration<double>(within).count(), ailment)};
}

std::uint64_t Lab::operations() const { return load_ ? load_->counts()["operations"].get<std::uint64_t>() : 0; }

void Lab::note_problem(std::string problem) { findings_.problems.push_back(std::move(problem)); }

bool Lab::is_over() {
  for (std::string& end : nodes_->unasked_ends()) note_problem(std::move(end));
  if (command_ && command_->end() && command_->has_failed()) return true;  // finish() says so
  return !findings_.problems.empty() || options_.is_interrupted.load();
}

void Lab::run(const std::vector<Act>& acts) {
  for (const Act& act : acts) {
    if (is_over()) return;
    run_one(act);
  }
}

void Lab::run_one(const Act& act) {
  switch (act.kind) {
    case Act::Kind::deed:
      return apply(act.deed, act.node);
    case Act::Kind::pause:
      return pause(act.time);
    case Act::Kind::wait_healthy:
      if (auto healthy = wait_healthy(act.time); !healthy.ok() && !is_over()) note_problem(healthy.error().text);
      return;
    case Act::Kind::wait_operations:
      return wait_operations(act);
  }
}

void Lab::apply(Deed deed, std::uint32_t node) {
  const std::string text = text_of(Act{.deed = deed, .node = node});
  findings_.faults.push_back(text);
  options_.tell(fmt::format("{:7.1f} s  {}", std::chrono::duration<double>(Clock::now() - begin_).count(), text));
  nodes_ever_ = std::max(nodes_ever_, node);
  if (auto done = nodes_->apply(deed, node); !done.ok() && !options_.is_interrupted.load())
    note_problem(fmt::format("{}: {}", text, done.error().text));
}

void Lab::wait_operations(const Act& act) {
  const std::uint64_t wanted = operations() + act.operations;
  const auto give_up = Clock::now() + act.time;
  while (operations() < wanted && !is_over()) {
    if (Clock::now() >= give_up) {
      note_problem(fmt::format("{}: there were {} within {:.1f} s", text_of(act),
                               operations() + act.operations - wanted,
                               std::chrono::duration<double>(act.time).count()));
      return;
    }
    std::this_thread::sleep_for(kLookPause);
  }
}

void Lab::pause(Duration time) {
  const auto end = Clock::now() + time;
  while (!is_over() && Clock::now() < end)
    std::this_thread::sleep_for(std::min<Duration>(kLookPause, end - Clock::now()));
}

Findings Lab::finish() {
  if (options_.is_interrupted.load()) note_problem("interrupted");
  if (load_) finish_own_load();
  if (command_) finish_command();
  for (std::string& end : nodes_->unasked_ends()) note_problem(std::move(end));
  findings_.seed = options_.seed;
  findings_.nodes = nodes_ever_;
  if (options_.keeps_folder) findings_.folder = folder_;
  return findings_;
}

void Lab::finish_own_load() {
  const auto end = load_->stop([this] { return options_.is_interrupted.load(); });
  if (!end.is_complete) note_problem("the history could not be written in full");
  if (end.unread > 0) note_problem(fmt::format("{} keys could not be read in the end", end.unread));
  const auto operations = operations_in(history_file(), findings_.problems);
  LoadFindings found;
  found.operations = end.summary["operations"];
  found.ok = end.summary["ok"];
  if (found.ok == 0) note_problem("no operation was done: nothing can be judged");
  found.condition_failed = end.summary["condition_failed"];
  found.refused = end.summary["refused"];
  found.unknown = end.summary["unknown"];
  found.gap_seconds = end.summary["longest_gap_ms"].get<double>() / 1e3;
  found.history = history::judge(operations, kProofsMax);
  found.lost = lost_keys(operations, end.final_reads_from);
  findings_.load = std::move(found);
}

// The end of its input tells it that nothing more is done to the nodes.
void Lab::finish_command() {
  command_->close_input();
  const auto give_up = Clock::now() + kLoadEndMax;
  auto end = command_->end();
  for (; !end && Clock::now() < give_up && !options_.is_interrupted.load(); end = command_->end())
    std::this_thread::sleep_for(kLookPause);
  if (!end) {
    note_problem(options_.is_interrupted.load()
                     ? "interrupted before the load ended"
                     : fmt::format("the load did not end within {} s", kLoadEndMax / std::chrono::seconds(1)));
    command_->kill();
  } else if (command_->has_failed()) {
    note_problem(fmt::format("the load {}", *end));
  }
}

}  // namespace p2p::ctl::lab
