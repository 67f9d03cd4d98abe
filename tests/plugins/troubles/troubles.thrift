// What comes across from one plugin to another when an interface throws?
namespace cpp troubles
namespace py troubles

exception Trouble {
  1: string text
}

// `kind` is what the other plugin throws: sdk, generated, thrift, standard or number.
service Taker {
  string take(1: string kind)    // catches it by its exact type: "TYPE: TEXT"
  string pass_on(1: string kind) throws (1: Trouble trouble)    // lets it go on to the host
  string cast()                  // what the other plugin's newer interface says, found by dynamic_cast from the older one
}
