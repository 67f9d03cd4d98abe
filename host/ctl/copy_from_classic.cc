// Pages of a network in classic mode: each member lists what it owns and has. Keys that move while members are asked
// one after the other may be on neither list; so a pass counts only where all answers come from the same view, and
// nobody awaits keys.
#include "ctl/copy_source.h"
#include "ctl/store_client.h"

#include <Store.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace p2p::ctl {
namespace {

class ClassicSource final : public CopySource {
 public:
  ClassicSource(const Session& from, Network network, const CopyRequest& request)
      : timeouts_(from.timeouts), network_(std::move(network)), request_(request) {}

  void begin() override {
    member_ = 0;
    is_checked_ = false;
    cursor_.clear();
    node_.reset();
  }

  CopyStep next() override {
    if (!is_checked_) {
      if (auto problem = check()) return *std::move(problem);
      is_checked_ = true;
    }
    auto page = ask_page(member_, kKeysAsked);
    if (!page.ok()) return ended(page.error());
    if (auto problem = problem_of(page.value())) return *std::move(problem);
    CopyStep step;
    for (auto& item : page.value().items) {
      if (item.__isset.value) {
        step.entries.push_back({std::move(item.key), std::move(item.value)});
      } else if (auto problem = read_large(item.key, step)) {
        return *std::move(problem);
      }
    }
    cursor_ = page.value().cursor;
    if (cursor_.empty() && !go_to_next_member()) step.kind = Kind::last_page;
    return step;
  }

 private:
  using Kind = CopyStep::Kind;
  static constexpr std::int32_t kKeysAsked = 1000;

  // Before anything is copied: no member is of another kind, and none awaits keys.
  std::optional<CopyStep> check() {
    if (auto problem = learn_members()) return problem;
    for (std::size_t at = 0; at < network_.members.size(); ++at) {
      const auto page = ask_page(at, 1);
      if (!page.ok()) return ended(page.error());
      if (auto problem = problem_of(page.value())) return problem;
    }
    node_.reset();
    return std::nullopt;
  }

  // Of all that are left of those that were known: while they do not agree, none is believed.
  std::optional<CopyStep> learn_members() {
    std::optional<Network> learnt;
    std::string why = "it has no members";
    for (const NodeAddress& member : network_.members) {
      auto node = Connection::open(member, timeouts_);
      auto network = node.ok() ? ask_network(node.value()) : Result<Network>(node.error());
      if (!network.ok()) {
        why = network.error().text;
        continue;
      }
      if (network.value().is_agreed) return again(member.name() + " is a node of an agreed cluster now");
      if (learnt && learnt->view != network.value().view) return again("its members do not agree on who they are");
      learnt = std::move(network).value();
    }
    if (!learnt || learnt->members.empty()) return again(why);
    network_ = *std::move(learnt);
    return std::nullopt;
  }

  Result<diststore::ScanResult> ask_page(std::size_t member, std::int32_t limit) {
    if (request_.is_interrupted.load()) return Error{ErrorKind::cancelled, "interrupted"};
    if (!node_ || node_member_ != member) {
      auto node = Connection::open(network_.members[member], timeouts_);
      if (!node.ok()) return node.error();
      node_.emplace(std::move(node).value());
      node_member_ = member;
    }
    return node_->ask<diststore::StoreClient>(kStore, [&](auto& client) {
      diststore::ScanOptions options;
      options.__set_here(true);
      options.__set_values(limit > 1);
      options.__set_limit(limit);
      if (!request_.prefix.empty()) options.__set_prefix(request_.prefix);
      diststore::ScanResult page;
      client.scan(page, cursor_, options);
      return page;
    });
  }

  // A value that did not fit its page.
  std::optional<CopyStep> read_large(const std::string& key, CopyStep& step) {
    const auto read = node_->ask<diststore::StoreClient>(kStore, [&](auto& client) {
      diststore::ReadResult found;
      client.read(found, key, {});
      return found;
    });
    if (!read.ok()) return ended(read.error());
    if (read.value().found) step.entries.push_back({key, read.value().value});
    return std::nullopt;
  }

  bool go_to_next_member() { return ++member_ < network_.members.size(); }

  std::optional<CopyStep> problem_of(const diststore::ScanResult& page) const {
    if (page.awaits_keys) return again("keys are on the move there");
    if (page.view != network_.view) return again("its members change");
    return std::nullopt;
  }

  static CopyStep again(const std::string& why) {
    return {.kind = Kind::again, .error = {ErrorKind::unreachable, "the network to copy from: " + why}};
  }
  static CopyStep failed(Error error) { return {.kind = Kind::failed, .error = std::move(error)}; }

  // A member that does not answer may be gone from the next view.
  static CopyStep ended(const Error& error) {
    switch (error.kind) {
      case ErrorKind::unsupported:
        return failed({error.kind, error.text +
                                       "; a node of the 2009 system cannot list its keys: let it leave, so that "
                                       "others have them, and copy then"});
      case ErrorKind::invalid:
        return failed({error.kind, error.text + "; all nodes of the network to copy from have to be of this version"});
      case ErrorKind::not_found:
        return failed({error.kind, error.text + "; keys that this member should have are on no other"});
      default:
        return again(error.text);
    }
  }

  const Timeouts timeouts_;
  Network network_;
  const CopyRequest request_;
  bool is_checked_ = false;
  std::size_t member_ = 0;  // whose pages come now
  std::string cursor_;      // of its next one
  std::optional<Connection> node_;
  std::size_t node_member_ = 0;
};

}  // namespace

std::unique_ptr<CopySource> classic_source(const Session& from, Network network, const CopyRequest& request) {
  return std::make_unique<ClassicSource>(from, std::move(network), request);
}

}  // namespace p2p::ctl
