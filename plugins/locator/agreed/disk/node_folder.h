// Who is this node, and what has it promised? Its folder of the agreed cluster: one process holds it at a time; a
// start raises the boot number on disk before anything else (M5); what is not this node's own, whole record is refused
// with the way out, never replaced. An identity that is over is renamed, never deleted.
//   FOLDER/lock                   held while the process runs
//   FOLDER/node/identity          id and boot number
//   FOLDER/node/agreement         what the node has promised and knows: bytes of agreed/wire
//   FOLDER/ended                  which identity is over, and why, until the next one has saved something
//   FOLDER/node.20261130T000902Z  what belonged to an identity that is over; its mark is beside it, as NAME.ended
#pragma once

#include "agreed/disk/file_system.h"
#include "agreed/disk/record.h"
#include "cluster/map/identity.h"

#include <p2p/result.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace p2p::agreed {

// A map of 65536 partitions in three copies takes less than 1 MiB.
inline constexpr std::size_t kAgreementBytesMax = std::size_t{16} << 20;
// Of a reason why an identity is over; what is longer is cut.
inline constexpr std::size_t kReasonBytesMax = 1024;

// Of this process, from its start or since retire().
struct Identity {
  cluster::NodeId id;
  cluster::Boot boot;
};

// An identity that is over.
struct Retired {
  std::filesystem::path folder;  // where its files are now
  std::string reason;
  // Ended with it: this start founds one that succeeds it (J3). Empty: the network goes on, and the node joins as new
  // (J4).
  cluster::ClusterId ended_network;
};

// Not thread-safe. Once a call that writes has failed, every later one fails with that error, and writes nothing:
// what is on disk is unknown until the next start reads it.
class NodeFolder final {
 public:
  struct Environment {
    std::shared_ptr<FileSystem> files;
    std::function<Result<std::uint64_t>()> draw_random;
    std::function<std::chrono::system_clock::time_point()> wall_clock;  // only names folders
  };
  static Environment real_environment();

  // Makes the folder if need be; its parent is there. Takes the lock, completes an ending, reads or draws the id,
  // raises the boot number.
  static Result<std::unique_ptr<NodeFolder>> open(const std::filesystem::path& folder,
                                                  Environment environment = real_environment());

  const std::filesystem::path& path() const { return folder_; }
  const Identity& self() const { return self_; }

  // What was saved last, of this identity; nothing when nothing was. Kept until taken.
  std::optional<std::string> take_saved() { return std::exchange(saved_, std::nullopt); }

  // The identity before this one, until this one has saved something.
  const std::optional<Retired>& retired_at_start() const { return retired_at_start_; }

  // On disk afterwards, in place of what was saved before.
  Result<Done> save(std::string_view bytes);

  // Dates away what belongs to this identity and begins a new one (J4, J6, M5). `ended_network`: ended with it, and is
  // succeeded by what the new one founds; empty: it goes on. After an error the next start does it, or goes on as
  // before.
  Result<Retired> retire(std::string_view reason, const cluster::ClusterId& ended_network = {});

  // All members of `network`, which keeps nothing, leave: the next start dates this identity away (J3).
  Result<Done> mark_network_ended(const cluster::ClusterId& network, std::string_view reason);

 private:
  struct Ending {
    cluster::NodeId id;
    cluster::ClusterId ended_network;
    std::string dated_name;  // of the folder to be
    std::string reason;
  };

  NodeFolder(std::filesystem::path folder, Environment environment);

  Result<Done> begin();
  Result<Ending> mark_ended(const cluster::ClusterId& ended_network, std::string_view reason);
  Result<std::optional<Ending>> read_ending();
  Result<Done> complete(const Ending& ending);
  Result<Done> set_aside(const Ending& ending);
  Retired retired(const Ending& ending) const;
  Result<std::string> dated_name();

  Result<Done> begin_boot();  // of the identity on disk, or of a new one
  Result<std::optional<Identity>> read_identity();
  Result<Identity> new_identity();
  Result<std::optional<std::string>> read_agreement();

  // The payload of one of this node's files; nothing when there is none.
  Result<std::optional<std::string>> read_record(RecordKind kind);
  Result<Done> write_record(RecordKind kind, std::string_view payload);
  Error refusal(RecordKind kind, const std::string& why) const;
  std::filesystem::path file(RecordKind kind) const;
  std::filesystem::path node() const { return folder_ / "node"; }

  // Notes the first failure.
  template <class T>
  Result<T> noted(Result<T> result);

  std::filesystem::path folder_;
  Environment environment_;
  std::unique_ptr<FileLock> lock_;
  Identity self_;
  std::optional<std::string> saved_;
  std::optional<Ending> before_;  // whose mark is there, as this identity has saved nothing
  std::optional<Retired> retired_at_start_;
  std::optional<Error> failure_;
};

}  // namespace p2p::agreed
