/* What does the loader of a plugin look for? One C symbol and two ELF sections; everything behind them is C++ and
 * guarded by the stamp. Plain C, so that any tool can include it. Authors do not use this header: P2P_PLUGIN in
 * <p2p/plugin.h> does. */
#ifndef P2P_ABI_H
#define P2P_ABI_H

#include <stdint.h>

/* The major number changes when a plugin built before no longer works; the minor one when something was added. */
#ifndef P2P_ABI_MAJOR
#define P2P_ABI_MAJOR 2
#endif
#ifndef P2P_ABI_MINOR
#define P2P_ABI_MINOR 0
#endif

#define P2P_ENTRY_MAGIC 0x50325031u /* "P2P1" */
#define P2P_ENTRY_SYMBOL "p2p_plugin_v1"
#define P2P_ABI_SECTION ".p2p.abi"   /* text: key=value; ... of the stamp, see <p2p/plugin.h> */
#define P2P_INFO_SECTION ".p2p.info" /* text: NUL-separated key=value of the descriptor */
#define P2P_IDL_SECTION ".p2p.idl"   /* text: NUL-separated key=value of methods and fields; p2p_add_plugin writes it */

#ifdef __cplusplus
extern "C" {
#endif

/* A p2p::Plugin; opaque to C. */
typedef struct p2p_plugin_object p2p_plugin_object;

/* Append-only: fields are added at the end, and `struct_size` tells a host which of them a plugin has. */
typedef struct p2p_entry {
  uint32_t magic;
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char* stamp;
  p2p_plugin_object* (*create)(void);       /* NULL when it could not be made; the host owns the result */
  void (*destroy)(p2p_plugin_object* made); /* never called while the host still uses it */
  /* The text of P2P_INFO_SECTION once more, for a plugin that is linked into a program and has no file to read. */
  const char* info;
  uint32_t info_bytes;
  /* Which of p2p::Plugin's functions the class overrides, of those that a host asks about. */
  uint32_t overrides;
} p2p_entry;

#define P2P_OVERRIDES_RECONFIGURE 1u

/* Declared here so that an entry of the wrong type does not compile. */
extern __attribute__((visibility("default"))) const p2p_entry p2p_plugin_v1;

#ifdef __cplusplus
}
#endif

#endif
