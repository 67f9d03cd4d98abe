#include "placement/classic_ring.h"

#include "placement/md5_head.h"

#include <p2p/assert.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace p2p::placement {
namespace {

constexpr std::size_t kDigestHexDigits = 32;  // of an MD5 digest
constexpr std::uint64_t kKeyPositions = std::uint64_t{1} << 32;
// Beyond this many buckets the index outgrows the cache that makes it fast (64 Ki of 4 bytes each).
constexpr int kBucketBitsMax = 16;

int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// The first eight digits of a key that is 32 hex digits, as a number; nothing for any other key.
std::optional<std::uint32_t> head_of_hex_digest(std::string_view key) noexcept {
  if (key.size() != kDigestHexDigits) return std::nullopt;
  std::uint32_t head = 0;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int value = hex_value(key[i]);
    if (value < 0) return std::nullopt;
    if (i < 8) head = head << 4 | static_cast<std::uint32_t>(value);
  }
  return head;
}

struct Point {
  std::uint64_t position;
  std::uint32_t owner;
};

// The four points of a label share its four digest bytes: the 2009 code added the point's number to the shift instead
// of to the byte's index, so points lie up to 12 bits above the range of keys.
void append_points(const std::string& label, std::uint32_t owner, std::vector<Point>& points) {
  const std::uint64_t head = md5_head(label);
  for (int point = 0; point < kPointsPerLabel; ++point) points.push_back({head << (4 * point), owner});
}

}  // namespace

std::uint32_t classic_position(std::string_view key) noexcept {
  if (const auto head = head_of_hex_digest(key)) return *head;
  return md5_head(key);
}

ClassicRing::ClassicRing(const std::vector<std::string>& sorted_names) : members_(sorted_names.size()) {
  add_points(sorted_names);
  index_buckets();
}

void ClassicRing::add_points(const std::vector<std::string>& sorted_names) {
  std::vector<Point> points;
  points.reserve(sorted_names.size() * kLabelsPerNode * kPointsPerLabel);
  std::string label;
  for (std::uint32_t owner = 0; owner < sorted_names.size(); ++owner) {
    for (int number = 0; number < kLabelsPerNode; ++number) {
      label.assign(sorted_names[owner]).append(1, '-').append(std::to_string(number));
      append_points(label, owner, points);
    }
  }
  // Where points of two nodes collide, the bytewise greatest name wins: the 2009 system leaves it to chance.
  std::sort(points.begin(), points.end(), [](const Point& left, const Point& right) {
    return left.position != right.position ? left.position < right.position : left.owner > right.owner;
  });
  positions_.reserve(points.size());
  owners_.reserve(points.size());
  for (const Point& point : points) {
    if (!positions_.empty() && positions_.back() == point.position) continue;
    positions_.push_back(point.position);
    owners_.push_back(point.owner);
  }
}

void ClassicRing::index_buckets() {
  const int bits = std::min<int>(std::bit_width(positions_.size()), kBucketBitsMax);
  bucket_shift_ = 32 - bits;
  const std::uint64_t width = kKeyPositions >> bits;
  first_in_bucket_.resize(std::size_t{1} << bits);
  std::uint32_t point = 0;
  for (std::uint64_t bucket = 0; bucket < first_in_bucket_.size(); ++bucket) {
    while (point < positions_.size() && positions_[point] < bucket * width) ++point;
    first_in_bucket_[bucket] = point;
  }
}

// The first point strictly after `position`, wrapping around the end of the ring.
std::size_t ClassicRing::point_after(std::uint32_t position) const noexcept {
  std::size_t point = first_in_bucket_[bucket_shift_ == 32 ? 0 : position >> bucket_shift_];
  while (point < positions_.size() && positions_[point] <= position) ++point;
  return point == positions_.size() ? 0 : point;
}

std::size_t ClassicRing::owner_of(std::string_view key) const {
  P2P_ASSERT(members_ > 0, "only a ring with members has owners");
  if (members_ == 1) return 0;
  return owners_[point_after(classic_position(key))];
}

std::vector<std::size_t> ClassicRing::owners_of(std::string_view key, std::size_t count) const {
  const std::size_t wanted = std::min(count, members_);
  std::vector<std::size_t> chosen;
  if (wanted == 0) return chosen;
  chosen.reserve(wanted);
  std::vector<bool> is_chosen(members_);
  std::size_t point = point_after(classic_position(key));
  for (std::size_t steps = 0; steps < positions_.size() && chosen.size() < wanted; ++steps) {
    const std::size_t owner = owners_[point];
    if (!is_chosen[owner]) chosen.push_back(owner);
    is_chosen[owner] = true;
    point = point + 1 == positions_.size() ? 0 : point + 1;
  }
  return chosen;
}

}  // namespace p2p::placement
