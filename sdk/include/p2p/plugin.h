// What must a plugin offer? A class derived from Plugin, and one P2P_PLUGIN line that names and describes it. The host
// reads the description and the ABI stamp from the file before it runs any code of it.
#pragma once

#include <p2p/abi.h>
#include <p2p/completion.h>
#include <p2p/config.h>
#include <p2p/context.h>
#include <p2p/export.h>
#include <p2p/result.h>
#include <p2p/sanitizer.h>
#include <p2p/version.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace p2p {

// How a running service responds to a changed configuration.
enum class Reconfigured : std::uint8_t {
  applied,        // the new one is in effect
  needs_restart,  // the old one stays in effect until the service is restarted
};

// The life of a service. All calls come from the host's control thread, one at a time for each service; the next state
// is reached when the call has returned. An exception counts as an error and leaves the host running; destructors,
// stop() and static constructors must not throw.
//
//   create -> configure -> start -> ready -> drain -> stop -> destroy
//
// Re-enabling a service creates a new object, which goes through the same steps while other services keep running. So
// stop() must leave nothing behind: no thread, no open file, no static state.
class P2P_API Plugin {
 public:
  virtual ~Plugin();

  // Checks what option declarations cannot express; no side effects. An error ends the start with exit code 78.
  virtual Result<Done> configure(const Config& config);

  // Sets up: provide, require, serve, files. `context` lives until stop() has returned. No calls arrive yet, and peers
  // cannot be called yet. After an error the host calls stop().
  virtual Result<Done> start(Context& context) = 0;

  // The node is listening and every service has started: outbound work may begin. Client calls wait until every `done`
  // has been called, for at most `[host] start_timeout`.
  virtual void ready(Completion done);

  // From now on new client calls are refused; peers are still served. Hand over what others need, then call `done`.
  // Dependents drain before their dependencies; `[host] drain_timeout` bounds the time without progress
  // (<p2p/drain.h>).
  virtual void drain(Completion done);

  // Ends all work and releases everything taken from the context. Legal after a failed start. Calls to peers have ended
  // by then; afterwards the service's strands run nothing and its threads are joined.
  virtual void stop();

  // The operator has changed the service's configuration. `config` has been accepted by configure() of another object;
  // it replaces the context's when the answer is `applied`. May be called whenever the service is ready; calls continue
  // meanwhile. An Error is logged and counts as needs_restart.
  virtual Result<Reconfigured> reconfigure(const Config& config);

  // May this service end while the node keeps running as a member of its network? An Error says what would be lost and
  // what to do instead; the operator can override it.
  virtual Result<Done> may_end();

  // Is the service healthy? An Error says what is wrong, for `p2pctl services` and `status`. Called whenever the
  // service is ready, from any thread, and concurrently: answer from memory.
  virtual Result<Done> health();

  // Called after configure(): can the service start with `config` on this node? Checks what depends on the host's
  // limits (`message_bytes_max`); no side effects. Before a start nothing is bound yet: the port of `self` may be 0,
  // and `data_dir` may be missing.
  virtual Result<Done> fits(const Config& config, const NodeInfo& node);

  // What would reconfigure(config) answer? Changes nothing. Override it together with reconfigure(), so that `reload
  // --check` knows whether the service will end; nullopt: unknown until it is tried.
  virtual std::optional<Reconfigured> would_reconfigure(const Config& config);
};

// For p2p_entry: a function that is not overridden has the type of Plugin's own; a private one is an override.
template <class Class>
constexpr std::uint32_t overrides_of() {
  using Own = decltype(&Plugin::reconfigure);
  if constexpr (requires { &Class::reconfigure; }) {
    return std::is_same_v<decltype(&Class::reconfigure), Own> ? 0 : P2P_OVERRIDES_RECONFIGURE;
  } else {
    return P2P_OVERRIDES_RECONFIGURE;
  }
}

// The types of P2P_OPTION.
#define P2P_OPTION_TYPES "bool, int, float, text, list, duration, bytes, choice"

// Whether `descriptor`, the text given to P2P_PLUGIN, names only these types.
constexpr bool option_types_are_known(std::string_view descriptor) {
  constexpr std::string_view kBegin = "option=";
  while (!descriptor.empty()) {
    const std::size_t end = descriptor.find('\0');
    std::string_view piece = descriptor.substr(0, end);
    descriptor = end == std::string_view::npos ? std::string_view() : descriptor.substr(end + 1);
    if (piece.substr(0, kBegin.size()) != kBegin) continue;
    piece = piece.substr(piece.find('|') + 1);
    const std::string_view type = piece.substr(0, piece.find('|'));
    bool is_known = false;
    for (std::string_view rest = P2P_OPTION_TYPES; !is_known && !rest.empty();) {
      const std::size_t comma = rest.find(", ");
      is_known = rest.substr(0, comma) == type;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
    }
    if (!is_known) return false;
  }
  return true;
}

}  // namespace p2p

