// Goal: bytes have one text and a text one reading, and both are libsodium's.
#include "model/base64url.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <random>
#include <span>
#include <vector>

namespace matsuri {
namespace {

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

TEST(Base64url, GivesBackWhatWasWritten) {
  std::mt19937 random{1};
  for (std::size_t size = 0; size < 200; ++size) {
    const std::vector<std::byte> bytes = random_bytes(random, size);
    const std::string text = to_base64url(bytes);
    ASSERT_EQ(text.size(), base64url_size(size));
    std::vector<std::byte> read(size);
    ASSERT_TRUE(from_base64url(text, read)) << text;
    ASSERT_EQ(read, bytes);
    std::vector<std::byte> other_size(size + 3);
    ASSERT_FALSE(from_base64url(text, other_size));
  }
}

// Every letter in every place, with all remainders of a size by three.
TEST(Base64url, TakesNoTextThatItWouldNotGive) {
  std::mt19937 random{2};
  for (std::size_t size = 1; size <= 6; ++size) {
    std::string text = to_base64url(random_bytes(random, size));
    std::size_t taken_count = 0;
    for (char& at : text) {
      const char before = at;
      for (int letter = 0; letter < 256; ++letter) {
        at = static_cast<char>(letter);
        std::vector<std::byte> read(size);
        if (!from_base64url(text, read)) continue;
        ++taken_count;
        ASSERT_EQ(to_base64url(read), text);
        std::vector<unsigned char> theirs(size);
        ASSERT_EQ(sodium_base642bin(theirs.data(), size, text.data(), text.size(), nullptr, nullptr,
                                    nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  0);
        ASSERT_TRUE(std::ranges::equal(std::as_bytes(std::span(theirs)), read));
      }
      at = before;
    }
    // All 64 in each place but the last, which has as many as its bits that are some byte's.
    const std::size_t last_count = size % 3 == 0 ? 64 : size % 3 == 1 ? 4 : 16;
    EXPECT_EQ(taken_count, 64 * (text.size() - 1) + last_count);
  }
}

}  // namespace
}  // namespace matsuri
