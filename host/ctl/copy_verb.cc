// copy: brings the keys of another network into that of the node that is asked, while both are used.
#include "ctl/copy_networks.h"
#include "ctl/copy_source.h"
#include "ctl/copy_text.h"
#include "ctl/copy_writes.h"
#include "ctl/interrupt.h"
#include "ctl/store_client.h"
#include "ctl/verbs.h"

#include <p2p/entered_address.h>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace p2p::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// A source that cannot say for sure that it has shown everything is looked through again: after its members have found
// out who is gone, which takes them some seconds, and its keys have moved.
constexpr int kPassesMax = 120;
constexpr Duration kPassPause = std::chrono::milliseconds(500);

constexpr Duration kLineEvery = std::chrono::seconds(5);  // where the standard error is no terminal

struct CopyWords {
  std::string from;
  std::string prefix;
  bool overwrites = false;
};

// On a terminal one line that is drawn over itself; elsewhere now and then a line.
class CopyProgress final {
 public:
  CopyProgress() : is_terminal_(::isatty(STDERR_FILENO) != 0) {}

  void show(const CopyTally& tally, Duration elapsed) {
    if (is_terminal_) {
      fmt::print(stderr, "\r\033[K{}", copy_line(tally, elapsed));
      std::fflush(stderr);
    } else if (elapsed - shown_at_ >= kLineEvery) {
      shown_at_ = elapsed;
      complain(copy_line(tally, elapsed));
    }
  }
  void clear() const {
    if (is_terminal_) fmt::print(stderr, "\r\033[K");
  }

 private:
  const bool is_terminal_;
  Duration shown_at_{};
};

// Fetches the next step of the source while those before it are written.
class StepAhead final {
 public:
  StepAhead(CopySource& source, CopyWrites& writes) : source_(source), writes_(writes) { fetch(); }

  CopyStep take() {
    while (step_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) writes_.wait();
    CopyStep step = step_.get();
    if (step.kind == CopyStep::Kind::page && !writes_.is_over()) fetch();
    return step;
  }

 private:
  void fetch() {
    auto promised = std::make_shared<std::promise<CopyStep>>();
    step_ = promised->get_future();
    thread_ = std::async(std::launch::async, [this, promised] {
      promised->set_value(next());
      writes_.wake();
    });
  }
  CopyStep next() {
    try {
      return source_.next();
    } catch (const std::exception& failure) {  // whoever waits for the step would wait for ever
      return {.kind = CopyStep::Kind::failed, .error = {ErrorKind::internal, failure.what()}};
    }
  }

  CopySource& source_;
  CopyWrites& writes_;
  std::future<CopyStep> step_;
  std::future<void> thread_;  // waited for when it is replaced or destroyed
};

// One copy, from the beginning to the report.
class Copying final {
 public:
  Copying(CopySource& source, client::Client& to, const CopyWords& words, const std::atomic<bool>& is_interrupted)
      : source_(source), to_(to), words_(words), is_interrupted_(is_interrupted) {}

  CopyReport run() {
    for (int pass = 1; pass_again(); ++pass) {
      if (pass == kPassesMax) {
        end_with({ErrorKind::unreachable, fmt::format("{}; given up after {} attempts to see all keys", again_, pass)});
        break;
      }
      std::this_thread::sleep_for(kPassPause);
    }
    progress_.clear();
    report_.tally = tally();
    report_.elapsed = elapsed();
    return std::move(report_);
  }
  ErrorKind error_kind() const noexcept { return kind_; }

 private:
  // True: keys may have been missed, and another pass is to come.
  bool pass_again() {
    passes_.emplace_back();
    CopyWrites writes(to_, {.overwrites = words_.overwrites,
                            .is_interrupted = is_interrupted_,
                            .on_progress = [this](const CopyTally& so_far) {
                              passes_.back() = so_far;
                              progress_.show(tally(), elapsed());
                            }});
    source_.begin();
    const CopyStep last = write_all(writes);
    writes.finish();
    passes_.back() = writes.tally();
    if (!writes.failures().empty()) report_.failures = writes.failures();
    if (is_interrupted_.load()) {
      report_.end = CopyEnd::interrupted;
    } else if (writes.error()) {
      end_with(*writes.error());
    } else if (last.kind == CopyStep::Kind::failed) {
      end_with(last.error);
    } else if (last.kind == CopyStep::Kind::again) {
      say_again(last.error.text);
      return true;
    }
    return false;
  }

