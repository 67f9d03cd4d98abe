// Options of nodes that run the tenant, which is linked into the tests, on a ring that they decide.
#pragma once

#include <p2p/testing.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace p2p::testing::test {

// Another node of the ring, which nobody calls.
inline const NodeAddress kOther{"127.0.0.1", 65000};

// `settings` are lines of [services.tenant.config].
inline NodeOptions tenant(const std::string& settings = "", const std::string& host_settings = "") {
  return {.toml = "[host]\ndefault_service = [\"tenant\"]\n" + host_settings +
                  "\n[services.tenant]\n[services.tenant.config]\n" + settings,
          .fake_locator = true};
}

// What a call throws; "" when it throws nothing.
template <class Failure>
std::string thrown_by(const std::function<void()>& call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

inline std::string start_failure(const NodeOptions& options) {
  return thrown_by<std::runtime_error>([&] { const TestNode node(options); });
}

inline ::testing::AssertionResult holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

}  // namespace p2p::testing::test
