// What does a plugin say about itself? Its descriptor as plain values; read from the file by plugins/descriptor.h.
#pragma once

#include "config/option.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace p2p::host {

// A field of a struct, or an argument of a method.
struct IdlField {
  std::int16_t id = 0;
  std::string name;
  std::string
      type;  // Thrift's word: "string", "i32", "list"; "struct" and "union" with the name behind a '/': "struct/Who"

  friend bool operator==(const IdlField&, const IdlField&) = default;
};

struct IdlMethod {
  std::string name;
  std::vector<IdlField> arguments;
};

// What the IDLs that a plugin was built from say about services, included IDLs too.
struct IdlDescription {
  struct Service {
    std::string extends;  // without the file's name, as all names here; "": nothing
    std::vector<IdlMethod> methods;
  };
  std::map<std::string, Service> services;
  std::map<std::string, std::vector<IdlField>> structs;
};

struct PluginDescription {
  std::string name;
  std::string version;
  std::string summary;
  std::vector<std::string> provides;  // versioned interface ids
  std::vector<std::string> required;
  std::vector<std::string> optional;
  std::vector<std::string> serves;  // IDL services, "diststore.Store"
  bool moves_state = false;         // it pushes a ring layer: its data moves with its keys
  IdlDescription idl;               // empty: the file does not describe its methods
  std::vector<Option> options;      // of [services.NAME.config], in the order of declaration
};

}  // namespace p2p::host
