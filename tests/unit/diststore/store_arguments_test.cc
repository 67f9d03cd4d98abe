// Calls that lack an argument, or bring another type for it: nothing is done, here or elsewhere.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace apache::thrift::protocol;  // NOLINT: TType

// Arguments field by field, as no generated code writes them.
struct Odd {
  std::function<void(BinaryProtocol&)> fields;

  std::uint32_t write(BinaryProtocol* out) const {
    if (fields) fields(*out);
    return out->writeFieldStop();
  }
};

void text(BinaryProtocol& out, std::int16_t id, const std::string& value) {
  out.writeFieldBegin("", T_STRING, id);
  out.writeString(value);
}
void number(BinaryProtocol& out, std::int16_t id) {
  out.writeFieldBegin("", T_I32, id);
  out.writeI32(0);
}
void empty_struct(BinaryProtocol& out, std::int16_t id) {
  out.writeFieldBegin("", T_STRUCT, id);
  out.writeFieldStop();
}
// Elements that hold no more than zeros, which a careless reader takes for empty texts and structs.
void list(BinaryProtocol& out, std::int16_t id, TType element, std::uint32_t count) {
  out.writeFieldBegin("", T_LIST, id);
  out.writeListBegin(element, count);
  for (std::uint32_t at = 0; at < count; ++at) out.writeI32(0);
}
void items(BinaryProtocol& out, const std::function<void(BinaryProtocol&)>& fields) {
  out.writeFieldBegin("", T_LIST, 1);
  out.writeListBegin(T_STRUCT, 2);
  text(out, 1, "whole");
  text(out, 2, "");
  out.writeFieldStop();
  fields(out);
  out.writeFieldStop();
}

class StoreArguments : public StoreMethods {
 protected:
  void expect_refused(const std::string& method, const std::string& what, std::function<void(BinaryProtocol&)> fields) {
    // Whoever owns the key: the answer is the same, and nobody is asked.
    for (const NodeAddress& owner : {kSelf, kOther}) {
      own(owner);
      const auto call = dispatch(method, Odd{fields});
      EXPECT_EQ(call->fault, CallFault::protocol_error) << method << ": " << what;
      EXPECT_TRUE(call->reply.empty() && call->forwarded_to.empty() && peers.asked.empty()) << method << ": " << what;
    }
    EXPECT_EQ(classic->local->engine().totals().keys, 0u) << method << ": " << what;
    peers.asked.clear();
  }
};

TEST_F(StoreArguments, AKeyThatIsMissingOrNoTextIsNoEmptyKey) {
  for (const char* method : {"read", "write", "erase", "get", "put"}) {
    expect_refused(method, "nothing", nullptr);
    expect_refused(method, "no key", [](auto& out) { text(out, 2, "value"); });
    expect_refused(method, "a number for a key", [](auto& out) {
      number(out, 1);
      text(out, 2, "value");
    });
    expect_refused(method, "a struct for a key", [](auto& out) {
      empty_struct(out, 1);
      text(out, 2, "value");
    });
  }
}

TEST_F(StoreArguments, AValueThatIsMissingOrNoTextIsNotWritten) {
  expect_refused("write", "no value", [](auto& out) { text(out, 1, "key"); });
  expect_refused("write", "a number for a value", [](auto& out) {
    text(out, 1, "key");
    number(out, 2);
  });
}

TEST_F(StoreArguments, AClassicPutWithoutAValueLeavesNothingToBeFound) {
  hold("key", "value");
  dispatch("put", Odd{[](auto& out) { text(out, 1, "key"); }});
  EXPECT_EQ(got(*get("key")), "");
}

TEST_F(StoreArguments, KeysThatAreMissingOrNoListOfTextsAreNoEmptyBatch) {
  for (const char* method : {"read_many", "erase_many", "read_here", "erase_here"}) {
    expect_refused(method, "nothing", nullptr);
    expect_refused(method, "a text for a list", [](auto& out) { text(out, 1, "key"); });
    expect_refused(method, "a list of numbers", [](auto& out) { list(out, 1, T_I32, 3); });
    expect_refused(method, "a list of structs", [](auto& out) { list(out, 1, T_STRUCT, 4); });
    expect_refused(method, "a set", [](auto& out) {
      out.writeFieldBegin("", T_SET, 1);
      out.writeSetBegin(T_STRING, 1);
      out.writeString(std::string("key"));
    });
  }
}

TEST_F(StoreArguments, ItemsThatAreMissingOrLackSomethingAreNotWrittenNorAreThoseBesideThem) {
  for (const char* method : {"write_many", "write_here"}) {
    expect_refused(method, "nothing", nullptr);
    expect_refused(method, "a list of texts", [](auto& out) { list(out, 1, T_STRING, 3); });
    expect_refused(method, "an item without a key",
                   [](auto& out) { items(out, [](auto& item) { text(item, 2, "value"); }); });
    expect_refused(method, "an item without a value",
                   [](auto& out) { items(out, [](auto& item) { text(item, 1, "key"); }); });
    expect_refused(method, "an item whose value is a number", [](auto& out) {
      items(out, [](auto& item) {
        text(item, 1, "key");
        number(item, 2);
      });
    });
  }
}

TEST_F(StoreArguments, OptionsMayBeMissingAndWhatNobodyKnowsMayBeThere) {
  const auto written = dispatch("write", Odd{[](auto& out) {
                                  number(out, 99);
                                  text(out, 2, "");
                                  text(out, 1, "key");
                                  empty_struct(out, 98);
                                }});
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_EQ(value_of("key"), "");
  const auto erased = dispatch("erase", Odd{[](auto& out) {
                                 number(out, 99);
                                 text(out, 1, "key");
                               }});
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(erased->reply).value().success.found);
  const auto batch = dispatch("read_many", Odd{[](auto& out) {
                                number(out, 99);
                                list(out, 1, T_STOP, 0);  // of an empty list the type says nothing
                              }});
  EXPECT_TRUE(decode_reply<wire::Store_read_many_result>(batch->reply).value().__isset.success);
}

}  // namespace
}  // namespace p2p::diststore
