// The store's methods, called as a client or another node would.
#pragma once

#include "fake_host.h"

#include <Store.h>
#include <StorePeer.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

class StoreMethods : public ::testing::Test, protected StoreFixture {
 protected:
  explicit StoreMethods(std::unique_ptr<Engine> engine = std::make_unique<MemoryEngine>(1))
      : StoreFixture(kSelf, std::move(engine)) {
    add_single_methods(methods, store);
    add_batch_methods(methods, store);
    add_part_methods(methods, store);
  }

  // Each answers a call that may still be open; its reply is read with decode_reply().
  std::unique_ptr<FakeCall> read(std::string key, std::uint32_t hops = 0) {
    wire::Store_read_args args;
    args.key = std::move(key);
    return dispatch("read", args, hops);
  }
  std::unique_ptr<FakeCall> write(std::string key, std::string value, std::uint32_t hops = 0) {
    wire::Store_write_args args;
    args.key = std::move(key);
    args.value = std::move(value);
    return dispatch("write", args, hops);
  }
  std::unique_ptr<FakeCall> erase(std::string key) {
    wire::Store_erase_args args;
    args.key = std::move(key);
    return dispatch("erase", args);
  }
  std::unique_ptr<FakeCall> get(std::string key) {
    wire::Store_get_args args;
    args.key = std::move(key);
    return dispatch("get", args);
  }
  std::unique_ptr<FakeCall> put(std::string key, std::string value) {
    wire::Store_put_args args;
    args.key = std::move(key);
    args.value = std::move(value);
    return dispatch("put", args);
  }
  std::unique_ptr<FakeCall> read_many(std::vector<std::string> keys) {
    wire::Store_read_many_args args;
    args.keys = std::move(keys);
    return dispatch("read_many", args);
  }
  std::unique_ptr<FakeCall> erase_many(std::vector<std::string> keys) {
    wire::Store_erase_many_args args;
    args.keys = std::move(keys);
    return dispatch("erase_many", args);
  }
  std::unique_ptr<FakeCall> write_many(const std::vector<std::pair<std::string, std::string>>& items) {
    wire::Store_write_many_args args;
    for (const auto& [key, value] : items) {
      args.items.emplace_back();
      args.items.back().key = key;
      args.items.back().value = value;
    }
    return dispatch("write_many", args);
  }
  template <class Args>
  std::unique_ptr<FakeCall> dispatch(const std::string& method, const Args& args, std::uint32_t hops = 0) {
    auto call = std::make_unique<FakeCall>(method, args, in(std::chrono::seconds(5)), hops);
    call->dispatch(methods);
    return call;
  }

  // Answers what the store asked of a peer with what that peer's own store says.
  template <class PeerArgs>
  void let_peer_answer(StoreFixture& peer) {
    Methods peer_methods;
    add_part_methods(peer_methods, peer.store);
    const Asked asked = std::move(peers.asked.front());
    peers.asked.pop_front();
    Codec codec;
    const std::string method = asked.begin(codec);
    PeerArgs args;
    args.read(&codec.binary_in());
    FakeCall call(method, args, in(std::chrono::seconds(1)));
    call.dispatch(peer_methods);
    asked.done(call.reply);
  }

  // Answers a fetch of one key with its value, or with nothing.
  void yield(const std::string& key, const std::string& value, Version version) {
    wire::FetchedKey fetched;
    fetched.yielded = true;
    if (version != Version()) {
      fetched.__set_item({});
      fetched.item.value = value;
      fetched.item.version = to_wire(version);
    }
    const Asked asked = peers.take("pull");
    EXPECT_EQ(Arguments<wire::StorePeer_pull_args>(asked)->keys, std::vector<std::string>{key});
    asked.done(reply_with<wire::StorePeer_pull_result>("pull", std::vector<wire::FetchedKey>{fetched}));
  }

  static wire::ReadResult read_of(const FakeCall& call) {
    const auto reply = decode_reply<wire::Store_read_result>(call.reply);
    EXPECT_TRUE(reply.ok() && !reply.value().__isset.error);
    return reply.ok() ? reply.value().success : wire::ReadResult();
  }
  static std::string got(const FakeCall& call) {
    const auto reply = decode_reply<wire::Store_get_result>(call.reply);
    return reply.ok() ? reply.value().success : "(no reply)";
  }
  static wire::StoreErrorKind::type kind_of(const wire::StoreError& error) { return error.kind; }

  Methods methods;
};

}  // namespace p2p::diststore
