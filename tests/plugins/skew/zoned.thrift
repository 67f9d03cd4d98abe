// A later version of idl/locator.thrift, as it might be: Location has got a field. The C++ names are those of the host's own.
namespace cpp locator
namespace py zoned

struct Location {
  1: string address
  2: i16 port
  3: string zone
}

service Zoned {
  Location echo(1: Location sent)
}
