// What one has seen of shards: the `token` of the API, for reads that must not be older.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace matsuri::game {

inline constexpr std::size_t shard_count_max = 64;
inline constexpr std::size_t places_size_max = 1 + 22 * shard_count_max;  // letters, about

// A place in the order of each of some shards. A shard is named by the incarnation of its database,
// which is a new one whenever that is restored: so a place of a lost future is never taken for one
// of the present.
struct Places {
  struct Place {
    std::uint64_t incarnation = 0;
    std::uint64_t seq = 0;

    bool operator==(const Place&) const = default;
  };
  std::vector<Place> all;  // one an incarnation

  // The place in that shard, where one is known.
  std::optional<std::uint64_t> find(std::uint64_t incarnation) const;
  // Keeps the larger one.
  void raise(std::uint64_t incarnation, std::uint64_t seq);

  // "g" and base64url of incarnation and seq of each.
  std::string to_token() const;
  // Code::invalid for anything that to_token() does not give.
  static Result<Places> from_token(std::string_view token);

  bool operator==(const Places&) const = default;
};

}  // namespace matsuri::game
