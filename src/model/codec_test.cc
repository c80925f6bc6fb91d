// The stored form of events: what was written once is read for ever, and damage is said, not read.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/bytes.h"
#include "model/event.h"

namespace matsuri {
namespace {

const std::string golden_folder = "tests/golden/events/";  // from the repository's root

// One of each kind with every field set: these are what the golden files hold. Add, never change.
const std::vector<Event>& samples() {
  static const std::vector<Event> all = {
      PublishPost{.post = {0x0123456789abcdefU},
                  .community = common_ground,
                  .author = {0x7fffffffffffffffU},
                  .text = "祭りへようこそ!\nWelcome 🏮",
                  .language = "ja",
                  .import_source = "steam",
                  .import_source_id = "76561198000000000:620"},
      AccountChanged{.account = {42},
                     .rev = 300,
                     .handle = "hana_7",
                     .name = "花",
                     .role = Role::admin,
                     .epoch = 4'000'000'000,
                     .created_unix_ms = -1},
      BlockChanged{.account = {1}, .target = {2}, .rev = 1ULL << 40, .blocked = true},
      CredentialClosed{.account = {42}, .credential = 0x1111111111111111U},
      PostPublished{.post = {7},
                    .rev = 1,
                    .community = {1},
                    .author = {42},
                    .text = "a post",
                    .language = "en"},
      CommandRefused{.account = {42},
                     .position = "0.1.89abcdef01234567.42",
                     .resource_id = 7,
                     .code = Code::conflict,
                     .reason = "The same text was posted just before."},
      EditPost{.post = {1007},
               .community = {1014},
               .author = {1021},
               .parent = {1028},
               .text = "text 祭",
               .feeling = 5,
               .spoiler = true,
               .tag = "tag 祭"},
      DeletePost{.post = {1007}, .community = {1014}, .author = {1021}, .parent = {1028}},
      SetFollow{.account = {1007},
                .kind = FollowKind::community,
                .target = 219902325555U,
                .followed = true},
      SetEmpathy{.post = {1007},
                 .post_author = {1014},
                 .community = {1021},
                 .account = {1028},
                 .given = true},
      MarkNotificationsRead{.account = {1007}, .up_to = 146601550370U},
      MuteChanged{.account = {1007}, .target = {1014}, .rev = 219902325555U, .muted = true},
      TitleChanged{.title = {1007},
                   .rev = 146601550370U,
                   .names = {{.language = "en", .text = "Lantern Road"},
                             {.language = "ja", .text = "提灯通り"}},
                   .platforms = {"pc", "handheld"},
                   .publisher = "publisher 祭",
                   .crest = "crest 祭",
                   .main_community = {1049},
                   .created_unix_ms = -8},
      CommunityChanged{.community = {1007},
                       .rev = 146601550370U,
                       .title = {1021},
                       .kind = CommunityKind::announcement,
                       .owner = {1035},
                       .names = {{.language = "en", .text = "Lantern Road"},
                                 {.language = "ja", .text = "提灯通り"}},
                       .description = "description 祭",
                       .post_kinds = 3,
                       .who_posts = Posters::owner,
                       .created_unix_ms = -10},
      PostEdited{.post = {1007},
                 .rev = 146601550370U,
                 .community = {1021},
                 .author = {1028},
                 .parent = {1035},
                 .text = "text 祭",
                 .feeling = 5,
                 .spoiler = true,
                 .tag = "tag 祭"},
      PostDeleted{.post = {1007}, .community = {1014}, .author = {1021}, .parent = {1028}},
      FollowChanged{.account = {1007},
                    .kind = FollowKind::community,
                    .target = 219902325555U,
                    .rev = 293203100740U,
                    .followed = true},
      EmpathyChanged{.post = {1007},
                     .post_author = {1014},
                     .community = {1021},
                     .account = {1028},
                     .rev = 366503875925U,
                     .given = true,
                     .count = 513105426295U,
                     .count_rev = 586406201480U},
      NotificationChanged{.account = {1007}, .rev = 146601550370U, .unread_count = 70003U},
      CheckinAttempted{.programme = "lantern-night_07",
                       .window = 70003U,
                       .campaign = "summer-2026",
                       .points = 146601550370,
                       .nonce = std::string("\x00\xff nonce 16 byte", 16),
                       .ticket_unix_ms = -5,
                       .result = CheckinResult::malformed,
                       .path = "terrestrial 祭",
                       .score_permille = -451,
                       .frame_count = 24},
      InboxRead{.file = std::string("\x01\xfe file 16 bytes", 16),
                .offset = 146601550370U,
                .name = "main.inbox.1"},
      GrantSettled{.account = {1007},
                   .programme = "lantern-night_07",
                   .window = 70003U,
                   .event = "0123456789abcdef0123456789abcdef",
                   .outcome = GrantOutcome::budget_exhausted,
                   .reason = GrantReason::bad_amount,
                   .points = 146601550370},
      GrantDue{.account = {1007},
               .programme = "lantern-night_07",
               .window = 70003U,
               .rev = 219902325555U,
               .event = "0123456789abcdef0123456789abcdef",
               .campaign = "summer-2026",
               .points = 146601550370,
               .void_reason = GrantReason::too_many_tickets}};
  return all;
}

Result<Event> decoded(EventKind kind, std::string_view bytes) {
  return decode(kind, as_bytes(bytes));
}

// The same in Protocol Buffers' wire form, by hand.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes + static_cast<char>(value);
}
std::string fixed(unsigned field, std::uint64_t value) {
  std::string bytes = varint(field << 3 | 1);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}
std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
std::string text(unsigned field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
std::string framed(EventKind kind, const std::string& inner) {
  return text(static_cast<unsigned>(kind), inner);
}

TEST(Codec, GivesEveryEventBack) {
  for (const Event& event : samples()) {
    SCOPED_TRACE(name_of(kind_of(event)));
    const auto back = decoded(kind_of(event), encode(event));
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(*back, event);
  }
  EXPECT_EQ(samples().size(), std::variant_size_v<Event>) << "a sample of each kind";
}

// Fields that came after the golden file of their kind.
TEST(Codec, GivesLaterFieldsBack) {
  const std::vector<Event> all = {PublishPost{.post = {1},
                                              .community = {2},
                                              .author = {3},
                                              .parent = {4},
                                              .parent_author = {5},
                                              .feeling = 5,
                                              .spoiler = true,
                                              .tag = "question",
                                              .drawing = std::string("MD1\0\xff", 5)},
                                  AccountChanged{.account = {1},
                                                 .face = 0xfedcba9876543210U,
                                                 .bio = "lights lanterns",
                                                 .follows_shown_to = Audience::nobody,
                                                 .empathies_shown_to = Audience::nobody},
                                  PostPublished{.post = {1},
                                                .community = {2},
                                                .author = {3},
                                                .parent = {4},
                                                .parent_author = {5},
                                                .feeling = 5,
                                                .spoiler = true,
                                                .tag = "question",
                                                .drawn = true}};
  for (const Event& event : all) EXPECT_EQ(decoded(kind_of(event), encode(event)).value(), event);
}

TEST(Codec, GivesEmptyAndLargeFieldsBack) {
  const Event empty = PublishPost{.post = {1}, .community = {1}, .author = {1}};
  EXPECT_EQ(decoded(EventKind::publish_post, encode(empty)).value(), empty);
  const Event nobody = CommandRefused{};
  EXPECT_EQ(decoded(EventKind::command_refused, encode(nobody)).value(), nobody);
  // Larger than the arena's first block.
  const Event large = PublishPost{.post = {1},
                                  .community = {1},
                                  .author = {1},
                                  .text = std::string(1 << 20, 'x'),
                                  .language = std::string(5'000, 'y')};
  EXPECT_EQ(decoded(EventKind::publish_post, encode(large)).value(), large);
  EXPECT_EQ(decoded(EventKind::publish_post, encode(empty)).value(), empty) << "nothing stays";
  const Event zero =
      PublishPost{.post = {1}, .community = {1}, .author = {1}, .text = std::string("a\0b", 3)};
  EXPECT_EQ(decoded(EventKind::publish_post, encode(zero)).value(), zero);
}

TEST(Codec, AppendsToWhatIsThere) {
  std::string buffer = "head";
  encode_to(samples().front(), buffer);
  EXPECT_EQ(buffer, "head" + encode(samples().front()));
}

// Goal: records of the first version are read by every later one. Method: files that were written
// once; MATSURI_WRITE_GOLDEN=1 writes those that are missing, for a new kind, and none over.
TEST(Codec, ReadsTheGoldenFiles) {
  for (const Event& event : samples()) {
    SCOPED_TRACE(name_of(kind_of(event)));
    const std::string path = golden_folder + std::string(name_of(kind_of(event))) + ".bin";
    if (std::getenv("MATSURI_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path))
      std::ofstream(path, std::ios::binary) << encode(event);
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file.is_open()) << path;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto back = decoded(kind_of(event), bytes);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(*back, event);
  }
}

TEST(Codec, IgnoresFieldsOfNewerVersions) {
  const std::string inner = fixed(1, 5) + fixed(2, 1) + fixed(3, 6) + text(4, "hello");
  const Event expected = PublishPost{.post = {5}, .community = {1}, .author = {6}, .text = "hello"};
  const EventKind kind = EventKind::publish_post;
  EXPECT_EQ(decoded(kind, framed(kind, inner)).value(), expected);
  EXPECT_EQ(decoded(kind, framed(kind, inner + text(99, "new") + number(98, 7))).value(), expected);
  EXPECT_EQ(decoded(kind, framed(kind, inner) + text(1'000, "new")).value(), expected);
  // Equal to a kind of ours in its lower 16 bits.
  EXPECT_EQ(decoded(kind, text(65'537, "new") + framed(kind, inner)).value(), expected);
}

TEST(Codec, CallsEveryCutCorrupt) {
  for (const Event& event : samples()) {
    const std::string bytes = encode(event);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto got = decoded(kind_of(event), std::string_view(bytes).substr(0, length));
      ASSERT_FALSE(got.ok()) << name_of(kind_of(event)) << ' ' << length;
      ASSERT_EQ(got.error().code(), Code::corrupt);
    }
  }
}

// Goal: a flipped bit gives an error or another whole event, never a crash. (Checksums are the
// journal's; this is for the sanitizers.)
TEST(Codec, StandsEveryFlippedBit) {
  int taken = 0, refused = 0;
  for (const Event& event : samples()) {
    const std::string bytes = encode(event);
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = bytes;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        const auto got = decoded(kind_of(event), other);
        if (!got.ok()) {
          ++refused;
          ASSERT_EQ(got.error().code(), Code::corrupt);
          continue;
        }
        ++taken;
        ASSERT_EQ(decoded(kind_of(event), encode(*got)).value(), *got);
      }
  }
  EXPECT_GT(taken, 500);
  EXPECT_GT(refused, 500);
}

TEST(Codec, CallsWrongKindsCorruptAndNewOnesNotFound) {
  const std::string bytes = encode(samples().front());
  EXPECT_EQ(decoded(EventKind::post_published, bytes).error().code(), Code::corrupt);
  for (const unsigned kind : {0U, 19U, 39U, 999U, 65'535U})
    EXPECT_EQ(decoded(static_cast<EventKind>(kind), bytes).error().code(), Code::not_found);
}

TEST(Codec, CallsTwoEventsInOneCorrupt) {
  const std::string post = encode(samples()[0]), block = encode(samples()[2]);
  EXPECT_EQ(decoded(EventKind::publish_post, post + post).error().code(), Code::corrupt);
  EXPECT_EQ(decoded(EventKind::publish_post, post + block).error().code(), Code::corrupt);
  EXPECT_EQ(decoded(EventKind::block_changed, post + block).error().code(), Code::corrupt);
}

TEST(Codec, CallsWhatCanNotBeCorrupt) {
  const auto code_of = [](EventKind kind, const std::string& inner) {
    const auto got = decoded(kind, framed(kind, inner));
    return got.ok() ? std::string("taken") : std::string(name_of(got.error().code()));
  };
  const std::string ids = fixed(1, 5) + fixed(2, 1) + fixed(3, 6);
  EXPECT_EQ(code_of(EventKind::publish_post, ids), "taken");
  EXPECT_EQ(code_of(EventKind::publish_post, fixed(2, 1) + fixed(3, 6)), "corrupt") << "no id";
  EXPECT_EQ(code_of(EventKind::publish_post, ids + fixed(1, 1ULL << 63)), "corrupt") << "64 bits";
  for (const char* bytes : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe3\x81"})
    for (unsigned field = 4; field <= 7; ++field)
      EXPECT_EQ(code_of(EventKind::publish_post, ids + text(field, bytes)), "corrupt");
  EXPECT_EQ(code_of(EventKind::publish_post, ids + fixed(4, 1)), "taken")
      << "a field of another type is an unknown one";
  EXPECT_EQ(code_of(EventKind::account_changed, fixed(1, 1) + number(5, 3)), "taken");
  EXPECT_EQ(code_of(EventKind::account_changed, fixed(1, 1) + number(5, 4)), "corrupt") << "role";
  EXPECT_EQ(code_of(EventKind::command_refused, number(4, 9)), "taken");
  EXPECT_EQ(code_of(EventKind::command_refused, number(4, 0)), "corrupt") << "code";
  EXPECT_EQ(code_of(EventKind::command_refused, number(4, 10)), "corrupt") << "code";
  EXPECT_EQ(code_of(EventKind::block_changed, fixed(1, 1)), "corrupt") << "no target";
}

TEST(EventKind, HasANameForEveryKind) {
  for (const Event& event : samples()) EXPECT_NE(name_of(kind_of(event)), "unknown");
  EXPECT_EQ(name_of(static_cast<EventKind>(19)), "unknown");
}

}  // namespace
}  // namespace matsuri
