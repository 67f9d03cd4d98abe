#include "ctl/lab/load_client.h"

#include <fmt/format.h>

#include <thread>

namespace p2p::history {
namespace {

using Clock = std::chrono::steady_clock;

// Between two attempts at a final read.
constexpr std::chrono::milliseconds kRetryPause{100};

// Whatever `call` returns.
auto timed(Operation& operation, auto call) {
  operation.invoked_at = moment_now();
  auto outcome = call();
  operation.returned_at = moment_now();
  return outcome;
}

Version version_of(const client::Version& version) {
  return {static_cast<std::uint64_t>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

}  // namespace

Moment moment_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

LoadClient::LoadClient(const LoadSettings& settings, const std::vector<LoadKey>& keys, Recorder& recorder,
                       std::uint32_t number)
    : settings_(settings),
      keys_(keys),
      recorder_(recorder),
      number_(number),
      random_(settings.seed * 1'000 + number),
      client_({.seeds = settings.seeds, .timeout = settings.deadline}) {}

void LoadClient::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const LoadKey& key = keys_[random_() % keys_.size()];
    Operation operation = draw(key);
    const Failed failed = ask(operation);
    see(operation);
    recorder_.record(operation, key.owner, failed.kind, failed.text);
    if (settings_.pause.count() > 0) std::this_thread::sleep_for(settings_.pause);
  }
}

bool LoadClient::read_at_last(const LoadKey& key, Clock::time_point give_up) {
  for (; Clock::now() < give_up; std::this_thread::sleep_for(kRetryPause)) {
    Operation operation{.key = key.name, .client = number_, .kind = Kind::read};
    ask(operation);
    recorder_.record_final(operation);
    if (operation.ending == Ending::ok) return true;
  }
  return false;
}

Operation LoadClient::draw(const LoadKey& key) {
  Operation operation{.key = key.name, .client = number_, .kind = Kind::write};
  const auto share = random_() % 100;
  if (share < settings_.read_percent) {
    operation.kind = Kind::read;
  } else if (share < settings_.read_percent + settings_.erase_percent) {
    operation.kind = Kind::erase;
  } else {
    operation.value = value_name({number_, ++values_});
  }
  if (operation.kind != Kind::read) draw_condition(operation);
  return operation;
}

void LoadClient::draw_condition(Operation& operation) {
  if (settings_.condition_percent == 0 || random_() % 100 >= settings_.condition_percent) return;
  const auto seen = seen_.find(operation.key);
  if (seen != seen_.end()) {
    operation.if_version = seen->second;
  } else {
    operation.if_absent = operation.kind == Kind::write;
  }
}

client::CallOptions LoadClient::options_of(const Operation& operation) const {
  client::CallOptions options;
  options.if_absent = operation.if_absent;
  if (operation.if_version) {
    options.if_version = client::Version{.stamp = static_cast<std::int64_t>(operation.if_version->stamp),
                                         .node = static_cast<std::int64_t>(operation.if_version->node)};
  }
  return options;
}

void LoadClient::see(const Operation& operation) {
  if (settings_.condition_percent == 0 || operation.ending == Ending::unknown || operation.ending == Ending::refused)
    return;
  const bool is_there = operation.ending == Ending::condition_failed || operation.kind != Kind::erase;
  if (is_there && operation.version) {
    seen_[operation.key] = *operation.version;
  } else {
    seen_.erase(operation.key);
  }
}

template <class T>
LoadClient::Failed LoadClient::failed(Operation& operation, const client::Outcome<T>& outcome) const {
  if (outcome.ok()) {
    operation.ending = Ending::ok;
    return {};
  }
  const client::Failure& failure = outcome.failure();
  if (failure.is_condition_failed) {
    operation.ending = Ending::condition_failed;
    operation.found = failure.there.has_value();
    if (failure.there) operation.version = version_of(*failure.there);
    return {};
  }
  operation.ending = failure.effect == client::Effect::none ? Ending::refused : Ending::unknown;
  return {to_text(failure.kind), fmt::format("client {}, {} of {}: {}: {}", number_, to_text(operation.kind),
                                             operation.key, to_text(failure.kind), failure.text)};
}

LoadClient::Failed LoadClient::ask(Operation& operation) {
  switch (operation.kind) {
    case Kind::read:
      return ask_read(operation);
    case Kind::write:
      return ask_write(operation);
    case Kind::erase:
      return ask_erase(operation);
  }
  return {};
}

LoadClient::Failed LoadClient::ask_read(Operation& operation) {
  const auto outcome = timed(operation, [&] { return client_.read(operation.key); });
  if (!outcome) return failed(operation, outcome);
  const client::Read& read = outcome.value();
  operation.found = read.found;
  if (!read.found) return failed(operation, outcome);
  // Bytes that are no value of ours stand for themselves: nobody has written them.
  const Value value = read_stored_value(read.value, settings_.value_bytes);
  operation.value = value == kForeignValue ? "foreign: " + read.value : value_name(value);
  operation.version = version_of(read.version);
  return failed(operation, outcome);
}

LoadClient::Failed LoadClient::ask_write(Operation& operation) {
  const std::string stored = stored_value({number_, values_}, settings_.value_bytes);
  const auto outcome = timed(operation, [&] { return client_.write(operation.key, stored, options_of(operation)); });
  if (outcome) operation.version = version_of(outcome.value().version);
  return failed(operation, outcome);
}

LoadClient::Failed LoadClient::ask_erase(Operation& operation) {
  const auto outcome = timed(operation, [&] { return client_.erase(operation.key, options_of(operation)); });
  if (outcome) operation.found = outcome.value().found;
  if (outcome && outcome.value().found) operation.version = version_of(outcome.value().version);
  return failed(operation, outcome);
}

}  // namespace p2p::history
