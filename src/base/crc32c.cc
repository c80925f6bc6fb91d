#include "base/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace matsuri {
namespace internal {
namespace {

// Slicing-by-8 (Kounavis and Berry, 2005): table[k][b] is the checksum of byte b and k zero bytes.
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  return tables;
}

constexpr auto tables = make_tables();

}  // namespace

std::uint32_t crc32c_table(Bytes bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  while (bytes.size() >= 8) {
    const std::uint64_t word = load<std::uint64_t>(bytes, 0) ^ crc;
    crc = 0;
    for (std::size_t slice = 0; slice < 8; ++slice)
      crc ^= tables[7 - slice][(word >> (8 * slice)) & 255];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes)
    crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 255];
  return ~crc;
}

#if defined(__x86_64__)

bool crc32c_has_hardware() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(Bytes bytes, std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  while (bytes.size() >= 8) {
    crc = _mm_crc32_u64(crc, load<std::uint64_t>(bytes, 0));
    bytes = bytes.subspan(8);
  }
  auto crc32 = static_cast<std::uint32_t>(crc);
  for (const std::byte byte : bytes)
    crc32 = _mm_crc32_u8(crc32, std::to_integer<unsigned char>(byte));
  return ~crc32;
}

#else

bool crc32c_has_hardware() { return false; }

std::uint32_t crc32c_hardware(Bytes bytes, std::uint32_t seed) { return crc32c_table(bytes, seed); }

#endif

}  // namespace internal

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed) {
  static const bool has_hardware = internal::crc32c_has_hardware();
  return has_hardware ? internal::crc32c_hardware(bytes, seed)
                      : internal::crc32c_table(bytes, seed);
}

}  // namespace matsuri
