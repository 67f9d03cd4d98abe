#include "serving/service_table.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

class NoEndpoint final : public Endpoint {
 public:
  void handle(Call) override {}
};

std::shared_ptr<ServiceEntry> entry(const std::string& name, const std::string& idl, const std::string& part = "") {
  ServiceSpec spec;
  spec.idl = idl;
  spec.part = part;
  return std::make_shared<ServiceEntry>(name, name, spec, std::make_shared<NoEndpoint>(), 1);
}

std::shared_ptr<const ServiceTable> table_of(const std::vector<std::shared_ptr<ServiceEntry>>& entries) {
  auto table = std::make_shared<const ServiceTable>();
  for (const auto& one : entries) table = table->with(one).value();
  return table;
}

TEST(ServiceTable, FindsByConfiguredNameAndByIdlAlias) {
  const auto table = table_of({entry("diststore", "diststore.Store"), entry("locator", "locator.Locator")});
  EXPECT_EQ(table->find("diststore")->name(), "diststore");
  EXPECT_EQ(table->find("Store")->name(), "diststore");
  EXPECT_EQ(table->find("store"), nullptr);
}

TEST(ServiceEntry, OfManyExceptionsOneAMinuteIsWrittenDownAndTheOthersAreCounted) {
  const auto service = entry("one", "x.X");
  const TimePoint start{std::chrono::seconds(1000)};
  EXPECT_EQ(service->exception_left(start), 0U);
  for (int count = 0; count < 5; ++count) EXPECT_EQ(service->exception_left(start), std::nullopt);
  EXPECT_EQ(service->exception_left(start + kRepeatedWarningPause), 5U);
  EXPECT_EQ(service->exception_left(start + kRepeatedWarningPause), std::nullopt);
}

TEST(ServiceTable, AnAliasOfTwoServicesBelongsToNeither) {
  const auto table = table_of({entry("one", "diststore.Store"), entry("two", "diststore.Store")});
  EXPECT_EQ(table->find("Store"), nullptr);
  EXPECT_NE(table->find("one"), nullptr);
}

TEST(ServiceTable, AConfiguredNameOutranksAnAlias) {
  const auto table = table_of({entry("one", "x.two"), entry("two", "y.Y")});
  EXPECT_EQ(table->find("two")->name(), "two");
}

TEST(ServiceTable, PartsHaveNoAlias) {
  const auto table = table_of({entry("diststore.peer", "diststore.StorePeer", "peer")});
  EXPECT_EQ(table->find("StorePeer"), nullptr);
  EXPECT_NE(table->find("diststore.peer"), nullptr);
}

TEST(ServiceTable, ATakenNameAndANameWithColonAreRefused) {
  const auto table = table_of({entry("one", "x.X")});
  EXPECT_FALSE(table->with(entry("one", "y.Y")).ok());
  EXPECT_FALSE(table->with(entry("a:b", "y.Y")).ok());
  EXPECT_FALSE(table->with(entry("", "y.Y")).ok());
}

TEST(ServiceTable, TheDefaultIsTheFirstListedThatIsServed) {
  ServiceTable table = *table_of({entry("locator", "locator.Locator")});
  table.refresh({"diststore", "locator"}, {});
  ASSERT_NE(table.default_entry(), nullptr);
  EXPECT_EQ(table.default_entry()->name(), "locator");
  table.refresh({"nothing"}, {});
  EXPECT_EQ(table.default_entry(), nullptr);
}

}  // namespace
}  // namespace p2p::host
