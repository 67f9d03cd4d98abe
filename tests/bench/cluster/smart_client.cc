#include "cluster/cluster_client.h"

#include <p2p/client.h>

#include <stdexcept>
#include <utility>

namespace p2p::bench {
namespace {

using client::Outcome;
using client::Read;
using client::Written;
using load::Verdict;

class SmartClient final : public ClusterClient {
 public:
  SmartClient(const NodeAddress& seed, const load::Dataset& data, OperationObserver& observer)
      : data_(data), observer_(observer), client_({.seeds = {seed}}) {
    const auto ring = client_.ring();
    if (!ring.ok()) throw std::runtime_error(ring.failure().text);
  }

  void begin(Verb verb, std::span<const std::uint64_t> numbers, std::size_t place) override {
    if (numbers.size() == 1) {
      verb == Verb::read ? read(numbers.front(), place) : write(numbers.front(), place);
    } else {
      verb == Verb::read ? read_many(numbers, place) : write_many(numbers, place);
    }
  }

 private:
  void read(std::uint64_t number, std::size_t place) {
    client_.read(data_.key(number), [this, number, place](const Outcome<Read>& read) {
      Ended how;
      judge(read, number, how);
      observer_.ended(place, std::move(how));
    });
  }

  void write(std::uint64_t number, std::size_t place) {
    client_.write(data_.key(number), data_.value(number), [this, place](const Outcome<Written>& written) {
      Ended how;
      judge(written, how);
      observer_.ended(place, std::move(how));
    });
  }

  void read_many(std::span<const std::uint64_t> numbers, std::size_t place) {
    std::vector<std::string> keys;
    keys.reserve(numbers.size());
    for (const std::uint64_t number : numbers) keys.push_back(data_.key(number));
    client_.read_many(std::move(keys), [this, numbers, place](const client::Client::Many<Read>& all) {
      Ended how;
      for (std::size_t at = 0; at < all.size(); ++at) judge(all[at], numbers[at], how);
      observer_.ended(place, std::move(how));
    });
  }

  void write_many(std::span<const std::uint64_t> numbers, std::size_t place) {
    std::vector<client::Item> items;
    items.reserve(numbers.size());
    for (const std::uint64_t number : numbers) items.push_back({data_.key(number), data_.value(number)});
    client_.write_many(std::move(items), [this, place](const client::Client::Many<Written>& all) {
      Ended how;
      for (const auto& written : all) judge(written, how);
      observer_.ended(place, std::move(how));
    });
  }

  void judge(const Outcome<Read>& read, std::uint64_t number, Ended& how) const {
    if (!read.ok()) return how.count(Verdict::failed, read.failure().text);
    if (!read.value().found) return how.count(Verdict::missing, "the store has no key " + data_.key(number));
    if (read.value().value.size() != data_.value_bytes) {
      how.count(Verdict::misplaced, "key " + data_.key(number) + " has a value that no load stored");
    }
  }

  static void judge(const Outcome<Written>& written, Ended& how) {
    if (!written.ok()) how.count(Verdict::failed, written.failure().text);
  }

  const load::Dataset data_;
  OperationObserver& observer_;
  client::Client client_;  // last: its callbacks end first
};

}  // namespace

std::unique_ptr<ClusterClient> smart_client(const NodeAddress& seed, const load::Dataset& data, std::size_t,
                                            OperationObserver& observer) {
  return std::make_unique<SmartClient>(seed, data, observer);
}

}  // namespace p2p::bench
