#include "config/check_route.h"

#include "config/reading.h"
#include "config/suggestion.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace p2p::host {
namespace {

constexpr std::int64_t kFieldIdMax = 32767;

// Services that extend each other; a longer chain is one that an IDL compiler has not written.
constexpr std::size_t kExtendsMax = 32;

// Ten times more than any IDL has.
constexpr std::size_t kRouteMethodsMax = 1'000;

const std::vector<std::string>& fate_words() {
  static const std::vector<std::string> words = {"here", "any", "refused"};
  return words;
}
constexpr const char* kFateChoice = "\"here\", \"any\" or \"refused\"";

// "any" is another word for here: every node that can be asked is as good as the one that was.
std::optional<Fate> fate_of(std::string_view word) {
  if (word == "here" || word == "any") return Fate::here;
  if (word == "refused") return Fate::refused;
  return std::nullopt;
}

std::optional<std::int16_t> field_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failure != std::errc() || end != text.data() + text.size() || id < 1 || id > kFieldIdMax) return std::nullopt;
  return static_cast<std::int16_t>(id);
}

// Ids and nothing else, whatever their values and however many.
bool is_made_of_numbers(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char letter) { return letter == '.' || (letter >= '0' && letter <= '9'); });
}

std::optional<KeyPath> key_path(const std::vector<std::string>& pieces) {
  KeyPath path;
  for (const std::string& piece : pieces) {
    const auto id = field_id(piece);
    if (!id || path.depth == KeyPath::kDepthMax) return std::nullopt;
    path.ids[path.depth++] = *id;
  }
  return path;
}

bool is_method_name(std::string_view name) {
  const auto is_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
  };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char letter) {
    return is_letter(letter) || (letter >= '0' && letter <= '9') || letter == '.';
  });
}

// Text, quoted in a file or bare in an argument, or a whole number as its text; null for everything else.
std::optional<std::string> scalar_text(const Value& value) {
  if (const auto* untyped = std::get_if<Untyped>(&value.data)) return untyped->text;
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  return std::nullopt;
}

// The methods of the services that a plugin serves, and their arguments.
class Methods {
 public:
  explicit Methods(const PluginDescription* plugin) {
    if (plugin == nullptr) return;
    idl_ = &plugin->idl;
    for (const std::string& served : plugin->serves) add(served.substr(served.rfind('.') + 1));
  }

