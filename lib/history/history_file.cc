#include "history/history_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <stdexcept>

namespace p2p::history {
namespace {

using nlohmann::json;

constexpr std::array kKindNames = {"read", "write", "erase"};
constexpr std::array kEndingNames = {"ok", "condition_failed", "refused", "unknown"};

struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class Enum, std::size_t N>
Enum named(const json& object, const char* field, const std::array<const char*, N>& names) {
  const std::string& name = object.at(field).get_ref<const std::string&>();
  for (std::size_t at = 0; at < N; ++at) {
    if (name == names[at]) return static_cast<Enum>(at);
  }
  throw Wrong(fmt::format("{}: \"{}\" is not known", field, name));
}

std::optional<Version> version_in(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::nullopt;
  if (!found->is_array() || found->size() != 2) throw Wrong(fmt::format("{}: two numbers are wanted", field));
  return Version{found->at(0).get<std::uint64_t>(), found->at(1).get<std::uint64_t>()};
}

void put(json& object, const char* field, const std::optional<Version>& version) {
  if (version) object[field] = {version->stamp, version->node};
}

Operation fields_of(const json& object) {
  Operation one;
  one.key = object.at("key").get<std::string>();
  one.client = object.value("client", 0U);
  one.kind = named<Kind>(object, "op", kKindNames);
  one.value = object.value("value", std::string());
  one.if_absent = object.value("if_absent", false);
  one.if_version = version_in(object, "if_version");
  one.ending = named<Ending>(object, "result", kEndingNames);
  if (object.contains("found")) one.found = object.at("found").get<bool>();
  one.version = version_in(object, "version");
  one.invoked_at = object.at("invoked_at").get<Moment>();
  one.returned_at = object.at("returned_at").get<Moment>();
  return one;
}

// "" when the fields fit each other.
const char* contradiction_in(const Operation& one) {
  if (one.returned_at < one.invoked_at) return "it returned before it was invoked";
  if (one.kind == Kind::write && one.value.empty()) return "a write has a value";
  if (one.kind == Kind::read && one.has_condition()) return "a read has no condition";
  if (one.kind == Kind::erase && one.if_absent) return "what is absent is not erased";
  if (one.if_absent && one.if_version) return "one condition at most";
  if (one.ending == Ending::condition_failed && !one.has_condition())
    return "there is no condition that can have failed";
  const bool is_answered_read = one.kind == Kind::read && one.ending == Ending::ok;
  if (is_answered_read && !one.found) return "a read tells whether it found something";
  if (is_answered_read && *one.found == one.value.empty()) return "a read tells what it found, and nothing else";
  return "";
}

Error wrong(const std::string& text) { return Error{ErrorKind::invalid, text}; }

}  // namespace

const char* to_text(Ending ending) noexcept { return kEndingNames.at(static_cast<std::size_t>(ending)); }

std::string line_of(const Operation& one) {
  json object{{"key", one.key},
              {"client", one.client},
              {"op", kKindNames.at(static_cast<std::size_t>(one.kind))},
              {"result", to_text(one.ending)},
              {"invoked_at", one.invoked_at},
              {"returned_at", one.returned_at}};
  if (!one.value.empty()) object["value"] = one.value;
  if (one.if_absent) object["if_absent"] = true;
  if (one.found) object["found"] = *one.found;
  put(object, "if_version", one.if_version);
  put(object, "version", one.version);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);  // foreign bytes need not be UTF-8
}

Result<Operation> operation_of(std::string_view line) {
  try {
    const Operation one = fields_of(json::parse(line));
    const std::string_view contradiction = contradiction_in(one);
    if (!contradiction.empty()) return wrong(std::string(contradiction));
    return one;
  } catch (const std::exception& failure) {  // of JSON, or Wrong
    return wrong(failure.what());
  }
}

}  // namespace p2p::history
