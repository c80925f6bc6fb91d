// The ids of everything that Matsuri stores. An id is a type of its own, so that an account can't
// be passed where a post is meant; it is 63 bits, and ordered by the time at which it was made.
//
//   bit  62..22  milliseconds since 2010-01-01T00:00:00Z (41 bits: until 2079)
//        21..19  region (0..7)
//        18..11  node (0..254; 255 is held by one import at a time, which keeps original times)
//        10..0   sequence within the millisecond
//
// Ids are made by journal/id_maker.h, never composed elsewhere. JSON carries them as strings.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace matsuri {

inline constexpr std::int64_t id_epoch_unix_ms = 1'262'304'000'000;  // 2010-01-01T00:00:00Z
inline constexpr std::uint64_t id_sequence_max = 2047;
inline constexpr std::int64_t id_ms_max = (std::int64_t{1} << 41) - 1;

enum class Region : std::uint8_t {};
enum class Node : std::uint8_t {};
inline constexpr Node import_node{255};

// The parts of an id, for those that make or explain one.
struct IdParts {
  std::int64_t unix_ms = 0;
  Region region{};
  Node node{};
  std::uint16_t sequence = 0;
};

// REQUIRES: parts.unix_ms within [id_epoch_unix_ms, id_epoch_unix_ms + id_ms_max], region <= 7,
// sequence <= id_sequence_max.
std::uint64_t compose_id(const IdParts& parts);
IdParts parts_of(std::uint64_t id);

// An id of one kind of thing. 0 is "none".
template <class Tag>
struct Id {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
  std::string to_string() const { return std::to_string(value); }
};

using AccountId = Id<struct AccountTag>;
using CommunityId = Id<struct CommunityTag>;
using PostId = Id<struct PostTag>;
using SessionId = Id<struct SessionTag>;
using TitleId = Id<struct TitleTag>;
using TokenId = Id<struct TokenTag>;
using JobId = Id<struct JobTag>;

// The one community that is there before anybody founds another.
inline constexpr CommunityId common_ground{1};

// Reads a decimal id: digits only, no sign, no leading zero, 1 to 2^63 - 1. nullopt for all else.
std::optional<std::uint64_t> parse_id(std::string_view text);

template <class AnyId>
std::optional<AnyId> parse_id_as(std::string_view text) {
  const auto value = parse_id(text);
  if (!value) return std::nullopt;
  return AnyId{*value};
}

}  // namespace matsuri

template <class Tag>
struct std::hash<matsuri::Id<Tag>> {
  // Fibonacci hashing: the low bits of an id are mostly zero.
  std::size_t operator()(const matsuri::Id<Tag>& id) const noexcept {
    return static_cast<std::size_t>(id.value * 0x9e3779b97f4a7c15U);
  }
};
