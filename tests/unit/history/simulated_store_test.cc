// A store in one thread that keeps every promise, with clients whose calls overlap and whose outcomes are often
// unknown: the check must never accuse it, and must accuse it as soon as it breaks a promise.
#include "check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace p2p::history {
namespace {

// Whether the store tells the versions of erases; older ones do not.
enum class EraseVersions { told, hidden };

struct World {
  // Every unknown erase explains all gaps after it, so a fault shows only where they are rare.
  int unknown_one_in = 200;
  EraseVersions erase_versions = EraseVersions::told;
};

enum class Fault {
  none,
  forgets,
  serves_the_past,
  undoes_erases,
  acknowledges_for_nothing,
  keeps_no_order,
  does_what_it_refuses
};

constexpr KeyNumber kKeys = 3;
constexpr std::uint16_t kClients = 5;
constexpr std::uint32_t kCallsOfAClient = 400;
constexpr Moment kPauseMax = 30;
constexpr Moment kCallMax = 100;
constexpr Moment kUnknownMax = 3'000;  // an unknown call takes effect well within the run
constexpr int kFaultOneIn = 8;
constexpr int kSeeds = 100;

struct Held {
  bool found = false;
  Value value;
  Version version;
};

class Simulation final {
 public:
  Simulation(std::uint64_t seed, Fault fault, World world) : random_(seed), fault_(fault), world_(world) {
    for (std::uint16_t client = 1; client <= kClients; ++client) plan_client(client);
    std::sort(effects_.begin(), effects_.end(), [](const Effect& a, const Effect& b) { return a.at < b.at; });
    for (const Effect& effect : effects_) apply(effect);
    read_all();
  }

  Verdict verdict() const { return check(history_, 5); }

 private:
  struct Effect {
    Moment at;
    std::size_t call;
  };

  Moment draw(Moment below) { return static_cast<Moment>(random_() % static_cast<std::uint64_t>(below)); }
  bool one_in(int count) { return draw(count) == 0; }
  bool fails() { return one_in(kFaultOneIn); }

  void plan_client(std::uint16_t client) {
    Moment now = draw(kCallMax);
    for (std::uint32_t number = 0; number < kCallsOfAClient; ++number) {
      Call call;
      call.client = client;
      call.key = static_cast<KeyNumber>(draw(kKeys));
      call.kind = static_cast<Kind>(draw(kKinds));
      call.value = {client, number};
      call.started = now + draw(kPauseMax);
      call.ended = call.started + 1 + draw(kCallMax);
      now = call.ended + 1;
      plan_effect(call);
    }
  }

  void plan_effect(Call& call) {
    const std::size_t index = history_.calls.size();
    const auto within = [&] { return call.started + draw(call.ended - call.started + 1); };
    if (one_in(20)) {
      call.outcome = Outcome::not_done;
      if (fault_ == Fault::does_what_it_refuses) effects_.push_back({within(), index});
    } else if (one_in(world_.unknown_one_in)) {
      call.outcome = Outcome::unknown;
      if (!one_in(3)) effects_.push_back({call.started + draw(kUnknownMax), index});
    } else {
      effects_.push_back({within(), index});
      if (call.kind == Kind::write && one_in(5)) effects_.push_back({within(), index});  // the store tried it twice
    }
    history_.calls.push_back(call);
  }

  void apply(const Effect& effect) {
    Call& call = history_.calls[effect.call];
    Held& held = held_[call.key];
    switch (call.kind) {
      case Kind::read:
        return answer_read(call);
      case Kind::write:
        past_[call.key] = held;
        next_version();
        tell_version(call);
        if (fault_ == Fault::acknowledges_for_nothing && fails()) return;
        held = {true, call.value, newest_};
        break;
      case Kind::erase:
        call.found = call.outcome == Outcome::done && held.found;
        if (!held.found) return;
        past_[call.key] = held;
        next_version();
        if (world_.erase_versions == EraseVersions::told) tell_version(call);
        if (fault_ == Fault::undoes_erases && fails()) return;
        held = {};
        break;
    }
    if (fault_ == Fault::forgets && fails()) held = {};
  }

