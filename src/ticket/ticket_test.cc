// Goal: nothing that we did not give is taken for a pass or a ticket, and what we gave counts for
// what it says alone.
// Method: every bit of each flipped, every shorter text, keys of other ids and purposes, the limits
// of time and one past.
#include "ticket/ticket.h"

#include <gtest/gtest.h>

#include <string>

#include "model/base64url.h"

namespace matsuri::ticket {
namespace {

Secret secret_of(std::uint8_t first) {
  Secret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(first + i);
  return secret;
}

Keys keys_of(std::initializer_list<std::pair<std::uint8_t, std::uint8_t>> ids_and_secrets) {
  std::string text;
  for (const auto& [id, first] : ids_and_secrets) text += Keys::line_of(id, secret_of(first));
  return Keys::parse(text).value();
}

const ViewerPass some_pass{
    .account = AccountId{42}, .programme = ProgrammeId{7}, .expires_unix_ms = 1'796'126'400'000};

Ticket some_ticket(std::uint8_t key) {
  Ticket ticket{.key = key,
                .account = AccountId{42},
                .programme = ProgrammeId{7},
                .issued_unix_ms = 1'796'126'400'000};
  for (std::size_t i = 0; i < ticket.nonce.size(); ++i)
    ticket.nonce[i] = static_cast<std::byte>(100 + i);
  return ticket;
}

// Calls `check` with every text that is one bit of its bytes, or one letter, away from `text`.
template <std::size_t size, class Check>
void each_wrong(const std::string& text, Check check) {
  std::array<std::byte, size> bytes{};
  ASSERT_TRUE(from_base64url(text, bytes));
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    auto other = bytes;
    other[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    check(to_base64url(other));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    check(text.substr(0, i));
    for (const char c : {'=', ' ', '+', '/', '\xff', '\0'}) {
      std::string other = text;
      other[i] = c;
      check(other);
    }
  }
  check(text + "A");
  check(text + "=");
}

TEST(ViewerPasses, ComeBackAndCantBeForged) {
  const Keys keys = keys_of({{1, 10}});
  const std::string text = seal(keys, some_pass);
  EXPECT_EQ(text.size(), pass_text_size);
  EXPECT_EQ(open_pass(keys, text).value(), some_pass);
  each_wrong<42>(text, [&](const std::string& other) {
    const auto opened = open_pass(keys, other);
    ASSERT_FALSE(opened.ok()) << other;
    EXPECT_EQ(opened.error().code(), Code::unauthenticated);
  });
  EXPECT_FALSE(open_pass(keys_of({{1, 11}}), text).ok());
}

// The values were computed with Python's hmac and base64, from the text of pass.h alone.
TEST(ViewerPasses, AreWhatTheFormatSays) {
  EXPECT_EQ(seal(keys_of({{1, 10}}), some_pass),
            "AQEqAAAAAAAAAAcAAAAAAAAAAN55MaIBAAA4FpM2DUuVttaj3cDjE--e");
}

TEST(ViewerPasses, CountUntilTheirEndForTheirProgramme) {
  EXPECT_TRUE(can_use(some_pass, ProgrammeId{7}, some_pass.expires_unix_ms - 1).ok());
  const auto over = can_use(some_pass, ProgrammeId{7}, some_pass.expires_unix_ms);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code(), Code::unauthenticated);
  const auto other = can_use(some_pass, ProgrammeId{8}, some_pass.expires_unix_ms - 1);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), Code::denied);
}

TEST(Tickets, ComeBackAndCantBeForged) {
  const Keys keys = keys_of({{1, 10}});
  const std::string text = seal(keys, some_ticket(1));
  EXPECT_EQ(text.size(), ticket_text_size);
  EXPECT_EQ(open_ticket(keys, text).value(), some_ticket(1));
  each_wrong<58>(text, [&](const std::string& other) {
    const auto opened = open_ticket(keys, other);
    ASSERT_FALSE(opened.ok()) << other;
    EXPECT_EQ(opened.error().code(), Code::unauthenticated);
  });
  EXPECT_FALSE(open_ticket(keys_of({{1, 11}}), text).ok());
}

TEST(Tickets, AreWhatTheFormatSays) {
  const Keys keys = keys_of({{1, 10}});
  EXPECT_EQ(seal(keys, some_ticket(1)),
            "AQEqAAAAAAAAAAcAAAAAAAAAAN55MaIBAABkZWZnaGlqa2xtbm9wcXJzmLWHGlKFKMcSsCD64r3bWQ");
  EXPECT_EQ(to_hex(seed_of(keys, some_ticket(1))),
            "5506e61efa60a119e1d7c51666907052908f5dac83859848747021e326cbfbd3");
}

