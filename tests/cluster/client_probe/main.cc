// p2pclientprobe: what client_test.py wants to know of the client library. One verb a question; the answer is one line
// of JSON on stdout.
#include "counting.h"

#include <p2p/client.h>
#include <p2p/handlers.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

namespace {

using namespace p2p::client;
using nlohmann::json;

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kThreads = 8;
constexpr std::uint64_t kSomeCalls = 1'000;
constexpr std::size_t kBatchKeys = 100;
constexpr std::size_t kReasonsMax = 5;
constexpr std::ptrdiff_t kDepthMax = 4'096;

std::string key_of(std::uint64_t number) { return fmt::format("probe-{:07}", number); }

// Calls under way, `depth` at most; callbacks count here.
class Window final {
 public:
  explicit Window(std::ptrdiff_t depth) : free_(depth), depth_(depth) {}
  void enter() { free_.acquire(); }
  void leave(bool is_good) {
    if (!is_good) failed_.fetch_add(1);
    free_.release();
  }
  template <class T>
  void leave(const Outcome<T>& outcome) {
    if (!outcome.ok()) remember(outcome.failure());
    leave(outcome.ok());
  }
  // The first few, in words.
  void remember(const Failure& failure) {
    const std::lock_guard hold(mutex_);
    if (reasons_.size() < kReasonsMax) reasons_.push_back(failure.text);
  }
  std::vector<std::string> reasons() {
    const std::lock_guard hold(mutex_);
    return reasons_;
  }
  void drain() {
    for (std::ptrdiff_t count = 0; count < depth_; ++count) free_.acquire();
  }
  std::uint64_t failed() const { return failed_.load(); }