// --- The descriptor, as text in the section .p2p.info ----------------------------------------------------------------
// Each piece is one "key=value" ending in NUL. Inside P2P_PLUGIN they are listed without commas.
#define P2P_NAME(text) "name=" text "\0"  // must be the file's name without ".so": [a-z][a-z0-9_]*
#define P2P_VERSION(text) "version=" text "\0"
#define P2P_SUMMARY(text) "summary=" text "\0"
#define P2P_PROVIDES(id) "provides=" id "\0"  // may be repeated, as may the following
#define P2P_REQUIRES(id) "requires=" id "\0"
#define P2P_OPTIONAL(id) "optional=" id "\0"
#define P2P_SERVES(idl) "serves=" idl "\0"  // "diststore.Store"
// The service pushes a ring layer (<p2p/locator.h>) that moves its state when keys change owner. Spares an operator who
// shards the service by configuration the warning that state stays where it is.
#define P2P_MOVES_STATE \
  "moves_state=yes"     \
  "\0"
// type: one of P2P_OPTION_TYPES, any other does not compile; range: "1..16", "1KiB..8MiB", "10ms..", for choice
// "a|b|c", or "". The default has the same form as in a file, without quotes; a list is separated by commas.
#define P2P_OPTION(key, type, default_value, range, help) \
  "option=" key "|" type "|" default_value "|" range "|" help "\0"

// --- The ABI stamp, as text in the section .p2p.abi ------------------------------------------------------------------
#define P2P_STRINGIFY_(x) #x
#define P2P_STRINGIFY(x) P2P_STRINGIFY_(x)

#if defined(P2P_SANITIZES_ADDRESS)
#define P2P_STAMP_SANITIZER "address"
#elif defined(P2P_SANITIZES_THREAD)
#define P2P_STAMP_SANITIZER "thread"
#else
#define P2P_STAMP_SANITIZER "none"
#endif

#if defined(__x86_64__)
#define P2P_STAMP_ARCH "x86_64"
#elif defined(__aarch64__)
#define P2P_STAMP_ARCH "aarch64"
#else
#define P2P_STAMP_ARCH "other"
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI)
#define P2P_STAMP_STDLIB "libstdc++/cxx11=" P2P_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)
#else
#define P2P_STAMP_STDLIB "other"
#endif

#if defined(_GLIBCXX_DEBUG)
#define P2P_STAMP_DEBUG "1"
#else
#define P2P_STAMP_DEBUG "0"
#endif

// The fields before "compiler" must be equal in host and plugin, except that a plugin's minor ABI number may be below
// the host's; the rest is only shown.
#define P2P_ABI_STAMP                                                                                              \
  "abi=" P2P_STRINGIFY(P2P_ABI_MAJOR) "." P2P_STRINGIFY(                                                           \
      P2P_ABI_MINOR) ";arch=" P2P_STAMP_ARCH ";stdlib=" P2P_STAMP_STDLIB ";glibcxx_debug=" P2P_STAMP_DEBUG         \
                     ";thrift=" P2P_STAMP_THRIFT                                                                   \
                     ";fmt=" P2P_STRINGIFY(FMT_VERSION) ";sanitizer=" P2P_STAMP_SANITIZER ";compiler=" __VERSION__ \
                                                        ";cxx=" P2P_STRINGIFY(__cplusplus) ";sdk=" P2P_SDK_VERSION ";"

// Defines the plugin's entry and sections; exactly once, at namespace scope, in one source file. `Class` derives from
// p2p::Plugin and has a default constructor, which must do nothing that can fail.
#define P2P_PLUGIN(Class, descriptor)                                                                        \
  static_assert(::p2p::option_types_are_known(std::string_view(descriptor, sizeof(descriptor))),             \
                "P2P_OPTION has a type that is none; the types of options are " P2P_OPTION_TYPES);           \
  extern "C" {                                                                                               \
  __attribute__((section(P2P_ABI_SECTION), used, retain)) const char p2p_abi_stamp_text[] = P2P_ABI_STAMP;   \
  __attribute__((section(P2P_INFO_SECTION), used, retain)) const char p2p_plugin_info_text[] = descriptor;   \
  static p2p_plugin_object* p2p_create_plugin() {                                                            \
    return reinterpret_cast<p2p_plugin_object*>(static_cast<::p2p::Plugin*>(new Class));                     \
  }                                                                                                          \
  static void p2p_destroy_plugin(p2p_plugin_object* made) { delete reinterpret_cast<::p2p::Plugin*>(made); } \
  __attribute__((used, retain)) const p2p_entry p2p_plugin_v1 = {P2P_ENTRY_MAGIC,                            \
                                                                 sizeof(p2p_entry),                          \
                                                                 P2P_ABI_MAJOR,                              \
                                                                 P2P_ABI_MINOR,                              \
                                                                 p2p_abi_stamp_text,                         \
                                                                 p2p_create_plugin,                          \
                                                                 p2p_destroy_plugin,                         \
                                                                 p2p_plugin_info_text,                       \
                                                                 sizeof(p2p_plugin_info_text),               \
                                                                 ::p2p::overrides_of<Class>()};              \
  }
