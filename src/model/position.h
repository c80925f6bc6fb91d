// Where a record stands: in which ordered log, and at which place there.
//
// An origin is anything that gives out records in one order: a journal, or the outbox of a
// database. It has a random incarnation, new when it is made and whenever it is restored from a
// backup, so that a position from a lost future never passes for one of the present.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace matsuri {

struct Origin {
  Region region{};
  Node node{};
  std::uint64_t incarnation = 0;

  auto operator<=>(const Origin&) const = default;
  // "0.1.89abcdef01234567", for logs and metrics.
  std::string to_string() const;
};

// `offset` counts records: the first record of an origin has 1; 0 is "before the first".
struct Position {
  Origin origin;
  std::uint64_t offset = 0;

  auto operator<=>(const Position&) const = default;
  // "0.1.89abcdef01234567.42"; the form in which clients name one command.
  std::string to_string() const;
  static Result<Position> parse(std::string_view text);
};

// The largest position seen per origin: what `Matsuri-Position` carries. At most
// position_origin_count_max origins; the ones that moved longest ago fall out first.
class PositionSet {
 public:
  // Keeps the larger offset of the origin.
  void raise(const Position& position);
  void raise(const PositionSet& other);
  const std::vector<Position>& positions() const { return positions_; }
  bool empty() const { return positions_.empty(); }

  // The opaque token: base64url of version, then region, node, incarnation, offset of each.
  std::string to_token() const;
  // Code::invalid for anything that to_token() does not give.
  static Result<PositionSet> from_token(std::string_view token);

 private:
  std::vector<Position> positions_;  // oldest move first
};

inline constexpr std::size_t position_origin_count_max = 16;
inline constexpr std::size_t position_token_size_max = 512;

}  // namespace matsuri

template <>
struct std::hash<matsuri::Origin> {
  std::size_t operator()(const matsuri::Origin& origin) const noexcept {
    return static_cast<std::size_t>(origin.incarnation);
  }
};
