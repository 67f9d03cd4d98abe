#include "config/check_route.h"

#include "config/reading.h"
#include "config/route_key.h"
#include "config/suggestion.h"

#include <algorithm>
#include <optional>

namespace p2p::host {
namespace {

// Ten times more than any IDL has.
constexpr std::size_t kRouteMethodsMax = 1'000;

const std::vector<std::string>& destination_words() {
  static const std::vector<std::string> words = {"here", "any", "refused"};
  return words;
}
constexpr const char* kDestinationChoice = "\"here\", \"any\" or \"refused\"";

// "any" is a synonym of here: any node is as good as the one that was asked.
std::optional<Destination> destination_of(std::string_view word) {
  if (word == "here" || word == "any") return Destination::here;
  if (word == "refused") return Destination::refused;
  return std::nullopt;
}

// Text, quoted in a file or bare in an argument, or a whole number as its text; null for everything else.
std::optional<std::string> scalar_text(const Value& value) {
  if (const auto* untyped = std::get_if<Untyped>(&value.data)) return untyped->text;
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  return std::nullopt;
}

class RouteReader {
 public:
  RouteReader(std::string prefix, const PluginDescription* plugin, Problems& problems)
      : prefix_(std::move(prefix)), methods_(plugin), problems_(problems) {}

  Route read(const Entry& entry) {
    Route route;
    const Table* table = entry.value.table();
    if (table->entries.empty()) {
      problems_.error(entry.place, path("") + " lists no method, so that all of them would be refused");
    }
    if (table->entries.size() > kRouteMethodsMax) {
      problems_.error(entry.place,
                      path("") + " must not list more than " + std::to_string(kRouteMethodsMax) + " methods");
      return route;
    }
    for (const Entry& method : table->entries) {
      if (method.key == kOtherMethods) {
        read_others(method, route);
      } else if (is_name_right(method)) {
        read_method(method, route);
      }
    }
    return route;
  }

 private:
  std::string path(const std::string& method) const { return prefix_ + "route" + (method.empty() ? "" : "." + method); }
  void error(const Value& value, const std::string& method, const std::string& what) {
    problems_.error(value.place, path(method) + ' ' + what);
  }

  bool is_name_right(const Entry& method) {
    const std::string& name = method.key;
    std::string why;
    if (!is_identifier(name, ".")) {
      why = "'" + name + "' is no name of a method; '" + std::string(kOtherMethods) + "' stands for those not listed";
    } else if (is_base_method(name)) {
      why = path(name) + " cannot be routed: it speaks of one node, and always runs on the node that was asked";
    } else if (methods_.are_known() && methods_.find(name) == nullptr) {
      why = path(name) + ": the service has no method '" + name + "'" + did_you_mean(name, methods_.names());
    }
    if (!why.empty()) problems_.error(method.place, why);
    return why.empty();
  }

  void read_others(const Entry& entry, Route& route) {
    const auto text = scalar_text(entry.value);
    const auto destination = text ? destination_of(*text) : std::nullopt;
    if (destination) {
      route.others.destination = *destination;
    } else {
      error(entry.value, entry.key,
            std::string("must be ") + kDestinationChoice + instead_of(entry.value) +
                (text ? did_you_mean(*text, destination_words()) : ""));
    }
  }

  void read_method(const Entry& entry, Route& route) {
    MethodRoute method;
    const Table* table = entry.value.table();
    const bool is_read = table != nullptr ? read_table(entry, *table, method) : read_scalar(entry, method);
    if (is_read) route.methods.emplace(entry.key, method);
  }

  bool read_scalar(const Entry& entry, MethodRoute& method) {
    const auto text = scalar_text(entry.value);
    if (const auto destination = text ? destination_of(*text) : std::nullopt) {
      method.destination = *destination;
      return true;
    }
    return read_key({entry.key, entry.key, entry.value, true}, method);
  }

  bool read_table(const Entry& entry, const Table& table, MethodRoute& method) {
    report_unknown_keys(table, path(entry.key) + '.', {"key", "repeatable"}, {}, problems_);
    if (const Entry* repeatable = table.find("repeatable")) {
      const auto value = read_value({"repeatable", OptionType::flag, "", "", ""}, repeatable->value);
      if (value.ok()) method.is_repeatable = std::get<bool>(value.value());
      if (!value.ok()) error(repeatable->value, entry.key + ".repeatable", value.error().text);
    }
    const Entry* key = table.find("key");
    if (key == nullptr) {
      problems_.error(entry.place, path(entry.key) + " has no 'key'");
      return false;
    }
    return read_key({entry.key, entry.key + ".key", key->value, false}, method);
  }

  // Where a method's key is written: as the method's whole value, which may also be a keyword, or as its 'key'.
  struct KeyPlace {
    const std::string& method;
    const std::string name;  // for messages
    const Value& value;
    bool takes_words;
  };

  bool read_key(const KeyPlace& place, MethodRoute& method) {
    const auto text = scalar_text(place.value);
    if (!text) {
      error(place.value, place.name, what_is_right(place) + quotes(place));
      return false;
    }
    auto found = find_field(*text, methods_.find(place.method), methods_);
    if (const auto* key = std::get_if<KeyPath>(&found)) {
      method.destination = Destination::by_key;
      method.key = *key;
      return true;
    }
    const auto* fault = std::get_if<FieldFault>(&found);
    const std::string meant = word_that_is_meant(place, *text);
    if (fault == nullptr || (!meant.empty() && !fault->text.empty())) {
      const bool is_number = meant.empty() && is_made_of_numbers(*text);
      error(place.value, place.name,
            what_is_right(place) + (is_number ? "; ids are 1 to " + std::to_string(kFieldIdMax) : meant));
    } else if (!fault->text.empty()) {
      error(place.value, place.name, fault->text);
    }
    return false;
  }

  static std::string instead_of(const Value& value) {
    const auto text = scalar_text(value);
    return ", not " + (text ? "'" + *text + "'" : kind_of(value));
  }

  static std::string what_is_right(const KeyPlace& place) {
    const std::string words = place.takes_words ? std::string(", ") + kDestinationChoice : "";
    return "must be the field that holds the key, by its name or its id, as \"name\", 1, " +
           std::string(place.takes_words ? "" : "or ") + "\"1.3\" for field 3 of the struct in field 1" + words +
           instead_of(place.value);
  }

  // To TOML an unquoted path is a number.
  static std::string quotes(const KeyPlace& place) {
    return std::holds_alternative<double>(place.value.data) ? "; a path stands in quotes" : "";
  }

  // "; did you mean 'here'?", when the text is nearer to a keyword than to a field of the method.
  std::string word_that_is_meant(const KeyPlace& place, const std::string& text) const {
    if (!place.takes_words)
      return destination_of(text) ? "; did you mean '" + place.method + " = \"" + text + "\"'?" : "";
    const IdlMethod* known = methods_.find(place.method);
    const bool is_near_a_field =
        known != nullptr && std::any_of(known->arguments.begin(), known->arguments.end(),
                                        [&](const IdlField& field) { return !nearest(text, {field.name}).empty(); });
    return is_near_a_field ? "" : did_you_mean(text, destination_words());
  }

  const std::string prefix_;
  const PluginMethods methods_;
  Problems& problems_;
};

}  // namespace

Route read_route(const Entry& entry, const std::string& prefix, const PluginDescription* plugin, Problems& problems) {
  return RouteReader(prefix, plugin, problems).read(entry);
}

}  // namespace p2p::host