// A seed that could be told from what the viewer sees would let anybody compute descriptors ahead.
TEST(Tickets, HaveASeedThatIsNotTheirMac) {
  const Keys keys = keys_of({{1, 10}, {2, 20}});
  const Digest seed = seed_of(keys, some_ticket(1));
  std::array<std::byte, 58> bytes{};
  ASSERT_TRUE(from_base64url(seal(keys, some_ticket(1)), bytes));
  EXPECT_FALSE(is_equal(Bytes(bytes).subspan(42), Bytes(seed).first(16)));
  EXPECT_NE(seed, seed_of(keys, some_ticket(2)));
  Ticket other = some_ticket(1);
  other.nonce[15] ^= std::byte{1};
  EXPECT_NE(seed, seed_of(keys, other));
}

// A pass is no ticket and a ticket no pass, though both begin alike.
TEST(Tickets, AreNoPasses) {
  const Keys keys = keys_of({{1, 10}});
  std::array<std::byte, 58> bytes{};
  ASSERT_TRUE(from_base64url(seal(keys, some_ticket(1)), bytes));
  EXPECT_FALSE(open_pass(keys, to_base64url(Bytes(bytes).first(42))).ok());
  EXPECT_FALSE(open_ticket(keys, seal(keys, some_pass)).ok());
}

TEST(KeysTest, TheLastOneSignsAndTheOthersCountOn) {
  const Keys before = keys_of({{1, 10}});
  const Keys during = keys_of({{1, 10}, {2, 20}});
  const Keys after = keys_of({{2, 20}});
  EXPECT_EQ(before.signing_id(), 1);
  EXPECT_EQ(during.signing_id(), 2);
  EXPECT_EQ(during.count(), 2U);
  const std::string older = seal(before, some_pass);
  const std::string newer = seal(during, some_pass);
  EXPECT_NE(older, newer);
  EXPECT_TRUE(open_pass(during, older).ok());
  EXPECT_TRUE(open_pass(after, newer).ok());
  EXPECT_FALSE(open_pass(after, older).ok());
  EXPECT_FALSE(open_pass(before, newer).ok());
}

TEST(KeysTest, AreReadInOneWay) {
  const std::string digits = to_hex(secret_of(1));
  EXPECT_TRUE(Keys::parse("255 " + digits).ok());
  EXPECT_TRUE(Keys::parse("# of November\n\n1 " + digits + "\n").ok());
  std::string many;
  for (int id = 1; id <= 16; ++id) many += std::to_string(id) + ' ' + digits + '\n';
  EXPECT_EQ(Keys::parse(many).value().count(), 16U);
  for (const std::string& wrong :
       {std::string(), std::string("\n"), std::string("# 1"), "0 " + digits, "256 " + digits,
        "-1 " + digits, "1  " + digits, " 1 " + digits, "1 " + digits + " ",
        "1 " + digits.substr(1), "1 " + digits + "0", "1 G" + digits.substr(1), "x " + digits,
        "1" + digits, std::string("1"), "1 " + digits + "\r\n",
        "1 " + digits + "\n1 " + digits + "\n", many + "17 " + digits,
        "# " + std::string(keys_text_size_max, 'x') + "\n1 " + digits}) {
    const auto keys = Keys::parse(wrong);
    ASSERT_FALSE(keys.ok()) << wrong;
    EXPECT_EQ(keys.error().code(), Code::invalid);
  }
}

TEST(Base64Url, HasOneTextForEachRowOfBytes) {
  for (std::size_t size = 0; size <= 64; ++size) {
    const std::string bytes(size, '\xfb');
    const std::string text = to_base64url(as_bytes(bytes));
    EXPECT_EQ(text.size(), base64url_size(size));
    std::string back(size, '\0');
    EXPECT_TRUE(from_base64url(text, std::as_writable_bytes(std::span(back))));
    EXPECT_EQ(back, bytes);
  }
  // Bits beyond the last byte, the other alphabet, and padding.
  std::array<std::byte, 1> one{};
  EXPECT_TRUE(from_base64url("-w", one));
  for (const char* wrong : {"-x", "+w", "-w==", "-", "", "-w\n", "- w"})
    EXPECT_FALSE(from_base64url(wrong, one)) << wrong;
}

}  // namespace
}  // namespace matsuri::ticket
