#include "plugins/descriptor.h"
#include "plugins/elf_file.h"
#include "plugins/stamp.h"
#include "validate/elf_facts.h"
#include "validate/rules.h"

#include <p2p/abi.h>
#include <p2p/plugin.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

// Symbols named in a report; a plugin that exports everything exports hundreds.
constexpr std::size_t kNamedSymbolsMax = 3;

std::string first_of(const std::vector<std::string>& symbols) {
  std::vector<std::string> named;
  for (std::size_t index = 0; index < std::min(symbols.size(), kNamedSymbolsMax); ++index)
    named.push_back(demangled(symbols[index]));
  const std::size_t more = symbols.size() - named.size();
  return joined(named, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

constexpr const char* kMendNoSection =
    "Use P2P_PLUGIN once, in a source file of this library, and do not strip its sections";
constexpr const char* kMendDescriptor =
    "Mend what P2P_PLUGIN is given: P2P_NAME and P2P_VERSION are required, a name is [a-z][a-z0-9_]*, and no text "
    "holds "
    "control characters";
constexpr const char* kMendOption =
    "Mend that P2P_OPTION(key, type, default, range, help): the types are " P2P_OPTION_TYPES
    "; a range is LOW..HIGH, or a|b|c of a choice; the default is one of its values; each key is declared once";

// Runs `check` with the file's facts, which the rule `file` found readable.
template <class Check>
Verdict with_facts(const Subject& subject, Check check) {
  const auto facts = read_elf_facts(subject.path);
  return facts.ok() ? check(facts.value()) : broken(facts.error().text);
}

template <class Check>
Verdict with_description(const Subject& subject, Check check) {
  return with_facts(subject, [&](const ElfFacts& facts) {
    if (!facts.descriptor) return broken("it has no readable section " P2P_INFO_SECTION, kMendNoSection);
    const auto description = parse_descriptor(*facts.descriptor);
    if (description.ok()) return check(description.value());
    const std::string& why = description.error().text;
    return broken(why, why.find("option '") == std::string::npos ? kMendDescriptor : kMendOption);
  });
}

// "text/NUMBER": a change of an interface is a new number, so an id without one cannot change.
bool is_interface_id(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash != std::string::npos && slash > 0 && slash + 1 < id.size() &&
         std::all_of(id.begin() + static_cast<std::ptrdiff_t>(slash) + 1, id.end(),
                     [](unsigned char letter) { return std::isdigit(letter) != 0; });
}

// "module.Service"
bool is_idl_name(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot != std::string::npos && dot > 0 && dot + 1 < name.size() && name.find('.', dot + 1) == std::string::npos;
}

// What a descriptor lacks, and how to fix it; each advice once.
class Gaps {
 public:
  explicit Gaps(const PluginDescription& plugin) {
    if (plugin.summary.empty()) add("it has no P2P_SUMMARY", "Say in one line what it does: P2P_SUMMARY(\"...\")");
    for (const Option& option : plugin.options) {
      if (option.help.empty()) {
        add(fmt::format("option '{}' has no help text", option.key),
            "Say what the option does, as the last of P2P_OPTION");
      }
    }
    find_bad_ids("P2P_PROVIDES", plugin.provides);
    find_bad_ids("P2P_REQUIRES", plugin.required);
    find_bad_ids("P2P_OPTIONAL", plugin.optional);
    for (const std::string& idl : plugin.serves) {
      if (is_idl_name(idl)) continue;
      add(fmt::format("P2P_SERVES '{}' is no \"module.Service\"", idl),
          "Name the service as its IDL does: \"module.Service\", module being the file's name");
    }
  }

  bool any() const noexcept { return !faults_.empty(); }
  Verdict verdict() const { return broken(joined(faults_), joined(mends_)); }

 private:
  void find_bad_ids(const char* piece, const std::vector<std::string>& ids) {
    std::set<std::string> known;
    for (const std::string& id : ids) {
      if (!is_interface_id(id)) {
        add(fmt::format("{} '{}' is no \"module.IName/1\"", piece, id),
            "Write ids as \"module.IName/1\", with a number that grows with each change of the interface");
      }
      if (!known.insert(id).second) add(fmt::format("{} names '{}' twice", piece, id), "Name each id once");
    }
  }

  void add(std::string fault, const std::string& mend) {
    faults_.push_back(std::move(fault));
    if (std::find(mends_.begin(), mends_.end(), mend) == mends_.end()) mends_.push_back(mend);
  }

  std::vector<std::string> faults_;
  std::vector<std::string> mends_;
};

bool is_plugin(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return false;
  const auto facts = read_elf_facts(path);
  if (!facts.ok()) return false;
  const auto& exports = facts.value().exports;
  return facts.value().stamp || std::find(exports.begin(), exports.end(), P2P_ENTRY_SYMBOL) != exports.end();
}

// Where the dynamic linker might find `library` for this plugin, other than among the system's own.
std::vector<fs::path> places_of(const std::string& library, const ElfFacts& facts, const Subject& subject) {
  if (library.find('/') != std::string::npos) return {library};
  std::vector<fs::path> places{subject.path.parent_path() / library};
  for (const std::string& folder : facts.folders) places.push_back(fs::path(folder) / library);
  for (const PluginFile& other : subject.others) places.push_back(other.path.parent_path() / library);
  return places;
}

}  // namespace

Verdict check_file(const Subject& subject, Trial&) {
  const auto elf = ElfFile::open(subject.path);
  return elf.ok() ? holds("a shared library for this machine") : broken(elf.error().text);
}

Verdict check_place(const Subject& subject, Trial&) {
  const auto faults = find_unsafe(subject.path, subject.trust);
  if (!faults.ok()) return broken(faults.error().text);
  if (faults.value().empty()) return holds("nobody but its user and root can replace it");
  if (subject.trust.allow_unsafe) return holds("allowed, though unsafe: " + joined(faults.value()));
  return broken(joined(faults.value()));
}

Verdict check_stamp(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    if (!facts.stamp) return broken("it has no readable section " P2P_ABI_SECTION, kMendNoSection);
    const auto differences = find_differences(*facts.stamp, host_stamp());
    if (!differences.empty()) return broken(joined(differences));
    return holds(fmt::format("abi {}, host {}", field_of(*facts.stamp, "abi"), field_of(host_stamp(), "abi")));
  });
}