  // Up to the step that ends the pass.
  CopyStep write_all(CopyWrites& writes) {
    StepAhead steps(source_, writes);
    while (true) {
      CopyStep step = steps.take();
      for (CopyEntry& entry : step.entries) writes.add(std::move(entry));
      if (step.kind != CopyStep::Kind::page || writes.is_over()) return step;
    }
  }

  void end_with(const Error& error) {
    report_.end = CopyEnd::failed;
    report_.why = error.text;
    kind_ = error.kind;
  }
  // Once for each reason.
  void say_again(const std::string& why) {
    if (why == again_) return;
    again_ = why;
    progress_.clear();
    complain(why + "; looking through it again until nothing can have been missed");
  }

  // What is replaced is replaced again by the next pass: the one that came furthest counts.
  CopyTally tally() const {
    return words_.overwrites ? *std::ranges::max_element(passes_, {}, &CopyTally::keys) : tally_of(passes_);
  }
  Duration elapsed() const { return Clock::now() - began_at_; }

  CopySource& source_;
  client::Client& to_;
  const CopyWords& words_;
  const std::atomic<bool>& is_interrupted_;
  const TimePoint began_at_ = Clock::now();
  CopyProgress progress_;
  std::vector<CopyTally> passes_;
  CopyReport report_;
  std::string again_;
  ErrorKind kind_ = ErrorKind::internal;
};

// Why these two are not copied; nothing: they may be.
std::optional<std::string> refusal_of(const Network& from, const Network& to, const CopyWords& words) {
  if (is_same(from, to)) return "both nodes are of the same network: --from names a node of another one";
  if (to.is_agreed || words.overwrites) return std::nullopt;
  return "the network to copy to runs in classic mode, which cannot keep a value that is there already: give "
         "--overwrite to replace such values, or copy to an agreed cluster";
}

void say_the_end(const CopyReport& report, const CopyWords& words) {
  for (const std::string& failure : report.failures) complain("not copied: " + failure);
  if (report.tally.failed > report.failures.size()) {
    complain(fmt::format("not copied: {} more", report.tally.failed - report.failures.size()));
  }
  if (report.end == CopyEnd::complete) return;
  if (report.end == CopyEnd::failed) complain(report.why);
  complain(words.overwrites ? "not all is copied; the same command copies all again"
                            : "not all is copied; the same command goes on: what is there stays as it is");
}

ExitCode exit_code_of(const CopyReport& report, ErrorKind kind) {
  if (report.end == CopyEnd::failed) return p2p::ctl::exit_code_of(kind);
  return report.end == CopyEnd::complete && report.tally.failed == 0 ? ExitCode::done : ExitCode::no;
}

ExitCode copy(const Session& session, const CopyWords& words) {
  Session from = session;
  from.node = words.from;
  auto source_node = connect(from);
  if (!source_node.ok()) return report(source_node.error());
  const auto source_network = ask_network(source_node.value());
  if (!source_network.ok()) return report(source_network.error());
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto network = ask_network(node.value());
  if (!network.ok()) return report(network.error());
  if (const auto why = refusal_of(source_network.value(), network.value(), words)) {
    complain(*why);
    return ExitCode::usage;
  }
  const auto store = store_of(session);
  if (!store.ok()) return report(store.error());
  const CopyRequest request{words.prefix, watch_for_interrupts()};
  auto source = source_network.value().is_agreed ? agreed_source(from, request)
                                                 : Result(classic_source(from, source_network.value(), request));
  if (!source.ok()) return report(source.error());
  Copying copying(*source.value(), *store.value(), words, request.is_interrupted);
  CopyReport done = copying.run();
  done.from = source_node.value().peer();
  done.to = node.value().peer();
  show(session, copy_json(done), copy_text(done));
  say_the_end(done, words);
  return exit_code_of(done, copying.error_kind());
}

std::string fault_of_address(const std::string& text) {
  const auto parsed = entered_address(text);
  return parsed.ok() ? std::string() : parsed.error().text;
}

}  // namespace

void add_copy_verb(CLI::App& app, Session& session) {
  const auto words = std::make_shared<CopyWords>();
  CLI::App* const verb =
      add_verb(app, session, "copy",
               "copy all keys of another network, of either mode, into that of the node that is asked, while both are "
               "used. A key that is there already stays as it is, so that it can be done again",
               [words](const Session& asked) { return copy(asked, *words); });
  verb->add_option("--from", words->from, "a node of the network to copy from")
      ->required()
      ->type_name("HOST:PORT")
      ->check(fault_of_address);
  verb->add_option("--prefix", words->prefix, "only keys that begin with this");
  verb->add_flag("--overwrite", words->overwrites,
                 "replace what is there already; the only way into a network in classic mode");
}

}  // namespace p2p::ctl
