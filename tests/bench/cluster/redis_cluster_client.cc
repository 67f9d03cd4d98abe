#include "cluster/cluster_client.h"
#include "cluster/redis_slots.h"
#include "generator/peer_wires.h"
#include "generator/text_line.h"
#include "load/connections.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <boost/asio.hpp>

#include <charconv>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <thread>

namespace p2p::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using load::Verdict;

constexpr std::size_t kReadBytes = 64 * 1024;

// The whole text that `seed` answers to CLUSTER NODES, over a connection of its own.
std::string cluster_nodes(const NodeAddress& seed) {
  auto socket = load::connect_to(seed);
  if (!socket.ok()) throw std::runtime_error(socket.error().text);
  constexpr std::string_view kQuestion = "*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n";
  ::send(socket.value().number(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
  std::string received;
  for (;;) {
    std::array<char, 4096> buffer;
    const ssize_t bytes = ::recv(socket.value().number(), buffer.data(), buffer.size(), 0);
    if (bytes <= 0) throw std::runtime_error(fmt::format("{} did not answer CLUSTER NODES", seed.name()));
    received.append(buffer.data(), static_cast<std::size_t>(bytes));
    const auto line = first_line(received);
    if (!line) continue;
    std::size_t length = 0;
    if (!line->starts_with('$') ||
        std::from_chars(line->data() + 1, line->data() + line->size(), length).ec != std::errc()) {
      throw std::runtime_error(fmt::format("{} answered CLUSTER NODES with '{}'", seed.name(), *line));
    }
    const std::size_t head = line->size() + kLineEnd;
    if (received.size() >= head + length + kLineEnd) return received.substr(head, length);
  }
}

class RedisClusterClient final : public ClusterClient {
 public:
  RedisClusterClient(const NodeAddress& seed, const load::Dataset& data, std::size_t places_max,
                     OperationObserver& observer)
      : data_(data),
        get_(redis_get(data, load::ValueCheck::size)),
        set_(redis_set(data)),
        slots_(parse_cluster_nodes(cluster_nodes(seed), seed)),
        observer_(observer),
        operations_(places_max) {
    for (const NodeAddress& master : slots_.masters) connect(master);
    thread_ = std::thread([this] { run(); });
  }

  ~RedisClusterClient() override {
    asio::post(io_, [this] { io_.stop(); });
    thread_.join();
  }

  void begin(Verb verb, std::span<const std::uint64_t> numbers, std::size_t place) override {
    if (std::this_thread::get_id() == thread_.get_id()) return ask(verb, numbers, place);
    asio::post(io_, [this, verb, numbers, place] { ask(verb, numbers, place); });
  }

 private:
  struct Asked {
    const load::Wire* wire;
    std::uint64_t number;
    std::size_t place;
  };
  struct Master {
    Master(asio::io_context& io, const NodeAddress& to) : socket(io), name(to.name()) {}

    asio::ip::tcp::socket socket;
    const std::string name;
    std::string unsent;   // of this turn
    std::string sending;  // in the hands of the system until it has all of it
    std::vector<char> received = std::vector<char>(kReadBytes);
    std::size_t end = 0;  // of what was received
    std::deque<Asked> asked;
  };
  struct Operation {
    std::size_t left = 0;  // of its keys
    Ended how;
  };

  void connect(const NodeAddress& to) {
    Master& master = *masters_.emplace_back(std::make_unique<Master>(io_, to));
    error_code failure;
    master.socket.connect({asio::ip::make_address(to.host), to.port}, failure);
    if (failure) throw std::runtime_error(fmt::format("{}: {}", to.name(), failure.message()));
    master.socket.set_option(asio::ip::tcp::no_delay(true));
    read(master);
  }

  // One write a master and turn.
  void run() {
    while (!io_.stopped()) {
      io_.run_one();
      io_.poll();
      for (auto& master : masters_) flush(*master);
    }
  }

  void ask(Verb verb, std::span<const std::uint64_t> numbers, std::size_t place) {
    operations_[place] = {numbers.size(), {}};
    const load::Wire& wire = verb == Verb::read ? *get_ : *set_;
    for (const std::uint64_t number : numbers) {
      Master& master = *masters_[slots_.owner[redis_slot_of(data_.key(number))]];
      wire.request(number, master.unsent);
      master.asked.push_back({&wire, number, place});
    }
  }

  void flush(Master& master) {
    if (master.unsent.empty() || !master.sending.empty()) return;
    master.sending.swap(master.unsent);
    asio::async_write(master.socket, asio::buffer(master.sending), [this, &master](error_code failure, std::size_t) {
      if (failure) return lose(master, failure.message());
      master.sending.clear();
    });
  }

  void read(Master& master) {
    if (master.end == master.received.size()) master.received.resize(2 * master.end);
    const auto room = asio::buffer(master.received.data() + master.end, master.received.size() - master.end);
    master.socket.async_read_some(room, [this, &master](error_code failure, std::size_t bytes) {
      if (failure) return lose(master, failure.message());
      master.end += bytes;
      try {
        take_replies(master);
      } catch (const std::exception& nonsense) {
        return lose(master, nonsense.what());
      }
      read(master);
    });
  }

  void take_replies(Master& master) {
    std::string_view left(master.received.data(), master.end);
    while (!left.empty()) {
      if (master.asked.empty()) throw std::runtime_error("a reply came that nobody asked for");
      const Asked asked = master.asked.front();
      auto reply = asked.wire->reply(left, asked.number);
      if (!reply) break;
      master.asked.pop_front();
      left.remove_prefix(reply->length);
      answered(asked.place, reply->verdict, std::move(reply->words));
    }
    std::memmove(master.received.data(), left.data(), left.size());
    master.end = left.size();
  }

  void answered(std::size_t place, Verdict verdict, std::string words) {
    Operation& operation = operations_[place];
    if (verdict != Verdict::good) operation.how.count(verdict, std::move(words));
    if (--operation.left == 0) observer_.ended(place, std::move(operation.how));
  }

  // What was asked of it counts as lost; so does what will be.
  void lose(Master& master, const std::string& why) {
    error_code ignored;
    master.socket.close(ignored);
    master.sending.clear();
    for (const Asked& asked : std::exchange(master.asked, {})) {
      answered(asked.place, Verdict::closed, fmt::format("{}: {}", master.name, why));
    }
  }

  const load::Dataset data_;
  const std::unique_ptr<load::Wire> get_;
  const std::unique_ptr<load::Wire> set_;
  const RedisSlots slots_;
  OperationObserver& observer_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::unique_ptr<Master>> masters_;
  std::vector<Operation> operations_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<ClusterClient> redis_cluster_client(const NodeAddress& seed, const load::Dataset& data,
                                                    std::size_t places_max, OperationObserver& observer) {
  return std::make_unique<RedisClusterClient>(seed, data, places_max, observer);
}

}  // namespace p2p::bench
