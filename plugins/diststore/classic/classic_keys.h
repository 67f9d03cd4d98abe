// What is done with a key that this node owns in classic mode? The engine answers at once, by the ownership proof of
// its route. If the ring has changed since, the call is routed anew; if the key has not come from its former owner yet,
// it is fetched first (decision 8).
#pragma once

#include "classic/classic_store.h"
#include "serving/keys_here.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::diststore {

class ClassicKeys final : public KeysHere {
 public:
  explicit ClassicKeys(std::shared_ptr<ClassicStore> store) : store_(std::move(store)) {}

  void read(std::string_view key, const KeyRoute& route, Call call, const KeyMethod& method) override;
  void change(const KeyChange& change, const KeyRoute& route, Call call, const KeyMethod& method) override;
  bool repeats_writes() const noexcept override { return true; }
  std::string_view refusal_of_conditions() const noexcept override {
    return "this network runs in classic mode, which knows no conditions: they need mode = \"agreed\"";
  }

  std::string_view refusal_of_ttl() const noexcept override {
    return "this network runs in classic mode, in which values live for ever: a time to live needs mode = \"agreed\"";
  }

  void serve(LocalPart<ReadMany>& part, std::function<void()> done) override;
  void serve(LocalPart<WriteMany>& part, std::function<void()> done) override;
  void serve(LocalPart<EraseMany>& part, std::function<void()> done) override;

  Result<Now> read_now(std::string_view key, const KeyRoute& route, Use use) const override;
  CopyRead read_copy(std::string_view, UseOfCopy) const override { return {}; }  // the owner has the only one
  bool writes_now() const noexcept override { return true; }
  Result<std::optional<Version>> write_now(std::string_view key, std::string_view value, const KeyRoute& route,
                                           std::uint64_t now_ms) override;

 private:
  Result<Outcome> apply(const KeyChange& change, OwnershipProof proof, Version& version);
  Result<Outcome> put_unconfirmed(std::string_view key, std::string_view value, OwnershipProof proof);
  void not_served(const Result<Outcome>& outcome, std::string_view key, Call call, const KeyMethod& method);
  void fetch_then_again(std::string key, Call call, const KeyMethod& method);
  template <class Verb>
  void serve_part(LocalPart<Verb>& part, std::function<void()> done);

  const std::shared_ptr<ClassicStore> store_;
};

}  // namespace p2p::diststore
