#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace matsuri {
namespace {

TEST(Bytes, LoadsAndStoresLittleEndianAtAnyOffset) {
  std::array<std::byte, 11> bytes{};
  store<std::uint64_t>(bytes, 3, 0x0123456789abcdefU);
  EXPECT_EQ(to_hex(bytes), "000000efcdab8967452301");
  EXPECT_EQ(load<std::uint64_t>(bytes, 3), 0x0123456789abcdefU);
  EXPECT_EQ(load<std::uint16_t>(bytes, 2), 0xef00U);
  EXPECT_EQ(load<std::int8_t>(bytes, 3), -17);
}

TEST(Bytes, ViewsTextAndBack) {
  const std::string text("a\0\xff", 3);
  EXPECT_EQ(as_bytes(text).size(), 3U);
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(to_hex(as_bytes(text)), "6100ff");
  EXPECT_EQ(to_hex({}), "");
}

}  // namespace
}  // namespace matsuri