 private:
  std::counting_semaphore<kDepthMax> free_;
  const std::ptrdiff_t depth_;
  std::atomic<std::uint64_t> failed_{0};
  std::mutex mutex_;
  std::vector<std::string> reasons_;
};

json json_of(const Stats& stats) {
  return {{"calls", stats.calls},
          {"retries", stats.retries},
          {"detours", stats.alternate_nodes},
          {"refreshes", stats.refreshes},
          {"views", stats.views}};
}

// --- agree: do all nodes name the owner of each key that the client names? ---

std::string get_node_of(const std::string& key) {
  locator::Locator_get_node_args args;
  args.key = key;
  return p2p::encode_call("get_node", args);
}

json agree(Client& client, std::uint64_t count) {
  std::vector<std::string> keys;
  for (std::uint64_t number = 0; number < count; ++number) keys.push_back(key_of(number));
  const auto owners = client.owners_of(keys);
  const auto ring = client.ring();
  if (!owners.ok() || !ring.ok()) return {{"error", "the ring is not known"}};
  Window window(1'024);
  std::atomic<std::uint64_t> different{0};
  for (const p2p::NodeAddress& member : ring.value().members) {
    for (std::uint64_t number = 0; number < count; ++number) {
      window.enter();
      const std::string message = get_node_of(keys[number]);
      client.call_node(
          member, {.service = "locator", .key = {}, .message = message}, [&, number](Outcome<std::string_view> reply) {
            if (!reply.ok()) return window.leave(false);
            const auto told = p2p::decode_reply<locator::Locator_get_node_result>(reply.value());
            const bool is_same = told.ok() && p2p::from_wire(told.value().success) == owners.value()[number];
            if (!is_same) different.fetch_add(1);
            window.leave(true);
          });
    }
  }
  window.drain();
  return {{"keys", count},
          {"members", ring.value().members.size()},
          {"different", different.load()},
          {"failed", window.failed()}};
}

// --- steady: so many calls of all kinds, many at once ---

json steady(Client& client, std::uint64_t count, std::ptrdiff_t depth) {
  Window window(depth);
  std::uint64_t made = 0;
  while (made < count) {
    window.enter();
    const std::string key = key_of(made % (count / 4 + 1));
    switch (made++ % 4) {
      case 0:
      case 1:
        client.write(key, "value", [&](const Outcome<Written>& told) { window.leave(told); });
        break;
      case 2:
        client.read(key, [&](const Outcome<Read>& told) { window.leave(told); });
        break;
      default:
        client.erase(key, [&](const Outcome<Erased>& told) { window.leave(told); });
    }
    if (made % 1'000 != 0) continue;
    std::vector<std::string> keys;
    for (std::size_t at = 0; at < kBatchKeys; ++at) keys.push_back(key_of(made + at));
    window.enter();
    client.read_many(std::move(keys), [&](Client::Many<Read> told) {
      const auto failed = std::find_if(told.begin(), told.end(), [](const auto& one) { return !one.ok(); });
      if (failed != told.end()) window.remember(failed->failure());
      window.leave(failed == told.end());
    });
  }
  window.drain();
  return {
      {"calls", made}, {"failed", window.failed()}, {"reasons", window.reasons()}, {"stats", json_of(client.stats())}};
}

// --- hold: threads that call without a pause until stdin ends; each line of it is answered when they have made some
// more calls ---

struct Seen {
  std::uint64_t good = 0;
  std::uint64_t not_executed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t timed_out = 0;  // of both kinds
};

template <class T>
void note(Seen& seen, const Outcome<T>& outcome) {
  if (outcome.ok()) {
    ++seen.good;
    return;
  }
  if (outcome.failure().kind == p2p::ErrorKind::timed_out) ++seen.timed_out;
  if (outcome.failure().effect == Effect::none) {
    ++seen.not_executed;
  } else {
    ++seen.unknown;
  }
}

json hold(Client& client, std::chrono::milliseconds timeout) {
  std::vector<Seen> seen(kThreads);
  std::atomic<std::uint64_t> made{0};
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < kThreads; ++number) {
      threads.emplace_back([&, number](const std::stop_token& stop) {
        for (std::uint64_t call = 0; !stop.stop_requested(); ++call) {
          const std::string key = key_of(call * kThreads + static_cast<std::uint64_t>(number));
          if (call % 2 == 0) {
            const auto told = client.write(key, "value", {.timeout = timeout});
            note(seen[number], told);
          } else {
            const auto told = client.read(key, {.timeout = timeout});
            note(seen[number], told);
          }
          made.fetch_add(1);
          made.notify_one();
        }
      });
    }
    std::string line;
    do {
      const std::uint64_t wanted = made.load() + kSomeCalls;
      for (std::uint64_t now = made.load(); now < wanted; now = made.load()) made.wait(now);
      fmt::print("{}\n", json{{"state", "running"}}.dump());
      std::fflush(stdout);
    } while (std::getline(std::cin, line));
  }
  Seen all;
  for (const Seen& one : seen) {
    all.good += one.good;
    all.not_executed += one.not_executed;
    all.unknown += one.unknown;
    all.timed_out += one.timed_out;
  }
  return {{"good", all.good},
          {"not_executed", all.not_executed},
          {"unknown", all.unknown},
          {"timed_out", all.timed_out},
          {"stats", json_of(client.stats())}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Calls a network through the client library.", "p2pclientprobe");
  std::vector<std::string> seeds;
  std::uint64_t count = 100'000;
  std::ptrdiff_t depth = 64;
  std::int64_t timeout_ms = 2'000;
  app.add_option("--seed", seeds, "a member")->required();
  CLI::App* agree_verb = app.add_subcommand("agree", "compare owners with those that each node names");
  agree_verb->add_option("COUNT", count);
  CLI::App* steady_verb = app.add_subcommand("steady", "make so many calls");
  steady_verb->add_option("COUNT", count);
  steady_verb->add_option("DEPTH", depth)->check(CLI::Range(std::ptrdiff_t{1}, kDepthMax));
  CLI::App* hold_verb = app.add_subcommand("hold", "call until stdin ends");
  hold_verb->add_option("TIMEOUT_MS", timeout_ms);
  CLI::App* count_verb = app.add_subcommand("count", "call the counter example, by so many names");
  count_verb->add_option("COUNT", count);
  CLI::App* vain_verb = app.add_subcommand("vain", "call the counter example in ways that no node takes");
  CLI::App* ask_verb = app.add_subcommand("ask", "call the counter example once");
  Asking asking;
  ask_verb->add_option("METHOD", asking.method)->required()->check(CLI::IsMember({"increment", "value"}));
  ask_verb->add_option("NAME", asking.name, "of the counter")->required();
  ask_verb->add_option("KEY", asking.key, "whose owner is asked")->required();
  ask_verb->add_option("TIMEOUT_MS", timeout_ms)->required();
  ask_verb->add_flag("--once", asking.is_once, "one attempt");
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  Options options;
  for (const std::string& seed : seeds) options.seeds.push_back(p2p::parse_node_address(seed).value());
  Client client(options);
  json answer;
  if (*agree_verb) answer = agree(client, count);
  if (*steady_verb) answer = steady(client, count, depth);
  if (*hold_verb) answer = hold(client, std::chrono::milliseconds(timeout_ms));
  if (*count_verb) answer = count_by_name(client, count);
  if (*vain_verb) answer = ask_in_vain(client);
  if (*ask_verb) {
    asking.timeout = std::chrono::milliseconds(timeout_ms);
    answer = ask_once(client, asking);
  }
  fmt::print("{}\n", answer.dump());
  return answer.contains("error") ? kFailed : kOk;
}
