#include "ctl/lab/history_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <utility>

namespace p2p::history {
namespace {

using namespace std::chrono_literals;

constexpr auto kFlushInterval = 100ms;
// A network that was told to anybody has an owner for each key by then.
constexpr auto kOwnersPatience = 20s;
// So long final reads are tried, of all keys.
constexpr auto kFinalPatience = 30s;

// Keys with their owners, whose names go to `owners`; an error when nobody tells them.
Result<std::vector<LoadKey>> keys_of(const LoadSettings& settings, std::vector<std::string>& owners) {
  std::vector<std::string> names;
  for (std::uint32_t number = 0; number < settings.keys; ++number) {
    names.push_back(fmt::format("{}{:07}", settings.key_prefix, number));
  }
  client::Client client({.seeds = settings.seeds});
  const auto told = client.owners_of(names, {.timeout = kOwnersPatience});
  if (!told) return Error{told.failure().kind, "no owners of the keys: " + told.failure().text};
  std::vector<LoadKey> keys;
  for (std::size_t at = 0; at < names.size(); ++at) {
    const std::string owner = told.value()[at].name();
    const auto known = std::find(owners.begin(), owners.end(), owner);
    keys.push_back({names[at], static_cast<std::size_t>(known - owners.begin())});
    if (known == owners.end()) owners.push_back(owner);
  }
  return keys;
}

}  // namespace

Result<std::unique_ptr<HistoryRun>> HistoryRun::create(const LoadSettings& settings, const std::string& file) {
  std::vector<std::string> owners;
  auto keys = keys_of(settings, owners);
  if (!keys) return keys.error();
  auto recorder = Recorder::create(file, Measures(owners, moment_now()));
  if (!recorder) return recorder.error();
  return std::unique_ptr<HistoryRun>(new HistoryRun(settings, std::move(keys).value(), std::move(recorder).value()));
}

HistoryRun::HistoryRun(const LoadSettings& settings, std::vector<LoadKey> keys, std::unique_ptr<Recorder> recorder)
    : settings_(settings), keys_(std::move(keys)), recorder_(std::move(recorder)) {
  for (std::uint32_t number = 0; number < settings_.clients; ++number) {
    clients_.push_back(std::make_unique<LoadClient>(settings_, keys_, *recorder_, number));
  }
  for (const auto& client : clients_) {
    threads_.emplace_back([&client](const std::stop_token& stop) { client->run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) {
    for (; !stop.stop_requested(); std::this_thread::sleep_for(kFlushInterval)) recorder_->flush();
  });
}

void HistoryRun::end_clients() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

HistoryRun::End HistoryRun::stop(const std::function<bool()>& is_given_up) {
  const Moment asked_at = moment_now();
  end_clients();
  End end;
  end.final_reads_from = moment_now();
  end.unread = read_all(is_given_up);
  end.summary = recorder_->summary(asked_at);
  end.is_complete = recorder_->flush();
  return end;
}

// By a client that has followed the network so far: the first nodes may be gone.
std::size_t HistoryRun::read_all(const std::function<bool()>& is_given_up) {
  const auto give_up = std::chrono::steady_clock::now() + kFinalPatience;
  std::size_t unread = 0;
  for (const LoadKey& key : keys_) {
    const bool is_over = is_given_up && is_given_up();
    unread += !is_over && clients_.front()->read_at_last(key, give_up) ? 0 : 1;
  }
  return unread;
}

}  // namespace p2p::history
