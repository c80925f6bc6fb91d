// Goal: nobody but a holder of the keys makes a credential, and one that was closed stays closed
// whatever the order in which that is learnt.
#include "account/credential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "account/apply.h"
#include "account/model.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "io/sim_disk.h"

namespace matsuri::account {
namespace {

constexpr std::string_view key_path = "keys/session.keys";

class SignerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Signer> open() { return Signer::open(disk_, "keys", random_).value(); }
  std::string key_file() { return io::read_file(disk_, std::string(key_path), 4096).value(); }
  void write_key_file(std::string_view text) {
    ASSERT_TRUE(io::replace_file(disk_, std::string(key_path), as_bytes(text)).ok());
  }
  static std::string with_checksum(std::string body) {
    const std::uint32_t checksum = crc32c(as_bytes(body));
    body.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    return body;
  }

  io::SimDisk disk_;
  io::SeededRandom random_{1};
  Credential credential_{.kind = Credential::Kind::session,
                         .account = AccountId{0x123456789abcdef},
                         .id = 77,
                         .epoch = 3};
};

TEST_F(SignerTest, GivesBackWhatItSigned) {
  const auto signer = open();
  for (const auto kind : {Credential::Kind::session, Credential::Kind::token}) {
    credential_.kind = kind;
    const std::string text = signer->sign(credential_);
    EXPECT_EQ(text.size(), 74u);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_"),
              std::string::npos);
    EXPECT_EQ(signer->verify(text).value(), credential_);
  }
}

TEST_F(SignerTest, RefusesEveryOtherText) {
  const auto signer = open();
  const std::string text = signer->sign(credential_);
  const auto refused = [&](std::string_view other) {
    const auto got = signer->verify(other);
    return !got.ok() && got.error().code() == Code::unauthenticated;
  };
  for (std::size_t place = 0; place < text.size(); ++place) {
    EXPECT_TRUE(refused(text.substr(0, place))) << "cut at " << place;
    for (int value = 0; value < 256; ++value) {
      std::string other = text;
      other[place] = static_cast<char>(value);
      if (other != text) EXPECT_TRUE(refused(other)) << "byte " << place << " is " << value;
    }
  }
  for (const std::string& other : {std::string(), text + "A", text + "=", " " + text, text + " ",
                                   text + text, std::string(1000, 'A'), std::string(74, '\0')})
    EXPECT_TRUE(refused(other)) << other;
}

TEST_F(SignerTest, KeysOutliveARestartAndNotTheirFile) {
  const std::string text = open()->sign(credential_);
  EXPECT_TRUE(open()->verify(text).ok());
  ASSERT_TRUE(disk_.remove(std::string(key_path)).ok());
  EXPECT_EQ(open()->verify(text).error().code(), Code::unauthenticated);
}

TEST_F(SignerTest, KeysSurviveAPowerCutOnceOneWasUsed) {
  const std::string text = open()->sign(credential_);
  disk_.cut_now();
  io::SeededRandom random(2);
  disk_.power_on(io::Survival::none, random);
  EXPECT_TRUE(open()->verify(text).ok());
}

TEST_F(SignerTest, AnotherNodesCredentialsAreRefused) {
  io::SimDisk other_disk;
  io::SeededRandom other_random(99);
  const auto other = Signer::open(other_disk, "keys", other_random).value();
  EXPECT_FALSE(open()->verify(other->sign(credential_)).ok());
}

TEST_F(SignerTest, ANewKeySignsWhileTheOldOneStillCounts) {
  const std::string old_text = open()->sign(credential_);
  const std::string old_file = key_file();
  const std::string old_body = old_file.substr(0, old_file.size() - 4);
  write_key_file(with_checksum(old_body + '\x02' + std::string(32, 'k')));
  const auto both = open();
  const std::string new_text = both->sign(credential_);
  EXPECT_NE(new_text, old_text);
  EXPECT_TRUE(both->verify(old_text).ok());
  EXPECT_TRUE(both->verify(new_text).ok());

  write_key_file(with_checksum("MATSKEY1\x02" + std::string(32, 'k')));
  EXPECT_FALSE(open()->verify(old_text).ok());
  EXPECT_TRUE(open()->verify(new_text).ok());
}

TEST_F(SignerTest, ADamagedKeyFileStopsUs) {
  open();
  const std::string file = key_file();
  const auto is_corrupt = [&] {
    const auto opened = Signer::open(disk_, "keys", random_);
    return !opened.ok() && opened.error().code() == Code::corrupt;
  };
  for (std::size_t place = 0; place < file.size(); ++place) {
    std::string other = file;
    other[place] = static_cast<char>(other[place] ^ 1);
    write_key_file(other);
    EXPECT_TRUE(is_corrupt()) << "byte " << place;
    write_key_file(file.substr(0, place));
    EXPECT_TRUE(is_corrupt()) << "cut at " << place;
  }
  write_key_file(file);
  EXPECT_TRUE(Signer::open(disk_, "keys", random_).ok());
}

// The facts of one account's life, in every order and with every prefix twice, end in one standing.
TEST(Standings, TheOrderOfArrivalDoesNotMatter) {
  const AccountId mio{10};
  const std::vector<AccountChanged> facts = {
      {.account = mio, .rev = 1},
      {.account = mio, .rev = 2, .role = Role::admin},
      {.account = mio, .rev = 3, .role = Role::user},
      {.account = mio, .rev = 4, .role = Role::user, .epoch = 0},
  };
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    io::ManualClock clock(1'790'000'000'000);
    Standings standings(clock);
    for (const std::size_t index : order) standings.apply(facts[index]);
    for (const std::size_t index : order) standings.apply(facts[index]);
    EXPECT_EQ(standings.standing(mio).role, Role::user)
        << order[0] << order[1] << order[2] << order[3];
  } while (std::ranges::next_permutation(order).found);
}

TEST(Standings, ARaisedEpochEndsOlderSessionsAndNoTokens) {
  const std::int64_t now_ms = 1'790'000'000'000;
  io::ManualClock clock(now_ms);
  Standings standings(clock);
  const std::uint64_t id = compose_id({.unix_ms = now_ms - 1000, .node = Node{1}});
  const Credential session{.account = AccountId{10}, .id = id, .epoch = 1};
  Credential token = session;
  token.kind = Credential::Kind::token;
  token.id = id + 1;
  token.epoch = 0;
  standings.apply(AccountChanged{.account = AccountId{10}, .rev = 2, .epoch = 1});
  EXPECT_TRUE(standings.check(session).ok());
  standings.apply(AccountChanged{.account = AccountId{10}, .rev = 3, .epoch = 2});
  EXPECT_FALSE(standings.check(session).ok());
  EXPECT_TRUE(standings.check(token).ok());
  standings.apply(CredentialClosed{.account = AccountId{10}, .credential = token.id});
  EXPECT_FALSE(standings.check(token).ok());
  // A session of an epoch that this node has not heard of yet is good: its fact is on the way.
  Credential newer = session;
  newer.epoch = 9;
  EXPECT_TRUE(standings.check(newer).ok());
}

}  // namespace
}  // namespace matsuri::account
