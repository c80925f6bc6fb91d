#include "model/cursor.h"

#include <gtest/gtest.h>

namespace matsuri {
namespace {

TEST(Cursor, ReadsWhatItGives) {
  EXPECT_EQ((Cursor{7, 9}.to_string()), "7-9");
  EXPECT_EQ(parse_cursor("7-9"), (Cursor{7, 9}));
  EXPECT_EQ(parse_cursor(Cursor{}.to_string()), Cursor{});
}

TEST(Cursor, TakesNothingElse) {
  for (const char* text : {"", "7", "7-", "-9", "7-9-1", "7--9", "0-9", "7-0", "07-9", "7-9 ",
                           "9223372036854775808-1", "a-b"})
    EXPECT_EQ(parse_cursor(text), std::nullopt) << text;
}

}  // namespace
}  // namespace matsuri
