// Calls are counted by method and by how they ended.
#include "serving/call_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace p2p::host {
namespace {

using namespace std::chrono_literals;

std::int64_t calls_of(const MethodCounts& counts) {
  std::int64_t sum = 0;
  for (const OwnCount& bucket : counts.buckets) sum += bucket.value();
  return sum;
}

std::map<std::string, std::int64_t> calls_of(const MethodTable& table) {
  std::map<std::string, std::int64_t> calls;
  table.for_each([&](const MethodCounts& counts) { calls[counts.name] += calls_of(counts); });
  return calls;
}

TEST(MethodCounts, ADurationIsInTheBucketWhoseEndItDoesNotPass) {
  MethodCounts counts("get");
  counts.note(CallEnd::done, 0ns);
  counts.note(CallEnd::done, 100us);
  counts.note(CallEnd::done, 100us + 1ns);
  counts.note(CallEnd::done, 1h);
  EXPECT_EQ(counts.buckets[0].value(), 2);
  EXPECT_EQ(counts.buckets[1].value(), 1);
  EXPECT_EQ(counts.buckets.back().value(), 1);
  EXPECT_EQ(counts.nanoseconds.value(), Duration(1h + 200us + 1ns).count());
}

TEST(MethodCounts, AFailureIsACallAndCountedByItsKind) {
  MethodCounts counts("get");
  counts.note(CallEnd::refused, 0ns);
  counts.note(CallEnd::done, 0ns);
  EXPECT_EQ(calls_of(counts), 2);
  EXPECT_EQ(counts.ends[static_cast<std::size_t>(CallEnd::refused)].value(), 1);
  EXPECT_EQ(counts.ends[static_cast<std::size_t>(CallEnd::done)].value(), 0);
}

TEST(MethodTable, EachMethodHasCountsOfItsOwn) {
  MethodTable table;
  for (const char* method : {"get", "put", "get"}) table.of(method).note(CallEnd::done, 0ns);
  EXPECT_EQ(calls_of(table), (std::map<std::string, std::int64_t>{{"get", 2}, {"put", 1}, {"other", 0}}));
}

TEST(MethodTable, ANameThatNoInterfaceHasIsCountedAsOther) {
  MethodTable table;
  for (const std::string& method : {std::string("get all"), std::string("a\"b"), std::string("\xff"), std::string(),
                                    std::string(kCountedNameBytesMax + 1, 'x')})
    table.of(method).note(CallEnd::done, 0ns);
  table.of(std::string(kCountedNameBytesMax, 'x')).note(CallEnd::done, 0ns);
  table.of("Get_all.2").note(CallEnd::done, 0ns);
  EXPECT_EQ(calls_of(table), (std::map<std::string, std::int64_t>{
                                 {"other", 5}, {"Get_all.2", 1}, {std::string(kCountedNameBytesMax, 'x'), 1}}));
}

TEST(MethodTable, AMethodIsFoundOnceItIsTold) {
  MethodTable table;
  EXPECT_EQ(table.find("get"), nullptr);
  MethodCounts& counts = table.of("get");
  EXPECT_EQ(table.find("get"), &counts);
}

TEST(MethodTable, WhatIsBeyondTheLimitIsCountedTogether) {
  MethodTable table;
  for (std::size_t at = 0; at < kMethodsMax + 5; ++at) table.of("m" + std::to_string(at)).note(CallEnd::done, 0ns);
  table.of("").note(CallEnd::unknown_method, 0ns);
  const auto calls = calls_of(table);
  EXPECT_EQ(calls.size(), kMethodsMax + 1);
  EXPECT_EQ(calls.at("other"), 6);
  EXPECT_EQ(calls.at("m3"), 1);
}

}  // namespace
}  // namespace p2p::host
