#include "agreed/disk/node_folder.h"

#include "agreed/disk/posix_file_system.h"

#include <p2p/assert.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

namespace p2p::agreed {
namespace {

// Before an agreement's bytes: whose it is.
constexpr std::size_t kOwnerBytes = 16;
constexpr std::size_t kIdentityBytes = kOwnerBytes + 8;
// Of an ending: whose, the network that has ended with it, and the length of the folder's name.
constexpr std::size_t kNetworkBytes = 16;
constexpr std::size_t kEndingBytes = kOwnerBytes + kNetworkBytes + 1;
constexpr const char* kDatedNameStart = "node.";

const char* file_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::identity:
      return "identity";
    case RecordKind::agreement:
      return "agreement";
    case RecordKind::ending:
      return "ended";
  }
  P2P_ASSERT(false, "a kind of record");
}

// More than there should be is read of the small ones, so that it can be said what is wrong with them.
std::size_t file_bytes_max(RecordKind kind) {
  constexpr std::size_t kSmallFileBytesMax = 4096;
  return kind == RecordKind::agreement ? kRecordHeadBytes + kOwnerBytes + kAgreementBytesMax : kSmallFileBytesMax;
}

// Identities that end within one second get names with a number; more than a few do not.
constexpr int kNamesOfASecondMax = 100;

std::string encode(const cluster::Id& id) {
  std::string bytes;
  append_number(bytes, id.high);
  append_number(bytes, id.low);
  return bytes;
}

template <class Id = cluster::NodeId>
Id decode_id(std::string_view bytes) {
  Id id;
  id.high = number_at(bytes, 0);
  id.low = number_at(bytes, 8);
  return id;
}

Result<std::uint64_t> random_of_system() {
  std::uint64_t number = 0;
  // A read of up to 256 bytes is whole; it waits only while a machine that starts has no randomness yet.
  constexpr int kInterruptionsMax = 1'000;
  for (int seen = 0; seen < kInterruptionsMax; ++seen) {
    if (::getrandom(&number, sizeof number, 0) == sizeof number) return number;
    if (errno != EINTR) break;
  }
  return Error{ErrorKind::local, "cannot draw a random number for the node's identity: " +
                                     std::system_category().message(errno) + "; the kernel must offer getrandom(2)"};
}

