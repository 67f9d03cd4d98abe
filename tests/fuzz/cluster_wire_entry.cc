#include "cluster_wire_entry.h"

#include "agreed/wire/calls.h"
#include "agreed/wire/messages.h"
#include "agreed/wire/replies.h"
#include "agreed/wire/saved.h"

#include <p2p/assert.h>
#include <p2p/handlers.h>

#include <Cluster.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace p2p::fuzz {
namespace {

using namespace p2p::cluster;

// What was read, written again, in whatever form its reader takes; nothing: it was refused.
using Rewritten = std::optional<std::string>;

// As Methods reads them.
template <class Args>
bool reads(std::string_view bytes, Args& args) {
  Codec codec;
  codec.in().attach(bytes);
  try {
    with_arguments(codec, Encoding::binary, [&](auto& in) { args.read(&in); });
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// Of a binary message: version and type, the name with its length, the sequence number.
std::string without_head(const std::string& message) {
  constexpr std::size_t kWithoutName = 12;
  return message.substr(kWithoutName + static_cast<std::uint8_t>(message[7]));
}

void check(const std::shared_ptr<const ClusterMap>& map) {
  P2P_ASSERT(map == nullptr || unsoundness(*map).empty(), "a map that is read is sound");
}

template <class Args>
Rewritten rewrite_call(std::string_view bytes) {
  Args args;
  if (!reads(bytes, args)) return std::nullopt;
  const auto read = wire::read_call(args);
  if (!read.ok()) return std::nullopt;
  if (const auto* announce = std::get_if<Announce>(&read.value().request)) check(announce->update->map);
  if (const auto* adopt = std::get_if<Adopt>(&read.value().request)) check(adopt->update.map);
  return without_head(wire::encode_call(read.value().from, read.value().cluster, read.value().request));
}

Rewritten rewrite_join(std::string_view bytes) {
  ::cluster_wire::Cluster_join_args args;
  if (!reads(bytes, args)) return std::nullopt;
  const auto read = wire::read_join(args);
  if (!read.ok()) return std::nullopt;
  return without_head(wire::encode_join(read.value().from, read.value().joiner, read.value().terms));
}

Rewritten rewrite_watch(std::string_view bytes) {
  ::cluster_wire::Cluster_watch_args args;
  if (!reads(bytes, args)) return std::nullopt;
  const auto read = wire::read_watch(args);
  if (!read.ok()) return std::nullopt;
  return without_head(wire::encode_watch(read.value()));
}

// A reply is not written by itself: as the call's result would be.
template <class Struct>
std::string result_of(const Struct& written, std::int16_t field) {
  Codec codec;
  auto& out = codec.binary_out();
  out.writeMessageBegin("watch", apache::thrift::protocol::T_REPLY, 0);
  out.writeFieldBegin("", apache::thrift::protocol::T_STRUCT, field);
  written.write(&out);
  out.writeFieldStop();
  return std::move(codec.out().block());
}

Rewritten rewrite_reply(std::string_view bytes) {
  const wire::CallEnd end = wire::read_reply(std::string(bytes));
  if (const auto* refused = std::get_if<Refused>(&end)) {
    ::cluster_wire::Refused written;
    written.field = refused->field;
    written.ours = refused->ours;
    written.theirs = refused->theirs;
    written.fix = refused->fix;
    return result_of(written, 1);
  }
  const auto* replied = std::get_if<wire::Replied>(&end);
  if (replied == nullptr) return std::nullopt;
  if (replied->reply.update) check(replied->reply.update->map);
  return result_of(wire::to_wire(*replied), 0);
}

Rewritten rewrite_saved(std::string_view bytes) {
  const auto saved = wire::decode_saved(bytes);
  if (!saved.ok()) return std::nullopt;
  check(saved.value().map);
  return wire::encode_saved(saved.value());
}

Rewritten rewrite(ClusterForm form, std::string_view bytes) {
  using namespace ::cluster_wire;
  switch (form) {
    case ClusterForm::renew:
      return rewrite_call<Cluster_renew_args>(bytes);
    case ClusterForm::prepare:
      return rewrite_call<Cluster_prepare_args>(bytes);
    case ClusterForm::accept:
      return rewrite_call<Cluster_accept_args>(bytes);
    case ClusterForm::announce:
      return rewrite_call<Cluster_announce_args>(bytes);
    case ClusterForm::fetch_map:
      return rewrite_call<Cluster_fetch_map_args>(bytes);
    case ClusterForm::suggest:
      return rewrite_call<Cluster_suggest_args>(bytes);
    case ClusterForm::begin_hand_over:
      return rewrite_call<Cluster_begin_hand_over_args>(bytes);
    case ClusterForm::join:
      return rewrite_join(bytes);
    case ClusterForm::watch:
      return rewrite_watch(bytes);
    case ClusterForm::reply:
      return rewrite_reply(bytes);
    case ClusterForm::saved:
      return rewrite_saved(bytes);
    case ClusterForm::report:
      return rewrite_call<Cluster_report_args>(bytes);
    case ClusterForm::unheard:
      return rewrite_call<Cluster_unheard_args>(bytes);
    case ClusterForm::adopt:
      return rewrite_call<Cluster_adopt_args>(bytes);
  }
  return std::nullopt;
}

}  // namespace

ClusterOutcome try_cluster_wire(std::string_view input) {
  if (input.empty()) return ClusterOutcome::refused;
  const auto form = static_cast<ClusterForm>(static_cast<std::uint8_t>(input.front()) % kClusterFormsCount);
  // A copy of exactly this size, so that a sanitizer catches reads past its end.
  const std::size_t bytes = input.size() - 1;
  const auto copy = std::make_unique<char[]>(bytes);
  std::copy_n(input.data() + 1, bytes, copy.get());
  const Rewritten written = rewrite(form, {copy.get(), bytes});
  if (!written) return ClusterOutcome::refused;
  P2P_ASSERT(rewrite(form, *written) == written, "what was read is read alike once more");
  return ClusterOutcome::read;
}

}  // namespace p2p::fuzz
