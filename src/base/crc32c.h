// CRC-32C (Castagnoli), the checksum of everything that we store: with the processor's own
// instruction where it has one (SSE 4.2), else by a table of 8 slices.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace matsuri {

// The checksum of `bytes`, continued from `seed`: crc32c(b, crc32c(a)) == crc32c(a + b).
// A seed that is random per file makes bytes of another file, or of a user, count as damaged.
std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0);

namespace internal {
// Both ways, for the test that holds them equal.
std::uint32_t crc32c_table(Bytes bytes, std::uint32_t seed);
bool crc32c_has_hardware();
std::uint32_t crc32c_hardware(Bytes bytes, std::uint32_t seed);
}  // namespace internal

}  // namespace matsuri
