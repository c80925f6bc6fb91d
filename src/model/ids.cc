#include "model/ids.h"

#include "base/assert.h"

namespace matsuri {
namespace {

constexpr int sequence_bits = 11;
constexpr int node_bits = 8;
constexpr int region_bits = 3;
constexpr int ms_shift = sequence_bits + node_bits + region_bits;
static_assert(ms_shift == 22);

}  // namespace

std::uint64_t compose_id(const IdParts& parts) {
  const std::int64_t ms = parts.unix_ms - id_epoch_unix_ms;
  const auto region = static_cast<std::uint64_t>(parts.region);
  MATSURI_ASSERT(ms >= 0 && ms <= id_ms_max, "the time of an id is within 2010..2079");
  MATSURI_ASSERT(region < (1U << region_bits));
  MATSURI_ASSERT(parts.sequence <= id_sequence_max);
  return static_cast<std::uint64_t>(ms) << ms_shift | region << (sequence_bits + node_bits) |
         static_cast<std::uint64_t>(parts.node) << sequence_bits | parts.sequence;
}

IdParts parts_of(std::uint64_t id) {
  return {.unix_ms = static_cast<std::int64_t>(id >> ms_shift) + id_epoch_unix_ms,
          .region = static_cast<Region>((id >> (sequence_bits + node_bits)) & 7),
          .node = static_cast<Node>((id >> sequence_bits) & 255),
          .sequence = static_cast<std::uint16_t>(id & id_sequence_max)};
}

std::optional<std::uint64_t> parse_id(std::string_view text) {
  // 2^63 - 1 has 19 digits, so that no sum of 19 digits overflows 64 bits.
  if (text.empty() || text.size() > 19 || text.front() == '0') return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value >> 63 != 0) return std::nullopt;
  return value;
}

}  // namespace matsuri
