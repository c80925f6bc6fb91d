// Goal: nothing that we did not give is taken for a key, a token, a place or a cursor.
// Method: each letter of each of them changed, every shorter one, and what belongs to another.
#include "game/token.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "game/cursor.h"
#include "game/places.h"
#include "io/sim_disk.h"

namespace matsuri::game {
namespace {

// Those that a shard has at first, of so many shards.
sequencer::SlotSet slots_of_shard(std::uint32_t shard, std::uint32_t shard_count) {
  sequencer::SlotSet slots;
  const sequencer::Slots rows = sequencer::first_slots(shard, shard_count);
  for (std::size_t slot = 0; slot < rows.size(); ++slot)
    slots[slot] = rows[slot].state == sequencer::SlotState::owned;
  return slots;
}

std::unique_ptr<account::Signer> signer(std::uint64_t seed) {
  io::SimDisk disk;
  io::SeededRandom random(seed);
  return account::Signer::open(disk, "keys", random).value();
}

// Calls `check` with everything that is one letter away from `text`, or begins it.
template <class Check>
void each_wrong(const std::string& text, Check check) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'A', 'B', '_', '-', '=', ' ', '\xff'}) {
      std::string other = text;
      if (other[i] == c) continue;
      other[i] = c;
      check(other);
    }
    check(text.substr(0, i));
  }
  check(text + "A");
}

TEST(PlayerTokens, ComeBackAndCantBeForged) {
  const auto ours = signer(1);
  const PlayerToken token{.title = TitleId{7},
                          .account = AccountId{42},
                          .key = TitleKeyId{9},
                          .epoch = 3,
                          .expires_unix_ms = 1'790'000'000'000};
  const std::string text = seal(*ours, token);
  EXPECT_EQ(text.size(), 97U);
  ASSERT_TRUE(open_player_token(*ours, text).ok());
  EXPECT_EQ(*open_player_token(*ours, text), token);
  EXPECT_FALSE(open_player_token(*signer(2), text).ok());
  each_wrong(text, [&](const std::string& other) {
    EXPECT_FALSE(open_player_token(*ours, other).ok()) << other;
  });
  // A credential is no player token, and a seal counts for its purpose alone.
  const std::string credential = ours->sign({.account = AccountId{42}, .id = 1});
  EXPECT_FALSE(open_player_token(*ours, "mp_" + credential).ok());
  EXPECT_FALSE(ours->verify(text).ok());
  const auto sealed = ours->seal("player", as_bytes("body"));
  EXPECT_TRUE(ours->is_genuine("player", as_bytes("body"), sealed));
  EXPECT_FALSE(ours->is_genuine("players", as_bytes("body"), sealed));
  EXPECT_FALSE(ours->is_genuine("player", as_bytes("bodies"), sealed));
}

TEST(TitleKeys, ComeBack) {
  io::SeededRandom random(1);
  const KeyText key{.id = TitleKeyId{123}, .secret = new_secret(random)};
  const std::string text = to_text(key);
  EXPECT_EQ(text.size(), 46U);
  const auto read = parse_key_text(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->id, key.id);
  EXPECT_TRUE(equal(hash_of(read->secret), hash_of(key.secret)));
  each_wrong(text, [&](const std::string& other) {
    const auto wrong = parse_key_text(other);
    EXPECT_TRUE(!wrong.ok() || wrong->id != key.id ||
                !equal(hash_of(wrong->secret), hash_of(key.secret)))
        << other;
  });
}

TEST(PlacesTest, ComeBackAndKeepTheLarger) {
  Places places;
  EXPECT_EQ(*Places::from_token(places.to_token()), places);
  places.raise(5, 7);
  places.raise(6, 1);
  places.raise(5, 3);
  EXPECT_EQ(places.find(5), 7U);
  EXPECT_EQ(places.find(7), std::nullopt);
  EXPECT_EQ(*Places::from_token(places.to_token()), places);
  places = {};
  for (std::uint64_t shard = 0; shard < shard_count_max; ++shard) places.raise(shard, 1);
  EXPECT_TRUE(Places::from_token(places.to_token()).ok());
  places.raise(shard_count_max, 1);
  EXPECT_FALSE(Places::from_token(places.to_token()).ok());
  for (const char* wrong : {"", "x", "g=", "gAAAA"}) EXPECT_FALSE(Places::from_token(wrong).ok());
}

TEST(CursorTest, ComesBackHoweverSlotsLie) {
  Cursor cursor(11);
  EXPECT_EQ(*Cursor::from_token(cursor.to_token()), cursor);
  cursor.raise(slots_of_shard(1, 3), 1'000'000);
  cursor.raise(slots_of_shard(2, 3), 5);
  cursor.raise(slots_of_shard(1, 3), 4);
  EXPECT_EQ(cursor.seqs[500], 1'000'000U);
  EXPECT_LT(cursor.to_token().size(), 70U);
  EXPECT_EQ(*Cursor::from_token(cursor.to_token()), cursor);
  for (std::size_t slot = 0; slot < sequencer::slot_count; ++slot)
    cursor.seqs[slot] = slot * 7919 % 61;
  const std::string worst = cursor.to_token();
  EXPECT_LE(worst.size(), cursor_size_max);
  EXPECT_EQ(*Cursor::from_token(worst), cursor);
}

TEST(CursorTest, IsWrittenInOneWay) {
  Cursor cursor(11);
  cursor.raise(slots_of_shard(0, 2), 9);
  const std::string text = cursor.to_token();
  each_wrong(text, [&](const std::string& other) {
    const auto read = Cursor::from_token(other);
    EXPECT_TRUE(!read.ok() || read->to_token() == other) << other;
  });
}

}  // namespace
}  // namespace matsuri::game