  // False: nothing is known, and everything may be.
  bool are_known() const noexcept { return !methods_.empty(); }
  const IdlMethod* find(std::string_view name) const {
    const auto found = methods_.find(name);
    return found == methods_.end() ? nullptr : found->second;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, method] : methods_) {
      if (!is_base_method(name)) all.push_back(name);
    }
    return all;
  }
  const std::vector<IdlField>* fields_of(const std::string& structure) const {
    const auto found = idl_->structs.find(structure);
    return found == idl_->structs.end() ? nullptr : &found->second;
  }

 private:
  void add(std::string service) {
    for (std::size_t depth = 0; depth < kExtendsMax && !service.empty(); ++depth) {
      const auto found = idl_->services.find(service);
      if (found == idl_->services.end()) return;
      for (const IdlMethod& method : found->second.methods) methods_.emplace(method.name, &method);
      service = found->second.extends;
    }
  }

  const IdlDescription* idl_ = nullptr;
  std::map<std::string, const IdlMethod*, std::less<>> methods_;
};

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
    if (!is_method_name(name)) {
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
    const auto fate = text ? fate_of(*text) : std::nullopt;
    if (fate) {
      route.others.fate = *fate;
    } else {
      error(entry.value, entry.key,
            std::string("must be ") + kFateChoice + instead_of(entry.value) +
                (text ? did_you_mean(*text, fate_words()) : ""));
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
    if (const auto fate = text ? fate_of(*text) : std::nullopt) {
      method.fate = *fate;
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

  // Where the key of a method is written: as the method's whole value, which may be a word instead, or as its 'key'.
  struct KeyPlace {
    const std::string& method;
    const std::string name;  // for messages
    const Value& value;
    bool takes_words;
  };

  bool read_key(const KeyPlace& place, MethodRoute& method) {
    const auto text = scalar_text(place.value);
    const auto pieces = text ? split_path(*text) : std::vector<std::string>();
    const auto key = text ? key_path(pieces) : std::nullopt;
    if (!key) {
      error(place.value, place.name,
            text ? what_is_wrong(place, *text, pieces.size()) : what_is_right(place) + quotes(place));
      return false;
    }
    method.fate = Fate::by_key;
    method.key = *key;
    if (const IdlMethod* known = methods_.find(place.method)) return is_key_right(place, *known, method.key);
    return true;
  }

  static std::string instead_of(const Value& value) {
    const auto text = scalar_text(value);
    return ", not " + (text ? "'" + *text + "'" : kind_of(value));
  }

  static std::string what_is_right(const KeyPlace& place) {
    const std::string words = place.takes_words ? std::string(", ") + kFateChoice : "";
    return "must be the id of the field that holds the key, as 1, " + std::string(place.takes_words ? "" : "or ") +
           "\"1.3\" for field 3 of the struct in field 1" + words + instead_of(place.value);
  }

  // A path that is not quoted is a number to TOML.
  static std::string quotes(const KeyPlace& place) {
    return std::holds_alternative<double>(place.value.data) ? "; a path stands in quotes" : "";
  }

  std::string what_is_wrong(const KeyPlace& place, const std::string& text, std::size_t depth) const {
    if (is_made_of_numbers(text) && depth > KeyPath::kDepthMax) {
      return "names a field within " + std::to_string(depth - 1) + " structs, '" + text + "'; a path has at most " +
             std::to_string(KeyPath::kDepthMax) + " ids";
    }
    return what_is_right(place) + suggestion(place, text);
  }

  // For what is no key: the id of the argument of that name, the nearest word, or what ids there are.
  std::string suggestion(const KeyPlace& place, const std::string& text) const {
    if (const IdlMethod* known = methods_.find(place.method)) {
      for (const IdlField& field : known->arguments) {
        if (field.name == text) return "; did you mean " + std::to_string(field.id) + "?";
      }
    }
    if (is_made_of_numbers(text)) return "; ids are 1 to " + std::to_string(kFieldIdMax);
    if (place.takes_words) return did_you_mean(text, fate_words());
    if (!fate_of(text)) return "";
    return "; did you mean '" + place.method + " = \"" + text + "\"'?";
  }

  // Completes the key by what the IDL says of its field.
  bool is_key_right(const KeyPlace& place, const IdlMethod& known, KeyPath& key) {
    const std::vector<IdlField>* fields = &known.arguments;
    KeyPath walked;
    for (std::size_t level = 0; level < key.depth; ++level) {
      walked.ids[walked.depth++] = key.ids[level];
      const auto field =
          std::find_if(fields->begin(), fields->end(), [&](const IdlField& one) { return one.id == key.ids[level]; });
      if (field == fields->end()) {
        error(place.value, place.name, "names field " + walked.text() + ", which is not there" + choice_of(*fields));
        return false;
      }
      const auto slash = field->type.find('/');
      const bool is_struct = slash != std::string::npos;
      const bool is_last = level + 1 == key.depth;
      if (is_last == is_struct || (is_last && !can_be_key(field->type))) {
        const std::string what = "names field " + walked.text() + ", '" + field->name + "', which is of type ";
        error(place.value, place.name,
              what + field->type.substr(is_struct ? slash + 1 : 0) +
                  (is_last ? ": a key is a string, a binary or an integer" + inner_choice(*field, slash)
                           : " and holds no further fields"));
        return false;
      }
      if (is_last) {
        key.kind = kind_of_type(field->type);
        return true;
      }
      fields = methods_.fields_of(field->type.substr(slash + 1));
      if (fields == nullptr) return true;  // its IDL was not described
    }
    return true;
  }

  // Stop for one that cannot be a key.
  static FieldKind kind_of_type(std::string_view type) {
    static const std::map<std::string_view, FieldKind> kinds = {
        {"string", FieldKind::text}, {"binary", FieldKind::text}, {"i8", FieldKind::byte}, {"byte", FieldKind::byte},
        {"i16", FieldKind::i16},     {"i32", FieldKind::i32},     {"i64", FieldKind::i64}};
    const auto found = kinds.find(type);
    return found == kinds.end() ? FieldKind::stop : found->second;
  }
  static bool can_be_key(std::string_view type) { return kind_of_type(type) != FieldKind::stop; }

  static std::string choice_of(const std::vector<IdlField>& fields) {
    std::string text;
    for (const IdlField& field : fields) {
      text += (text.empty() ? "; there are " : ", ") + std::to_string(field.id) + " (" + field.name + ")";
    }
    return text.empty() ? "; there are no fields" : text;
  }

  std::string inner_choice(const IdlField& field, std::size_t slash) const {
    if (slash == std::string::npos) return "";
    const auto* fields = methods_.fields_of(field.type.substr(slash + 1));
    return fields == nullptr ? "" : "; in it" + choice_of(*fields).substr(1);
  }

  const std::string prefix_;
  const Methods methods_;
  Problems& problems_;
};

}  // namespace

Route read_route(const Entry& entry, const std::string& prefix, const PluginDescription* plugin, Problems& problems) {
  return RouteReader(prefix, plugin, problems).read(entry);
}

}  // namespace p2p::host
