// The path of a call over a routing that is not the classic one: it goes by the routing's word alone.
#include "store_calls.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using Where = KeyRoute::Where;

// Answers from memory, as a store with methods of its own would.
class FakeForeignStore final : public ForeignStore {
 public:
  void read(const NodeAddress& owner, const std::string& key, TimePoint, Done<wire::ReadResult> done) override {
    asked.push_back("read " + key + " of " + owner.name());
    if (failure) return done(*failure);
    wire::ReadResult result;
    const auto found = values.find(key);
    result.found = found != values.end();
    if (result.found) result.__set_value(found->second);
    done(std::move(result));
  }
  void write(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint,
             Done<wire::WriteResult> done) override {
    asked.push_back("write " + key + " of " + owner.name());
    if (failure) return done(*failure);
    values[key] = value;
    done(wire::WriteResult());
  }
  void erase(const NodeAddress& owner, const std::string& key, TimePoint, Done<wire::EraseResult> done) override {
    asked.push_back("erase " + key + " of " + owner.name());
    wire::EraseResult result;
    result.found = values.erase(key) > 0;
    done(std::move(result));
  }
  void put(const NodeAddress& owner, const std::string& key, const std::string& value, TimePoint deadline,
           Done<wire::WriteResult> done) override {
    write(owner, key, value, deadline, std::move(done));
  }

  std::map<std::string, std::string> values;
  std::vector<std::string> asked;
  std::optional<Error> failure;
};

// Every key is served here, unless the test says otherwise.
class FakeRouting final : public KeyRouting {
 public:
  KeyRoute route(std::string_view key) const override {
    const auto found = routes.find(key);
    return found != routes.end() ? found->second : KeyRoute{.where = Where::here, .proof = proof, .view = 11};
  }
  std::optional<NodeAddress> another_copy(std::string_view) const override { return std::nullopt; }
  bool takes_get(std::string_view, Call&, const KeyMethod&) override { return false; }
  bool takes_put(std::string_view, std::string_view, const CallInfo&) override { return false; }

  OwnershipProof proof{1, kNeverConfirmed};
  std::map<std::string, KeyRoute, std::less<>> routes;
  FakeForeignStore foreign;
};

class PathOfACall : public StoreMethods {
 protected:
  PathOfACall() {
    classic->local->engine().fence(1);
    store->routing = routing;
  }
  void serve_at(std::string key, Where where, const NodeAddress& node) {
    routing->routes[std::move(key)] = {
        .where = where, .view = 11, .node = &node, .foreign = where == Where::foreign ? &routing->foreign : nullptr};
  }

  const std::shared_ptr<FakeRouting> routing = std::make_shared<FakeRouting>();
};

TEST_F(PathOfACall, AKeyServedHereIsAnsweredWithTheViewOfItsRoute) {
  const auto written = write("a", "apple");
  EXPECT_EQ(decode_reply<wire::Store_write_result>(written->reply).value().success.view, 11);
  const auto found = read("a");
  const auto result = decode_reply<wire::Store_read_result>(found->reply).value().success;
  EXPECT_EQ(result.value, "apple");
  EXPECT_EQ(result.view, 11);
}

TEST_F(PathOfACall, AKeyOfAPeerIsForwarded) {
  serve_at("b", Where::peer, kOther);
  EXPECT_EQ(read("b")->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_TRUE(read("b", kHopsMax)->has_disagreed) << "the sender takes this node for the owner";
}

TEST_F(PathOfACall, AKeyOfAForeignNodeIsAskedForInItsOwnWay) {
  serve_at("b", Where::foreign, kOther);
  const auto written = write("b", "banana");
  EXPECT_EQ(decode_reply<wire::Store_write_result>(written->reply).value().success.view, 11);
  EXPECT_EQ(decode_reply<wire::Store_read_result>(read("b")->reply).value().success.value, "banana");
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(erase("b")->reply).value().success.found);
  put("b", "again");
  const std::string at = " of " + kOther.name();
  EXPECT_EQ(routing->foreign.asked,
            (std::vector<std::string>{"write b" + at, "read b" + at, "erase b" + at, "write b" + at}));
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(PathOfACall, AForeignNodeThatFailsIsAskedAgainWhenTheCallMayBeRepeated) {
  serve_at("b", Where::foreign, kOther);
  routing->foreign.failure = Error{ErrorKind::timed_out, "no answer"};
  const auto reading = read("b");
  const auto writing = write("b", "banana");
  EXPECT_TRUE(reading->reply.empty());
  EXPECT_NE(writing->reply.find("no answer"), std::string::npos) << "it may have been executed";
  routing->foreign.failure.reset();
  strand->advance(kShortPause);
  EXPECT_FALSE(decode_reply<wire::Store_read_result>(reading->reply).value().success.found);
}

TEST_F(PathOfACall, AKeyThatCannotBeServedYetWaitsAndIsThenRoutedAnew) {
  routing->routes["a"] = {.where = Where::wait, .why = "not yet"};
  const auto waiting = read("a");
  EXPECT_TRUE(waiting->reply.empty());
  routing->routes.clear();
  strand->advance(kShortPause);
  EXPECT_FALSE(decode_reply<wire::Store_read_result>(waiting->reply).value().success.found);
}

TEST_F(PathOfACall, ABatchIsSplitByWhoServesItsKeys) {
  hold("a", "apple", Version{1, 1});
  routing->foreign.values["b"] = "banana";
  serve_at("b", Where::foreign, kOther);
  serve_at("c", Where::peer, kThird);
  const auto reading = read_many({"a", "b", "c"});
  EXPECT_TRUE(reading->reply.empty());
  const Asked asked = peers.take("read_here", kThird);
  wire::ReadPart part;
  part.results.resize(1);
  part.results[0].__set_value("cherry");
  part.results[0].found = true;
  asked.done(reply_with<wire::StorePeer_read_here_result>("read_here", part));
  const auto results = decode_reply<wire::Store_read_many_result>(reading->reply).value().success;
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].value, "apple");
  EXPECT_EQ(results[1].value, "banana");
  EXPECT_EQ(results[2].value, "cherry");
}

TEST_F(PathOfACall, APartOfAPeerDoesOnlyWhatThisNodeServes) {
  serve_at("b", Where::peer, kOther);
  wire::StorePeer_write_here_args args;
  for (const char* key : {"a", "b"}) {
    args.items.emplace_back();
    args.items.back().key = key;
    args.items.back().value = "value";
  }
  const auto part = dispatch("write_here", args, kHopsMax);
  const auto answered = decode_reply<wire::StorePeer_write_here_result>(part->reply).value().success;
  EXPECT_EQ(answered.undone, std::vector<std::int32_t>{1});
  EXPECT_TRUE(value_of("a"));
  EXPECT_FALSE(value_of("b"));
}

TEST_F(PathOfACall, APeerThatDoesNotKnowThisStoreIsNoted) {
  serve_at("b", Where::peer, kOther);
  const auto reading = read_many({"b"});
  peers.take("read_here", kOther).done(Error{ErrorKind::unsupported, "Invalid method name"});
  EXPECT_TRUE(classic->classics->knows(kOther));
  routing->foreign.values["b"] = "banana";
  serve_at("b", Where::foreign, kOther);
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_read_many_result>(reading->reply).value().success[0].value, "banana");
}

}  // namespace
}  // namespace p2p::diststore
