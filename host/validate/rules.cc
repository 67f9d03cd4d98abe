#include "validate/rules.h"

#include <p2p/abi.h>

namespace p2p::host {

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{
      {"file", check_file, "", "",
       "Build it as a shared library (p2p_add_plugin does) with this machine's compiler, and copy it whole"},
      {"place", check_place, "", "",
       "Run the command that is shown, or move the file to a folder that only its user can write; while you develop, "
       "--allow-unsafe-plugins lets it pass"},
      {"stamp", check_stamp, "file", "",
       "Build it with this host's SDK, Thrift, fmt, compiler and sanitizer; each differing field is named with both "
       "values"},
      {"descriptor", check_descriptor, "file", "",
       "Complete P2P_PLUGIN: name, version, summary, a help text for each option, and ids as \"module.IName/1\""},
      {"name", check_name, "file", "", "Name the file after P2P_NAME, or give P2P_NAME the file's name"},
      {"exports", check_exports, "file", "",
       "Build it with p2p_add_plugin, or hide everything by a version script: { global: " P2P_ENTRY_SYMBOL
       "; local: *; };"},
      {"unique", check_unique, "file", "",
       "As for exports: a version script makes these symbols local. g++ gives this binding to static data of inline "
       "functions and templates; -fno-gnu-unique does without it"},
      {"needed", check_needed, "file", "",
       "Do not link other plugins: offer what is shared as an interface (P2P_PROVIDES) and take it by "
       "Context::require"},
      {"symbols", check_symbols, "file place stamp", "",
       "Link the library that defines it, or implement it; -Wl,-z,defs lets the linker say so when it is built"},
      {"constructors", check_constructors, "symbols", "",
       "Move what static constructors do into start(), and undo it in stop(); they must neither throw nor block"},
      {"entry", check_entry, "symbols", "constructors",
       "Use P2P_PLUGIN once, in a source file of this library, with a class whose default constructor cannot fail"},
      {"configure", check_configure, "name entry", "",
       "Make configure() accept the declared defaults; return an Error for what it refuses, and throw nothing"},
      {"options", check_options, "configure", "",
       "Declare each option's true type and range in P2P_OPTION, and let configure() return an Error for what it "
       "refuses"},
      {"requires", check_requires, "configure", "",
       "Take required interfaces by Context::require in start(), pass its exception or an Error on, and free in stop() "
       "what start() made; what it can do without is P2P_OPTIONAL"},
      {"lifecycle", check_lifecycle, "configure", "",
       "Return from every callback, call each Completion, throw nothing, and let start() follow stop() again"},
      {"leftovers", check_leftovers, "lifecycle", "",
       "End in stop() what start() began; take threads from Context::spawn and timers from a Strand, and never change "
       "signal handlers, folders, locales or the environment"},
      {"serves", check_serves, "lifecycle", "",
       "Let P2P_SERVES, ServiceSpec::idl and what service_type() answers be the same \"module.Service\""},
  };
  return all;
}

}  // namespace p2p::host