Verdict check_descriptor(const Subject& subject, Trial&) {
  return with_description(subject, [](const PluginDescription& plugin) {
    if (const Gaps gaps(plugin); gaps.any()) return gaps.verdict();
    return holds(fmt::format("{} {}, {} option{}", plugin.name, plugin.version, plugin.options.size(),
                             plugin.options.size() == 1 ? "" : "s"));
  });
}

Verdict check_name(const Subject& subject, Trial&) {
  return with_description(subject, [&](const PluginDescription& plugin) {
    if (plugin.name == subject.file_name) return holds(plugin.name + ".so");
    return broken(fmt::format("the descriptor says '{}', the file is {}.so", plugin.name, subject.file_name));
  });
}

Verdict check_exports(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    std::vector<std::string> others = facts.exports;
    const bool has_entry = std::erase(others, P2P_ENTRY_SYMBOL) > 0;
    // AddressSanitizer's own, one for each symbol of ours.
    std::erase_if(others, [](const std::string& symbol) { return symbol.starts_with("__odr_asan"); });
    if (has_entry && others.empty()) return holds(P2P_ENTRY_SYMBOL);
    const std::string missing = has_entry ? "" : "no " P2P_ENTRY_SYMBOL " of its own";
    if (others.empty()) return broken(missing, kMendNoSection);
    return broken(missing + (has_entry ? "" : ", but ") +
                  fmt::format("{} other symbol{}: {}", others.size(), others.size() == 1 ? "" : "s", first_of(others)));
  });
}

Verdict check_unique(const Subject& subject, Trial&) {
  return with_facts(subject, [](const ElfFacts& facts) {
    if (facts.unique.empty()) return holds("none");
    return broken(fmt::format("{} symbol{}: {}", facts.unique.size(), facts.unique.size() == 1 ? "" : "s",
                              first_of(facts.unique)));
  });
}

Verdict check_needed(const Subject& subject, Trial&) {
  return with_facts(subject, [&](const ElfFacts& facts) {
    std::vector<std::string> plugins;
    for (const std::string& library : facts.needed) {
      const auto places = places_of(library, facts, subject);
      if (std::any_of(places.begin(), places.end(), is_plugin)) plugins.push_back(library);
    }
    if (!plugins.empty()) return broken("it is linked with the plugin " + joined(plugins, ", "));
    return holds(fmt::format("{} libraries, none of them a plugin", facts.needed.size()));
  });
}

}  // namespace p2p::host
