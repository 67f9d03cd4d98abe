// Where can a test kill this process in the middle of a hand-over? At named points, and only in a test build: in the
// shipped plugin they compile to nothing.
//
// P2P_TEST_POINT=NAME kills the process with SIGKILL when it reaches that point; NAME:3 when it does so for the third
// time.
#pragma once

#ifdef P2P_TEST_POINTS

namespace p2p::diststore {
void reach_test_point(const char* name);
}
#define P2P_TEST_POINT(name) ::p2p::diststore::reach_test_point(name)

#else

#define P2P_TEST_POINT(name) static_cast<void>(0)

#endif
