// A process that has a client forks: the child is told so at once, and nothing of the parent's is disturbed.
#include "two_nodes.h"

#include <p2p/client.h>
#include <p2p/sanitizer.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace p2p::client::test {
namespace {

using namespace std::chrono_literals;

// Ends a child that hangs; no call of it ends by this.
constexpr unsigned kHangingSeconds = 120;
// Longer than that: a call that waits for its deadline fails the test.
constexpr Duration kForEver = 1h;

// ThreadSanitizer lets no child start threads that was forked from a process with some.
#ifdef P2P_SANITIZES_THREAD
constexpr bool kChildMayHaveThreads = false;
#else
constexpr bool kChildMayHaveThreads = true;
#endif

// Waits until every other thread of this process sleeps, so that none is inside the allocator when it forks: the one of
// AddressSanitizer (GCC 12) does not take its locks over a fork, as that of the C library does.
void wait_until_the_others_sleep() {
  const std::string own = std::to_string(::gettid());
  const auto is_awake = [&](const std::filesystem::path& thread) {
    std::string stat;
    std::getline(std::ifstream(thread / "stat"), stat);
    const auto name_end = stat.rfind(')');  // "4711 (name) S ..."
    return thread.filename() != own && name_end != std::string::npos && stat[name_end + 2] != 'S';
  };
  const auto is_anyone_awake = [&] {
    const std::filesystem::directory_iterator threads("/proc/self/task");
    return std::any_of(begin(threads), end(threads), [&](const auto& thread) { return is_awake(thread.path()); });
  };
  while (is_anyone_awake()) std::this_thread::yield();
}

// What `work` returns in a forked child; -1 when it has hung or crashed.
template <class Work>
int in_a_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kHangingSeconds);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class T>
bool is_refused(const Outcome<T>& outcome) {
  return !outcome.ok() && outcome.failure().effect == Effect::none && outcome.failure().kind == ErrorKind::local &&
         outcome.failure().text.find("forked") != std::string::npos;
}

// How many of the client's forms are not refused.
int forms_not_refused(Client& client) {
  const CallOptions patient{.timeout = kForEver};
  int others = 0;
  const auto note = [&others](bool refused) { others += refused ? 0 : 1; };
  note(is_refused(client.read("k", patient)));
  note(is_refused(client.write("k", "v", patient)));
  note(is_refused(client.erase_future("k", patient).get()));
  bool is_told = false;
  client.read(
      "k", [&](Outcome<Read> read) { is_told = is_refused(read); }, patient);
  note(is_told);
  for (const auto& read : client.read_many({"a", "b"}, patient)) note(is_refused(read));
  for (const auto& written : client.write_many({{"a", "1"}, {"b", "2"}}, patient)) note(is_refused(written));
  note(is_refused(client.call(
      {.service = "s", .key = "k", .message = std::string("\x80\x01\0\1\0\0\0\1m\0\0\0\0\0", 14)}, patient)));
  note(is_refused(client.ring(patient)));
  note(is_refused(client.refresh(patient)));
  note(is_refused(client.owner_of("k", patient)));
  return others;
}

TEST_F(TwoNodes, InAForkedChildEveryCallFailsAtOnceAndTheParentGoesOn) {
  Client client(options());
  ASSERT_TRUE(client.read(key_of(one_)).ok());
  wait_until_the_others_sleep();
  EXPECT_EQ(in_a_child([&] { return forms_not_refused(client); }), 0);
  for (const FakeNode* node : {&one_, &two_})
    EXPECT_EQ(client.read(key_of(*node)).value().value, node->address().name());
}

TEST_F(TwoNodes, InAForkedChildTheClientCanBeDestroyedAndAnotherOneMade) {
  auto client = std::make_unique<Client>(options());
  ASSERT_TRUE(client->read(key_of(one_)).ok());
  wait_until_the_others_sleep();
  EXPECT_EQ(in_a_child([&] {
              client.reset();
              if (!kChildMayHaveThreads) return 0;
              Client own(options());
              return own.read(key_of(two_)).ok() ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(client->read(key_of(one_)).ok());
}

// Not under AddressSanitizer, whose allocator the forked child may find locked for ever (see above).
#ifndef P2P_SANITIZES_ADDRESS
TEST_F(TwoNodes, AChildThatIsForkedWhileOtherThreadsAreInCallsHangsNowhere) {
  Client client(options());
  std::atomic<bool> is_over{false};
  std::vector<std::thread> callers;
  for (int number = 0; number < 3; ++number) {
    callers.emplace_back([&] {
      while (!is_over) EXPECT_TRUE(client.read(key_of(one_)).ok());
    });
  }
  for (int child = 0; child < 50; ++child) EXPECT_EQ(in_a_child([&] { return forms_not_refused(client); }), 0);
  is_over = true;
  for (std::thread& caller : callers) caller.join();
}
#endif

}  // namespace
}  // namespace p2p::client::test
