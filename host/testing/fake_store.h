// The host's side of FakeStore: an IStore that a plugin of the harness provides.
#pragma once

#include <p2p/handlers.h>
#include <p2p/plugin.h>
#include <p2p/store.h>
#include <p2p/testing.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::testing {

// The descriptor of the plugin, as P2P_PLUGIN would write it.
inline constexpr char kFakeStoreText[] = P2P_NAME("diststore") P2P_VERSION(P2P_SDK_VERSION)
    P2P_SUMMARY("a store of services' state in memory") P2P_PROVIDES("p2p.diststore.IStore/1");
inline constexpr std::string_view kFakeStoreInfo{kFakeStoreText, sizeof kFakeStoreText};

struct FakeStore::Parts final : public IStore, public std::enable_shared_from_this<FakeStore::Parts> {
 public:
  struct Entry {
    RouteState values;
    StateVersion version;
  };

  using IStore::open;
  Result<std::shared_ptr<Space>> open(const std::string& name, SpaceOptions options) override;

  // `key`: the space and the route key.
  using Key = std::pair<std::string, std::string>;
  Entry entry(const Key& key) const;
  void set(const Key& key, RouteState values);
  Result<StateVersion> update(const Key& key, const Space::Change& change, std::size_t conflicts_max);
  void conflict_next(Space::Change meanwhile);
  void fail_next(Error error, Executed executed);

 private:
  void write(const Key& key, RouteState values);

  mutable std::mutex mutex_;  // guards all that follows; not held while a change runs
  std::map<Key, Entry> entries_;
  std::uint64_t writes_ = 0;
  Space::Change meanwhile_;
  std::optional<std::pair<Error, Executed>> failure_;
};

// The plugin that provides `parts`.
std::shared_ptr<Plugin> make_fake_store_plugin(std::shared_ptr<FakeStore::Parts> parts);

}  // namespace p2p::testing
