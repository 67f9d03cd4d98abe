// Does every call get its own answer, whoever disconnects meanwhile? Clients that leave at random ask a node whose
// connection to the other one is cut at random; prints what became of the calls as JSON. Exit code 1: an answer was
// wrong, or did not come.
#include "cutting_proxy.h"
#include "session.h"

#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace disconnects;

namespace {

std::string as_json(const Tally& tally, std::int64_t cuts) {
  std::string text = "{\"calls\": " + std::to_string(tally.calls) + ", \"answers\": " + std::to_string(tally.answers) +
                     ", \"disconnects\": " + std::to_string(tally.disconnects) + ", \"cuts\": " + std::to_string(cuts) +
                     ", \"failures\": {";
  const char* separator = "";
  for (const auto& [kind, count] : tally.failures) {
    text += separator + ('"' + kind) + "\": " + std::to_string(count);
    separator = ", ";
  }
  return text + "}}";
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("calls of clients that disconnect at random, over connections that are cut at random");
  Course course;
  int other_port = 0;
  std::int64_t calls = 100'000;
  std::uint32_t clients = 8;
  std::uint32_t cut_after = 200'000;
  std::uint64_t seed = 1;
  app.add_option("--port", course.port, "the node that is asked")->required();
  app.add_option("--other-port", other_port, "the node that it asks")->required();
  app.add_option("--calls", calls, "how many are sent at least");
  app.add_option("--clients", clients, "at the same time");
  app.add_option("--cut-after", cut_after,
                 "bytes that a connection between the nodes lives for at most; 0: none is cut");
  app.add_option("--nap-ms", course.nap_ms_max, "how long the longest call takes");
  app.add_option("--patience", course.patience_s, "seconds that one answer may take");
  app.add_option("--seed", seed, "of everything that is random");
  CLI11_PARSE(app, count, arguments);

  try {
    write_keys(course);
    CuttingProxy proxy(other_port, cut_after, seed);
    course.proxy_port = proxy.port();
    std::mutex mutex;  // of the next two
    Tally sum;
    std::string trouble;
    std::atomic<std::uint64_t> next_client{0};
    std::vector<std::thread> threads;
    for (std::uint32_t number = 0; number < clients; ++number) {
      threads.emplace_back([&, number] {
        std::mt19937_64 random(seed * 1'000'003 + number);
        try {
          for (;;) {
            const Tally tally = run_session(course, next_client++, random);
            const std::lock_guard hold(mutex);
            sum.add(tally);
            if (sum.calls >= calls || !trouble.empty()) return;
          }
        } catch (const std::exception& failure) {
          const std::lock_guard hold(mutex);
          trouble = failure.what();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("%s\n", as_json(sum, proxy.cuts()).c_str());
    if (trouble.empty()) return 0;
    std::fprintf(stderr, "%s (seed %llu)\n", trouble.c_str(), static_cast<unsigned long long>(seed));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
  }
  return 1;
}
