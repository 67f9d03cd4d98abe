#include "agreed/wire/saved.h"

#include "agreed/wire/encoded.h"
#include "agreed/wire/maps.h"
#include "agreed/wire/values.h"

#include <memory>
#include <string>

namespace p2p::cluster::wire {

namespace {

SavedAgreement read_saved(std::string_view bytes) {
  const auto on_disk = decoded<::cluster_wire::Saved>(bytes);
  SavedAgreement saved;
  if (on_disk.__isset.whole_map) saved.map = std::make_shared<const ClusterMap>(read_map(on_disk.whole_map));
  saved.voter.slot = natural(on_disk.slot);
  if (on_disk.__isset.promised) saved.voter.promised = from_wire(on_disk.promised);
  require(on_disk.__isset.accepted == on_disk.__isset.change,
          "a change was accepted without a ballot, or none with one");
  if (!on_disk.__isset.accepted) return saved;
  saved.voter.accepted = from_wire(on_disk.accepted);
  saved.voter.change = read_change(on_disk.change);
  return saved;
}

}  // namespace

std::string encode_saved(const SavedAgreement& saved) {
  ::cluster_wire::Saved on_disk;
  if (saved.map != nullptr) on_disk.__set_whole_map(encode_map(*saved.map));
  on_disk.slot = to_wire(saved.voter.slot);
  if (!saved.voter.promised.empty()) on_disk.__set_promised(to_wire(saved.voter.promised));
  if (!saved.voter.accepted.empty()) {
    on_disk.__set_accepted(to_wire(saved.voter.accepted));
    on_disk.__set_change(encode_change(saved.voter.change));
  }
  return static_cast<char>(kSavedFormat) + encoded(on_disk);
}

Result<SavedAgreement> decode_saved(std::string_view bytes) {
  if (bytes.empty()) return Error{ErrorKind::protocol, "it is empty"};
  if (const auto format = static_cast<std::uint8_t>(bytes.front()); format != kSavedFormat)
    return Error{ErrorKind::invalid, "it is of format " + std::to_string(format) + ", and this program knows only " +
                                         std::to_string(kSavedFormat)};
  return result_of([&] { return read_saved(bytes.substr(1)); });
}

}  // namespace p2p::cluster::wire
