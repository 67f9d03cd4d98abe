// What does the section .p2p.idl say? Methods and fields of the IDLs from which a plugin was built, "key=value" pieces
// that each end in NUL, as cmake/IdlDescriptor.cmake writes them. Foreign bytes.
#pragma once

#include "config/plugin_description.h"

#include <p2p/result.h>

#include <string_view>

namespace p2p::host {

//   service=NAME|EXTENDS     struct=NAME|ID:FIELD:TYPE|...     method=SERVICE|NAME|ID:ARGUMENT:TYPE|...
//
// A struct name that means different things in several files is left out. Refused: malformed pieces, control
// characters. Keys that this host does not know are skipped.
Result<IdlDescription> parse_idl_descriptor(std::string_view section);

}  // namespace p2p::host
