// Pages of an agreed cluster: its scan goes on whatever becomes of nodes, so that one pass is enough.
#include "ctl/copy_source.h"
#include "ctl/store_client.h"

#include <chrono>
#include <thread>
#include <type_traits>
#include <utility>

namespace p2p::ctl {
namespace {

using client::Client;

// Each waits as long as --timeout says for an owner, so that this outlasts any change of a cluster that serves at all.
constexpr int kAttemptsMax = 8;
constexpr Duration kPause = std::chrono::milliseconds(500);

class AgreedSource final : public CopySource {
 public:
  AgreedSource(std::unique_ptr<Client> store, const CopyRequest& request)
      : store_(std::move(store)), request_(request) {}

  void begin() override { cursor_.clear(); }

  CopyStep next() override {
    const auto page = with_patience(
        [&] { return store_->scan(cursor_, client::ScanOptions{.prefix = request_.prefix, .has_values = true}); });
    if (!page.ok()) return failed(page.failure());
    const TimePoint now = std::chrono::steady_clock::now();
    CopyStep step;
    for (const client::ScanItem& item : page.value().items) {
      if (item.value) {
        step.entries.push_back(entry_of(item.key, *item.value, item.ttl_left, now));
        continue;
      }
      const auto read = with_patience([&] { return store_->read(item.key); });
      if (!read.ok()) return failed(read.failure());
      const client::Read& found = read.value();
      if (found.found)
        step.entries.push_back(entry_of(item.key, found.value, found.ttl_left, std::chrono::steady_clock::now()));
    }
    cursor_ = page.value().cursor;
    if (cursor_.empty()) step.kind = Kind::last_page;
    return step;
  }

 private:
  using Kind = CopyStep::Kind;

  // A client waits for an owner that is missing, but only for one timeout.
  template <class Ask>
  std::invoke_result_t<const Ask&> with_patience(const Ask& ask) const {
    auto answer = ask();
    for (int attempt = 1; attempt < kAttemptsMax && may_try_again(answer); ++attempt) {
      std::this_thread::sleep_for(kPause);
      answer = ask();
    }
    return answer;
  }
  template <class T>
  bool may_try_again(const client::Outcome<T>& answer) const {
    return !answer.ok() && answer.failure().kind != ErrorKind::invalid && !request_.is_interrupted.load();
  }

  static CopyEntry entry_of(std::string key, std::string value, std::optional<Duration> ttl_left, TimePoint now) {
    CopyEntry entry{std::move(key), std::move(value)};
    if (ttl_left) entry.ends_at = now + *ttl_left;
    return entry;
  }
  static CopyStep failed(const client::Failure& failure) {
    return {.kind = Kind::failed, .error = {failure.kind, "the network to copy from: " + failure.text}};
  }

  const std::unique_ptr<Client> store_;
  const CopyRequest request_;
  std::string cursor_;
};

}  // namespace

Result<std::unique_ptr<CopySource>> agreed_source(const Session& from, const CopyRequest& request) {
  auto store = store_of(from);
  if (!store.ok()) return store.error();
  return std::unique_ptr<CopySource>(std::make_unique<AgreedSource>(std::move(store).value(), request));
}

}  // namespace p2p::ctl
