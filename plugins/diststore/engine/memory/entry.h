// How is a key laid out in memory, with everything stored for it? In one block: finding it touches one piece of memory,
// and a key of 16 bytes with a value of 100 takes 148.
#pragma once

#include "replication/expiry.h"
#include "replication/version.h"
#include "replication/view_version.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace p2p::diststore {

// A value of this size or more has a string of its own, shared with its readers: it is moved in from the caller and
// sent from where it is, so nobody waits for a lock while it is copied.
inline constexpr std::size_t kLargeValueBytes = 16 * 1024;

class Entry;

struct EntryDeleter {
  void operator()(Entry* entry) const noexcept;
};
using EntryOwner = std::unique_ptr<Entry, EntryDeleter>;

// A header, then a large value's handle if there is one, the key, and the value if it is not large. Made by make()
// only. Not synchronised: the holder of its table's lock may read or change it.
class Entry final {
 public:
  // Copies key and value. A large value is moved from `owned`, which then holds `value`; null otherwise.
  static EntryOwner make(std::string_view key, std::string_view value, std::string* owned, Version version,
                         ViewVersion confirmed_in, bool is_erased);
  // Copies the key and shares the value, which is large.
  static EntryOwner make_shared(std::string_view key, std::shared_ptr<const std::string> value, Version version);
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string_view key() const noexcept { return {bytes() + handle_bytes(), key_bytes_}; }
  std::string_view value() const noexcept {
    return is_large_ != 0 ? std::string_view(*large()) : std::string_view{bytes() + key_bytes_, value_bytes_};
  }
  std::size_t bytes_held() const noexcept { return key_bytes_ + value().size(); }  // of key and value
  std::size_t memory_bytes() const noexcept;                                       // that it takes

  bool is_large() const noexcept { return is_large_ != 0; }
  const std::shared_ptr<const std::string>& large() const noexcept;  // only of a large one

  // Overwrites a value that is not large with one of the same size; false, and nothing is done, otherwise.
  bool overwrite(std::string_view value) noexcept;

  bool is_erased() const noexcept { return is_erased_ != 0; }

  // One that is made has none.
  WallMs expires_at() const noexcept { return WallMs{expires_at_high_} << 32 | expires_at_low_; }
  void expire_at(WallMs when) noexcept {
    expires_at_low_ = static_cast<std::uint32_t>(when);
    expires_at_high_ = static_cast<std::uint32_t>(when >> 32) & 0xffff;
  }

  Version version;
  ViewVersion confirmed_in;

 private:
  friend struct EntryDeleter;
  using Handle = std::shared_ptr<const std::string>;

  Entry(Version version_held, ViewVersion confirmed) noexcept : version(version_held), confirmed_in(confirmed) {}
  ~Entry() = default;

  static EntryOwner make_block(std::string_view key, std::size_t bytes_behind, Version version,
                               ViewVersion confirmed_in, bool is_erased);
  void attach(std::string_view key, Handle value) noexcept;

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  std::size_t handle_bytes() const noexcept { return is_large_ != 0 ? sizeof(Handle) : 0; }

  // In what is left beside a word and an alignment: a time to live takes no memory, and neither does none.
  std::uint32_t expires_at_low_ = 0;
  std::uint32_t key_bytes_ = 0;
  std::uint32_t expires_at_high_ : 16 = 0;
  std::uint32_t value_bytes_ : 14 = 0;  // below kLargeValueBytes
  std::uint32_t is_large_ : 1 = 0;
  std::uint32_t is_erased_ : 1 = 0;
};

}  // namespace p2p::diststore
