// Where may a test end this process in the middle of a hand-over? At the named points, and only in a build for tests:
// in the plugin that is shipped they are nothing at all.
//
// P2P_TEST_POINT=NAME ends the process with SIGKILL when it comes by that point; NAME:3 when it does for the third
// time.
#pragma once

#ifdef P2P_TEST_POINTS

namespace p2p::diststore {
void pass_test_point(const char* name);
}
#define P2P_TEST_POINT(name) ::p2p::diststore::pass_test_point(name)

#else

#define P2P_TEST_POINT(name) static_cast<void>(0)

#endif