  void answer_read(Call& read) {
    const bool is_late = fault_ == Fault::serves_the_past && fails();
    const Held& seen = is_late ? past_[read.key] : held_[read.key];
    read.found = seen.found;
    if (!seen.found || read.outcome != Outcome::done) return;
    read.value = seen.value;
    read.version = seen.version;
  }

  void next_version() {
    const bool is_wrong = fault_ == Fault::keeps_no_order && fails();
    newest_ = {is_wrong ? newest_.stamp / 2 : ++highest_, 1};
  }

  void tell_version(Call& call) const {
    if (call.outcome == Outcome::done) call.version = newest_;
  }

  void read_all() {
    const Moment end = effects_.back().at + kCallMax + 1;
    for (std::uint16_t node = 0; node < 2; ++node) {
      for (KeyNumber key = 0; key < kKeys; ++key) {
        Call read;
        read.started = read.ended = end + node;
        read.key = key;
        read.client = kFinalReader;
        read.node = node;
        answer_read(read);
        history_.final_reads.push_back(read);
      }
    }
  }

  std::mt19937_64 random_;
  const Fault fault_;
  const World world_;
  History history_{{"a:1", "b:2"}, {}, {}};
  std::vector<Effect> effects_;
  std::map<KeyNumber, Held> held_;
  std::map<KeyNumber, Held> past_;  // what each key was before its last change
  std::uint64_t highest_ = 0;
  Version newest_;
};

int accused(Fault fault, World world = {}) {
  int count = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    if (Simulation(seed, fault, world).verdict().violations != 0) ++count;
  }
  return count;
}

void expect_no_accusation(World world) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Verdict verdict = Simulation(seed, Fault::none, world).verdict();
    ASSERT_EQ(verdict.violations, 0u) << "seed " << seed << ": " << verdict.sentences.front();
  }
}

TEST(SimulatedStore, ThatKeepsItsPromisesIsNeverAccused) {
  expect_no_accusation({.unknown_one_in = 3});
  expect_no_accusation({.unknown_one_in = 20});
  expect_no_accusation({.unknown_one_in = 1'000'000});
}
TEST(SimulatedStore, ThatKeepsItsPromisesAndHidesTheVersionsOfErasesIsNeverAccused) {
  expect_no_accusation({.unknown_one_in = 20, .erase_versions = EraseVersions::hidden});
}

TEST(SimulatedStore, ThatForgetsValuesIsAccused) { EXPECT_EQ(accused(Fault::forgets), kSeeds); }
TEST(SimulatedStore, ThatServesThePastIsAccused) { EXPECT_EQ(accused(Fault::serves_the_past), kSeeds); }
TEST(SimulatedStore, ThatUndoesErasesIsAccused) { EXPECT_EQ(accused(Fault::undoes_erases), kSeeds); }
TEST(SimulatedStore, ThatUndoesErasesAndHidesTheirVersionsIsAccused) {
  EXPECT_EQ(accused(Fault::undoes_erases, {.erase_versions = EraseVersions::hidden}), kSeeds);
}
TEST(SimulatedStore, ThatAcknowledgesForNothingIsAccused) {
  EXPECT_EQ(accused(Fault::acknowledges_for_nothing), kSeeds);
}
TEST(SimulatedStore, ThatDoesWhatItSaysItHasNotExecutedIsAccused) {
  EXPECT_EQ(accused(Fault::does_what_it_refuses), kSeeds);
}
TEST(SimulatedStore, WhoseVersionsKeepNoOrderIsAccused) { EXPECT_EQ(accused(Fault::keeps_no_order), kSeeds); }

}  // namespace
}  // namespace p2p::history
