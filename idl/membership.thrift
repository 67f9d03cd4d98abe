// Between our own locators: join, add and remove of the classic protocol, acknowledged, and the comparison of views.
namespace cpp membership
namespace py membership

enum MemberState {
  alive = 1
  removed = 2
  leaving = 3                            // off the ring, still handing over what it holds
}

// One row of the membership table. The higher incarnation wins; at a tie alive < leaving < removed.
struct Member {
  1: required string address
  2: required i32 port
  3: required i64 incarnation            // microseconds since 1970 when the node started; raised by the node itself to refute a removal
  4: required MemberState state
}

struct View {
  1: required i64 fingerprint
  2: required list<Member> members       // empty when the fingerprints of both sides are equal
  3: optional list<string> waits_for     // in the reply to join: the node has not joined any network yet, and waits for these nodes ("address:port")
}

service Membership {
  View join(1: required Member joiner)
  View add(1: required Member member, 2: required list<string> authorities)
  View remove(1: required Member member, 2: required list<string> authorities)
  View compare(1: required View ours)
}
