// Which errors of a connect speak against the other side, and which say only that this machine was not able to try.
#include "net/connect_failures.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace p2p::net {
namespace {

error_code of_system(int number) { return {number, boost::system::system_category()}; }

const asio::ip::address kAddress = asio::ip::make_address("127.0.0.1");

ConnectVerdict verdict_of(const error_code& failure) { return net::verdict_of(failure, kAddress); }

TEST(ConnectFailures, OnlyWhatTheOtherSideDidIsARefusal) {
  for (const int number : {ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE}) {
    EXPECT_EQ(kind_of(verdict_of(of_system(number))), ErrorKind::refused) << of_system(number).message();
  }
}

TEST(ConnectFailures, NoAnswerAndNobodyAtTheAddressAreSilence) {
  for (const int number : {ETIMEDOUT, EHOSTUNREACH, EHOSTDOWN, ENETRESET}) {
    EXPECT_EQ(kind_of(verdict_of(of_system(number))), ErrorKind::silent) << of_system(number).message();
  }
}

TEST(ConnectFailures, WhatThisMachineLacksSpeaksAgainstNobody) {
  for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN, EADDRINUSE, EADDRNOTAVAIL, EACCES, EPERM, ENETDOWN,
                           ENETUNREACH, ENONET, EAFNOSUPPORT, EPROTONOSUPPORT, EINVAL}) {
    EXPECT_EQ(kind_of(verdict_of(of_system(number))), ErrorKind::local) << of_system(number).message();
  }
}

TEST(ConnectFailures, WhatTheTableDoesNotNameSpeaksAgainstNobody) {
  for (int number = 1; number < 200; ++number) {
    const ErrorKind kind = kind_of(verdict_of(of_system(number)));
    EXPECT_TRUE(kind == ErrorKind::local || kind == ErrorKind::refused || kind == ErrorKind::silent);
  }
  for (const int number : {EBADF, EIO, ENOSPC, EINTR, ENOTSOCK, ELOOP, ECANCELED}) {
    EXPECT_EQ(verdict_of(of_system(number)), ConnectVerdict::local) << of_system(number).message();
  }
}

TEST(ConnectFailures, NoErrorOfTheResolverSpeaksAgainstAnybody) {
  using namespace boost::asio::error;
  for (const error_code& failure :
       {error_code(host_not_found), error_code(host_not_found_try_again), error_code(no_data), error_code(no_recovery),
        error_code(service_not_found), error_code(socket_type_not_supported)}) {
    EXPECT_EQ(kind_of(verdict_of(failure)), ErrorKind::local) << failure.message();
  }
}

TEST(ConnectFailures, AnAddressForWhichThisMachineHasNoPortLeftOutweighsThoseThatRefuse) {
  EXPECT_EQ(verdict_of(of_system(EADDRNOTAVAIL)), ConnectVerdict::local);
  EXPECT_GT(verdict_of(of_system(EADDRNOTAVAIL)), verdict_of(of_system(ECONNREFUSED)));
}

TEST(ConnectFailures, OfSeveralAddressesOneThatWasNotTriedOutweighsAllAndOneWithoutAWayNone) {
  const auto last = [](std::vector<ConnectVerdict> verdicts) {
    return *std::max_element(verdicts.begin(), verdicts.end());
  };
  EXPECT_EQ(last({ConnectVerdict::refused, ConnectVerdict::no_way}), ConnectVerdict::refused);
  EXPECT_EQ(last({ConnectVerdict::silent, ConnectVerdict::refused}), ConnectVerdict::silent);
  EXPECT_EQ(last({ConnectVerdict::full, ConnectVerdict::silent}), ConnectVerdict::full);
  EXPECT_EQ(last({ConnectVerdict::refused, ConnectVerdict::local, ConnectVerdict::silent}), ConnectVerdict::local);
  EXPECT_EQ(kind_of(last({ConnectVerdict::no_way, ConnectVerdict::no_way})), ErrorKind::local);
}

}  // namespace
}  // namespace p2p::net
