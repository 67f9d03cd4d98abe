// Is a method tagged [own strand] or [own loop] really called there? Checked at run time in builds that define
// P2P_CHECK_THREADS (the presets dev, asan and tsan); in all others the tag is only a comment.
#pragma once

#include <p2p/assert.h>

// For the start of such a method: `is_here` says whether the caller is where the tag says. Not evaluated in other
// builds.
#ifdef P2P_CHECK_THREADS
#define P2P_ASSERT_THREAD(is_here) P2P_ASSERT(is_here, "the caller is on the thread that the method's tag names")
#else
#define P2P_ASSERT_THREAD(is_here) static_cast<void>(0)
#endif
