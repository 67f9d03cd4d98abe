// What do threads that use the memory engine at the same time cost each other? Reads and writes of 100 bytes, of a key
// of 16 bytes that all threads want, and of keys that are each thread's own.
#include "engine/memory/memory_engine.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace p2p::diststore {
namespace {

constexpr std::size_t kKeys = 4096;  // of each thread; a power of two
constexpr std::size_t kValueBytes = 100;

// As its callers do, through the interface.
Engine& engine() {
  static const std::unique_ptr<Engine> made = std::make_unique<MemoryEngine>(1);
  return *made;
}

void write_value(std::string_view key, std::string_view value) {
  (void)engine().apply_one(Change::write(key, value, {}, {}));
}

std::vector<std::string> keys_of(int thread) {
  std::vector<std::string> keys;
  for (std::size_t number = 0; number < kKeys; ++number) keys.push_back(fmt::format("key:{:03}:{:08}", thread, number));
  for (const std::string& key : keys) write_value(key, std::string(kValueBytes, 'v'));
  return keys;
}

// `all_want_one`: the first key of the first thread, for all of them.
void use_keys(benchmark::State& state, bool all_want_one, void (*use)(std::string_view key)) {
  const auto keys = keys_of(all_want_one ? 0 : state.thread_index());
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) use(keys[all_want_one ? 0 : at++ % kKeys]);
}

void read_key(std::string_view key) {
  (void)engine().get(key, {}, [](std::string_view value, Version, WallMs) { benchmark::DoNotOptimize(value.data()); });
}

void write_key(std::string_view key) {
  static const std::string value(kValueBytes, 'w');
  write_value(key, value);
}

void read_own_keys(benchmark::State& state) { use_keys(state, false, read_key); }
void read_one_key(benchmark::State& state) { use_keys(state, true, read_key); }
void write_own_keys(benchmark::State& state) { use_keys(state, false, write_key); }
void write_one_key(benchmark::State& state) { use_keys(state, true, write_key); }

// In real time: threads that wait for a lock use none of the other. Read it together with the CPU time beside it.
BENCHMARK(read_own_keys)->ThreadRange(1, 4)->UseRealTime();
BENCHMARK(read_one_key)->ThreadRange(1, 4)->UseRealTime();
BENCHMARK(write_own_keys)->ThreadRange(1, 4)->UseRealTime();
BENCHMARK(write_one_key)->ThreadRange(1, 4)->UseRealTime();

}  // namespace
}  // namespace p2p::diststore

BENCHMARK_MAIN();
