#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <vector>

namespace matsuri {
namespace {

std::vector<std::byte> counted(std::size_t size, bool backwards = false) {
  std::vector<std::byte> bytes(size);
  for (std::size_t at = 0; at < size; ++at)
    bytes[at] = static_cast<std::byte>(backwards ? size - 1 - at : at);
  return bytes;
}

// RFC 3720, B.4 (there with the bytes of the checksum in order of sending).
TEST(Crc32c, GivesThePublishedVectors) {
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xff})), 0x62a8ab43U);
  EXPECT_EQ(crc32c(counted(32)), 0x46dd794eU);
  EXPECT_EQ(crc32c(counted(32, true)), 0x113fdb5cU);
  std::vector<std::byte> read_command(48);
  store<std::uint8_t>(read_command, 0, 0x01);
  store<std::uint8_t>(read_command, 1, 0xc0);
  read_command[16] = std::byte{0x14};
  read_command[22] = std::byte{0x04};
  read_command[27] = std::byte{0x14};
  read_command[31] = std::byte{0x18};
  read_command[32] = std::byte{0x28};
  read_command[40] = std::byte{0x02};
  EXPECT_EQ(crc32c(read_command), 0xd9963a56U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

// Goal: the instruction and the table never differ. Method: every length to 300 at every alignment,
// with several seeds, over bytes that repeat nowhere.
TEST(Crc32c, IsTheSameInHardwareAndByTable) {
  if (!internal::crc32c_has_hardware())
    std::puts("No CRC-32C instruction here: both ways are the table.");
  std::vector<std::byte> bytes(308);
  std::uint32_t word = 1;
  for (std::byte& byte : bytes) {
    word = word * 1664525 + 1013904223;
    byte = static_cast<std::byte>(word >> 24);
  }
  for (std::size_t start = 0; start < 8; ++start)
    for (std::size_t size = 0; size <= 300; ++size)
      for (const std::uint32_t seed : {0U, 1U, 0xdeadbeefU, ~0U}) {
        const Bytes part = Bytes(bytes).subspan(start, size);
        ASSERT_EQ(internal::crc32c_table(part, seed), internal::crc32c_hardware(part, seed))
            << start << ' ' << size << ' ' << seed;
      }
}

TEST(Crc32c, GoesOnFromAnySplit) {
  const auto bytes = counted(100);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t split = 0; split <= bytes.size(); ++split)
    ASSERT_EQ(crc32c(Bytes(bytes).subspan(split), crc32c(Bytes(bytes).first(split))), whole);
}

TEST(Crc32c, SeesEveryFlippedBit) {
  auto bytes = counted(64);
  const std::uint32_t whole = crc32c(bytes, 99);
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      bytes[at] ^= std::byte{1} << bit;
      ASSERT_NE(crc32c(bytes, 99), whole);
      bytes[at] ^= std::byte{1} << bit;
    }
  EXPECT_NE(crc32c(bytes, 98), whole);
}

}  // namespace
}  // namespace matsuri