std::string date(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

NodeFolder::Environment NodeFolder::real_environment() {
  return {posix_file_system(), random_of_system, [] { return std::chrono::system_clock::now(); }};
}

Result<std::unique_ptr<NodeFolder>> NodeFolder::open(const std::filesystem::path& folder, Environment environment) {
  std::unique_ptr<NodeFolder> opened(new NodeFolder(folder, std::move(environment)));
  if (auto begun = opened->begin(); !begun.ok()) return begun.error();
  return opened;
}

NodeFolder::NodeFolder(std::filesystem::path folder, Environment environment)
    : folder_(std::move(folder)), environment_(std::move(environment)) {}

Result<Done> NodeFolder::begin() {
  FileSystem& files = *environment_.files;
  if (auto made = files.make_folder(folder_); !made.ok()) return made;
  auto lock = files.lock(folder_ / "lock");
  if (!lock.ok()) return lock.error();
  lock_ = std::move(lock).value();

  // What the last process has renamed is on disk before anything is made in its place.
  if (auto synced = files.sync_folder(folder_); !synced.ok()) return synced;
  if (auto made = files.make_folder(node()); !made.ok()) return made;
  const auto ending = read_ending();
  if (!ending.ok()) return ending.error();
  if (ending.value()) {
    if (auto completed = complete(*ending.value()); !completed.ok()) return completed;
  }
  if (auto begun = begin_boot(); !begun.ok()) return begun;

  // Read after the folder was synced with the new boot number: nothing counts as saved that a crash could take back.
  auto saved = read_agreement();
  if (!saved.ok()) return saved.error();
  saved_ = std::move(saved).value();
  if (!ending.value()) return Done{};
  if (saved_) return set_aside(*ending.value());
  before_ = ending.value();
  retired_at_start_ = retired(*before_);
  return Done{};
}

Result<Done> NodeFolder::save(std::string_view bytes) {
  if (failure_) return *failure_;
  if (bytes.size() > kAgreementBytesMax) {
    return noted(Result<Done>(Error{ErrorKind::invalid, "the cluster map has " + std::to_string(bytes.size()) +
                                                            " bytes, and a node keeps at most " +
                                                            std::to_string(kAgreementBytesMax)}));
  }
  auto saved = noted(write_record(RecordKind::agreement, encode(self_.id).append(bytes)));
  if (!saved.ok() || !before_) return saved;
  return noted(set_aside(*std::exchange(before_, std::nullopt)));
}

Result<Retired> NodeFolder::retire(std::string_view reason, const cluster::ClusterId& ended_network) {
  if (failure_) return *failure_;
  const auto ending = noted(mark_ended(ended_network, reason));
  if (!ending.ok()) return ending.error();
  if (auto completed = noted(complete(ending.value())); !completed.ok()) return completed.error();
  saved_.reset();
  before_ = ending.value();
  if (auto begun = noted(begin_boot()); !begun.ok()) return begun.error();
  return retired(ending.value());
}

Result<Done> NodeFolder::mark_network_ended(const cluster::ClusterId& network, std::string_view reason) {
  if (failure_) return *failure_;
  if (auto marked = noted(mark_ended(network, reason)); !marked.ok()) return marked.error();
  return Done{};
}

Result<NodeFolder::Ending> NodeFolder::mark_ended(const cluster::ClusterId& ended_network, std::string_view reason) {
  before_.reset();
  auto name = dated_name();
  if (!name.ok()) return name.error();
  const Ending ending{self_.id, ended_network, name.value(), std::string(reason.substr(0, kReasonBytesMax))};
  std::string payload = encode(ending.id) + encode(ending.ended_network);
  append_number(payload, ending.dated_name.size(), 1);
  payload += ending.dated_name + ending.reason;
  if (auto written = write_record(RecordKind::ending, payload); !written.ok()) return written.error();
  return ending;
}

Result<std::optional<NodeFolder::Ending>> NodeFolder::read_ending() {
  const auto payload = read_record(RecordKind::ending);
  if (!payload.ok()) return payload.error();
  if (!payload.value()) return std::optional<Ending>();
  const std::string_view bytes = *payload.value();
  if (bytes.size() < kEndingBytes) return refusal(RecordKind::ending, "it is cut short");
  const std::size_t name_bytes = number_at(bytes, kEndingBytes - 1, 1);
  const std::string_view name = bytes.substr(kEndingBytes, name_bytes);
  if (name.size() < name_bytes || !name.starts_with(kDatedNameStart) || name.find('/') != name.npos)
    return refusal(RecordKind::ending, "it names no folder of a former identity");
  return std::optional(Ending{.id = decode_id(bytes),
                              .ended_network = decode_id<cluster::ClusterId>(bytes.substr(kOwnerBytes)),
                              .dated_name = std::string(name),
                              .reason = std::string(bytes.substr(kEndingBytes + name_bytes))});
}

// Again and again, until nothing is there of the identity that is over.
Result<Done> NodeFolder::complete(const Ending& ending) {
  const auto present = read_identity();
  if (!present.ok()) return present.error();
  if (!present.value() || present.value()->id != ending.id) return Done{};
  FileSystem& files = *environment_.files;
  if (auto renamed = files.rename(node(), folder_ / ending.dated_name); !renamed.ok()) return renamed;
  if (auto synced = files.sync_folder(folder_); !synced.ok()) return synced;
  return files.make_folder(node());
}

// What comes after this identity has nothing to do with that one: should its folder be moved away, a new node joins.
Result<Done> NodeFolder::set_aside(const Ending& ending) {
  FileSystem& files = *environment_.files;
  auto renamed = files.rename(file(RecordKind::ending), folder_ / (ending.dated_name + ".ended"));
  return renamed.ok() ? files.sync_folder(folder_) : renamed;
}

Retired NodeFolder::retired(const Ending& ending) const {
  return {folder_ / ending.dated_name, ending.reason, ending.ended_network};
}

Result<std::string> NodeFolder::dated_name() {
  const auto names = environment_.files->list(folder_);
  if (!names.ok()) return names.error();
  const std::string first = kDatedNameStart + date(environment_.wall_clock());
  std::string name = first;
  for (int number = 2; contains(names.value(), name); ++number) {
    if (number > kNamesOfASecondMax) {
      return Error{ErrorKind::local, "there are already " + std::to_string(kNamesOfASecondMax) + " folders like " +
                                         (folder_ / first).native() + "; move them away"};
    }
    name = first + "-" + std::to_string(number);
  }
  return name;
}

Result<Done> NodeFolder::begin_boot() {
  const auto present = read_identity();
  if (!present.ok()) return present.error();
  const auto identity = present.value() ? Result<Identity>(*present.value()) : new_identity();
  if (!identity.ok()) return identity.error();
  const auto nonce = environment_.draw_random();
  if (!nonce.ok()) return nonce.error();
  Identity next = identity.value();
  next.boot = {next.boot.number + 1, nonce.value()};
  std::string payload = encode(next.id);
  append_number(payload, next.boot.number);
  if (auto raised = write_record(RecordKind::identity, payload); !raised.ok()) return raised;
  self_ = next;
  return Done{};
}

Result<std::optional<Identity>> NodeFolder::read_identity() {
  const auto payload = read_record(RecordKind::identity);
  if (!payload.ok()) return payload.error();
  if (!payload.value()) return std::optional<Identity>();
  if (payload.value()->size() != kIdentityBytes) return refusal(RecordKind::identity, "it has not the right length");
  return std::optional(Identity{decode_id(*payload.value()), {number_at(*payload.value(), kOwnerBytes), 0}});
}

Result<Identity> NodeFolder::new_identity() {
  const auto names = environment_.files->list(node());
  if (!names.ok()) return names.error();
  if (contains(names.value(), file_name(RecordKind::agreement))) {
    return refusal(RecordKind::identity, "it is missing, but what the node has promised is there");
  }
  const auto high = environment_.draw_random();
  if (!high.ok()) return high.error();
  const auto low = environment_.draw_random();
  if (!low.ok()) return low.error();
  cluster::NodeId id;
  id.high = high.value();
  id.low = low.value();
  return Identity{id, {}};
}

Result<std::optional<std::string>> NodeFolder::read_agreement() {
  auto payload = read_record(RecordKind::agreement);
  if (!payload.ok() || !payload.value()) return payload;
  std::string& bytes = *payload.value();
  if (bytes.size() < kOwnerBytes) return refusal(RecordKind::agreement, "it is cut short");
  if (const cluster::NodeId owner = decode_id(bytes); owner != self_.id) {
    return refusal(RecordKind::agreement, "it belongs to node " + owner.text() + ", and this is node " +
                                              self_.id.text() + ": files of two folders were mixed");
  }
  bytes.erase(0, kOwnerBytes);
  return payload;
}

Result<std::optional<std::string>> NodeFolder::read_record(RecordKind kind) {
  auto bytes = environment_.files->read(file(kind), file_bytes_max(kind));
  if (!bytes.ok() || !bytes.value()) return bytes;
  const auto payload = decode_record(kind, *bytes.value());
  if (!payload.ok()) return refusal(kind, payload.error().text);
  return std::optional(std::string(payload.value()));
}

Result<Done> NodeFolder::write_record(RecordKind kind, std::string_view payload) {
  return replace(*environment_.files, file(kind), encode_record(kind, payload));
}

std::filesystem::path NodeFolder::file(RecordKind kind) const {
  return (kind == RecordKind::ending ? folder_ : node()) / file_name(kind);
}

// A copy from a backup would be no way out: it may have promised less than this node did (A7).
Error NodeFolder::refusal(RecordKind kind, const std::string& why) const {
  return Error{ErrorKind::invalid, file(kind).native() + " cannot be used: " + why + "; move the folder " +
                                       node().native() + " away, and the node joins as a new one"};
}

template <class T>
Result<T> NodeFolder::noted(Result<T> result) {
  if (!result.ok()) failure_ = result.error();
  return result;
}

}  // namespace p2p::agreed
