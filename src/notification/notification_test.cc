// Goal: who did something to somebody is told once, in groups, without those whom they do not want
// to hear of, and no longer than it is true.
#include <algorithm>

#include "notification/testing/fixture.h"

namespace matsuri::notification {
namespace {

using stream::Outcome;
using testing::block_record;
using testing::comment_record;
using testing::deleted_record;
using testing::empathy_record;
using testing::follow_record;
using testing::id_at;
using testing::mute_record;
using testing::person_record;
using testing::post_at;
using testing::read_record;
using Lines = std::vector<std::string>;

constexpr AccountId mio{11}, ken{22}, rin{33}, sora{44}, umi{55};
const PostId post = post_at(1), other = post_at(2);
constexpr std::int64_t hour_ms = 3600 * 1000;

class NotificationTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (IsSkipped()) return;
    apply({person_record(mio), person_record(ken), person_record(rin), person_record(sora),
           person_record(umi)});
  }
  static std::string about(PostId id) { return id.to_string() + ": "; }
};
MATSURI_FOR_EACH_ENGINE(NotificationTest);

TEST_P(NotificationTest, PeopleOfOneThingAreOneNoticeWithinEightHours) {
  apply({empathy_record(id_at(10), post, mio, ken, true),
         empathy_record(id_at(11), other, mio, ken, true),
         empathy_record(id_at(12), post, mio, rin, true)});
  // What grows moves to the top, under a new number.
  EXPECT_EQ(lines_for(mio), (Lines{"3 empathy " + about(post) + "33 22 of 2, unread",
                                   "2 empathy " + about(other) + "22 of 1, unread"}));
  apply({empathy_record(id_at(10 + window_ms - 1), post, mio, sora, true),
         empathy_record(id_at(10 + window_ms), post, mio, umi, true)});
  EXPECT_EQ(lines_for(mio), (Lines{"5 empathy " + about(post) + "55 of 1, unread",
                                   "4 empathy " + about(post) + "44 33 22 of 3, unread",
                                   "2 empathy " + about(other) + "22 of 1, unread"}));
  EXPECT_EQ(page_of(mio).notices[1].updated_unix_ms, testing::start_ms + 10 + window_ms - 1);
}

TEST_P(NotificationTest, TheNewestThreeAreNamedAndAllAreCounted) {
  apply({empathy_record(id_at(10), post, mio, ken, true),
         empathy_record(id_at(11), post, mio, rin, true),
         empathy_record(id_at(12), post, mio, sora, true),
         empathy_record(id_at(13), post, mio, umi, true)});
  EXPECT_EQ(lines_for(mio), Lines{"4 empathy " + about(post) + "55 44 33 of 4, unread"});
  apply({empathy_record(id_at(14), post, mio, sora, false)});
  EXPECT_EQ(lines_for(mio), Lines{"4 empathy " + about(post) + "55 33 22 of 3, unread"});
  apply({empathy_record(id_at(15), post, mio, umi, false),
         empathy_record(id_at(16), post, mio, rin, false),
         empathy_record(id_at(17), post, mio, ken, false)});
  EXPECT_EQ(lines_for(mio), Lines{});
  EXPECT_EQ(page_of(mio).unread_count, 0u);
}

TEST_P(NotificationTest, FactsThatComeAgainSayNothing) {
  const std::vector<stream::Record> facts = {empathy_record(id_at(10), post, mio, ken, true),
                                             follow_record(id_at(11), ken, mio, true),
                                             comment_record(post_at(12), ken, post, mio)};
  for (const auto& fact : facts) apply({fact});
  const Lines once = lines_for(mio);
  EXPECT_EQ(once,
            (Lines{"3 comment " + about(post) + "22 of 1, unread", "2 follow 0: 22 of 1, unread",
                   "1 empathy " + about(post) + "22 of 1, unread"}));
  EXPECT_TRUE(apply(facts).facts().empty());
  apply({empathy_record(id_at(20), post, mio, ken, false)});
  EXPECT_TRUE(apply({facts[0]}).facts().empty());
  EXPECT_EQ(lines_for(mio), (Lines{once[0], once[1]}));
}

TEST_P(NotificationTest, ACommentIsToldToTheAuthorAndToEarlierCommenters) {
  apply({comment_record(post_at(10), ken, post, mio), comment_record(post_at(11), rin, post, mio)});
  apply({comment_record(post_at(12), mio, post, mio), comment_record(post_at(13), ken, post, mio)});
  EXPECT_EQ(lines_for(mio), Lines{"3 comment " + about(post) + "22 33 of 2, unread"});
  EXPECT_EQ(lines_for(ken), Lines{"2 thread " + about(post) + "11 33 of 2, unread"});
  EXPECT_EQ(lines_for(rin), Lines{"2 thread " + about(post) + "22 11 of 2, unread"});
}

TEST_P(NotificationTest, ADeletedCommentIsTakenOut) {
  apply({comment_record(post_at(10), ken, post, mio), comment_record(post_at(11), rin, post, mio),
         comment_record(post_at(12), ken, post, mio)});
  const auto result = apply({deleted_record(post_at(12), ken, post)});
  EXPECT_EQ(lines_for(mio), Lines{"3 comment " + about(post) + "22 33 of 2, unread"});
  EXPECT_EQ(lines_for(rin), Lines{});
  EXPECT_EQ(result.facts().size(), 2u);  // mio's and rin's
  apply({deleted_record(post_at(10), ken, post)});
  EXPECT_EQ(lines_for(mio), Lines{"3 comment " + about(post) + "33 of 1, unread"});
  // Who has no comment there any more hears of none.
  apply({comment_record(post_at(13), sora, post, mio)});
  EXPECT_EQ(lines_for(rin), Lines{"2 thread " + about(post) + "44 of 1, unread"});
  EXPECT_EQ(lines_for(ken), Lines{"1 thread " + about(post) + "33 of 1, unread"});
  EXPECT_EQ(apply({deleted_record(post_at(12), ken, post)}).outcomes()[0], Outcome::duplicate);
}

TEST_P(NotificationTest, ADeletedPostTakesAllAwayWhicheverComesFirst) {
  apply({comment_record(post_at(10), ken, post, mio), comment_record(post_at(11), rin, post, mio),
         follow_record(id_at(12), ken, mio, true)});
  apply({empathy_record(id_at(13), post, mio, ken, true)});
  const auto result = apply({deleted_record(post, mio)});
  EXPECT_EQ(lines_for(mio), Lines{"3 follow 0: 22 of 1, unread"});
  EXPECT_EQ(lines_for(ken), Lines{});
  ASSERT_EQ(result.facts().size(), 2u);
  EXPECT_EQ(std::get<NotificationChanged>(result.facts()[0].event).unread_count, 1u);
  apply({deleted_record(other, mio)});
  for (const PostId gone : {post, other})
    EXPECT_TRUE(apply({empathy_record(id_at(20), gone, mio, rin, true),
                       comment_record(post_at(21), sora, gone, mio)})
                    .facts()
                    .empty());
}

TEST_P(NotificationTest, NothingIsMadeOfHiddenPeopleAndWhatIsThereIsHiddenAtOnce) {
  apply({block_record(mio, ken, 1, true), mute_record(mio, rin, 1, true)});
  EXPECT_TRUE(apply({empathy_record(id_at(10), post, mio, ken, true),
                     empathy_record(id_at(11), post, mio, rin, true)})
                  .facts()
                  .empty());
  apply({block_record(mio, ken, 2, false), mute_record(mio, rin, 2, false)});
  EXPECT_EQ(lines_for(mio), Lines{});
  apply({empathy_record(id_at(12), post, mio, sora, true),
         empathy_record(id_at(13), post, mio, umi, true),
         empathy_record(id_at(14), other, mio, umi, true)});
  const auto blocked = apply({block_record(umi, mio, 1, true)});
  EXPECT_EQ(lines_for(mio), Lines{"2 empathy " + about(post) + "44 of 1, unread"});
  ASSERT_EQ(blocked.facts().size(), 1u);
  EXPECT_EQ(std::get<NotificationChanged>(blocked.facts()[0].event).unread_count, 1u);
  apply({mute_record(mio, sora, 1, true)});
  EXPECT_EQ(lines_for(mio), Lines{});
  EXPECT_EQ(page_of(mio).unread_count, 0u);
  apply({block_record(umi, mio, 2, false)});
  EXPECT_EQ(lines_for(mio), (Lines{"3 empathy " + about(other) + "55 of 1, unread",
                                   "2 empathy " + about(post) + "55 of 1, unread"}));
}

// Who had commented on a post once went on to hear of comments there, across a block or a mute.
TEST_P(NotificationTest, NothingIsToldOfCommentsBelowAPostOfSomebodyHidden) {
  apply(
      {comment_record(post_at(10), ken, post, mio), comment_record(post_at(11), sora, post, mio)});
  EXPECT_EQ(lines_for(ken), Lines{"1 thread " + about(post) + "44 of 1, unread"});
  apply({block_record(mio, ken, 1, true), comment_record(post_at(12), rin, post, mio)});
  EXPECT_EQ(lines_for(ken), Lines{"1 thread " + about(post) + "44 of 1, unread"});
  EXPECT_EQ(lines_for(sora), Lines{"1 thread " + about(post) + "33 of 1, unread"});
  apply({mute_record(sora, mio, 1, true), comment_record(post_at(13), umi, post, mio)});
  EXPECT_EQ(lines_for(sora), Lines{"1 thread " + about(post) + "33 of 1, unread"});
  apply({block_record(mio, ken, 2, false), comment_record(post_at(14), umi, post, mio)});
  EXPECT_EQ(lines_for(ken), Lines{"2 thread " + about(post) + "55 44 of 2, unread"});
}

TEST_P(NotificationTest, TheReadMarkOnlyGrows) {
  apply({empathy_record(id_at(10), post, mio, ken, true),
         empathy_record(id_at(11), other, mio, ken, true)});
  const auto result = apply({read_record(id_at(20), mio, 1)});
  EXPECT_EQ(std::get<NotificationChanged>(result.facts().at(0).event).unread_count, 1u);
  EXPECT_EQ(lines_for(mio), (Lines{"2 empathy " + about(other) + "22 of 1, unread",
                                   "1 empathy " + about(post) + "22 of 1"}));
  const auto older = apply({read_record(id_at(21), mio, 2), read_record(id_at(22), mio, 1)});
  EXPECT_EQ(older.outcomes(), (std::vector{Outcome::applied, Outcome::duplicate}));
  EXPECT_EQ(page_of(mio).unread_count, 0u);
  // What grows again is news again.
  apply({empathy_record(id_at(23), post, mio, rin, true)});
  EXPECT_EQ(page_of(mio).unread_count, 1u);
}

// Where the view is made again, numbers begin anew, and marks of before come from the journal: they
// must not read what has not happened yet.
TEST_P(NotificationTest, WhatComesAfterAMarkIsUnreadHoweverHighTheMarkWas) {
  apply({read_record(id_at(20), mio, 7)});
  apply({empathy_record(id_at(30), post, mio, ken, true)});
  EXPECT_EQ(lines_for(mio), Lines{"8 empathy " + about(post) + "22 of 1, unread"});
  EXPECT_EQ(page_of(mio).unread_count, 1u);
}

TEST_P(NotificationTest, KindsThatAreOffAreNotMadeFromThenOn) {
  apply({empathy_record(id_at(10), post, mio, ken, true)});
  set_settings(mio, {.empathy = false, .follow = false});
  apply({empathy_record(id_at(11), post, mio, rin, true)});
  apply({follow_record(id_at(12), rin, mio, true)});
  apply({comment_record(post_at(13), rin, post, mio)});
  EXPECT_EQ(lines_for(mio), (Lines{"2 comment " + about(post) + "33 of 1, unread",
                                   "1 empathy " + about(post) + "22 of 1, unread"}));
  set_settings(mio, {});
  apply({empathy_record(id_at(11), post, mio, rin, true)});  // comes again: still not made
  apply({empathy_record(id_at(14), post, mio, sora, true)});
  EXPECT_EQ(lines_for(mio)[0], "3 empathy " + about(post) + "44 22 of 2, unread");
}

TEST_P(NotificationTest, ImportedHistoryIsNoNews) {
  apply({empathy_record(id_at(10, import_node), post, mio, ken, true)});
  apply({follow_record(id_at(11, import_node), ken, mio, true),
         comment_record(post_at(12, import_node), ken, post, mio),
         comment_record(post_at(13), rin, post, mio)});
  EXPECT_EQ(lines_for(mio), Lines{"1 comment " + about(post) + "33 of 1, unread"});
  EXPECT_EQ(lines_for(ken), Lines{});
}

TEST_P(NotificationTest, FiftyCommentersHearOfACommentAndNoMore) {
  std::vector<stream::Record> comments;
  for (std::uint64_t number = 0; number < 60; ++number)
    comments.push_back(comment_record(post_at(100 + static_cast<std::int64_t>(number)),
                                      AccountId{1000 + number}, post, mio));
  apply(comments);
  const auto result = apply({comment_record(post_at(500), ken, post, mio)});
  EXPECT_EQ(result.facts().size(), 51u);  // with mio
  EXPECT_EQ(result.facts().back().account, AccountId{1059});
  EXPECT_EQ(result.facts()[1].account, AccountId{1010});
}

TEST_P(NotificationTest, TwoHundredNoticesAreKept) {
  std::vector<stream::Record> facts;
  for (std::int64_t number = 0; number < 205; ++number)
    facts.push_back(empathy_record(id_at(100 + number), post_at(10'000 + number), mio, ken, true));
  apply({facts.begin(), facts.begin() + 100});
  // One of the first grows, so it is not among the oldest.
  facts.insert(facts.begin() + 150, empathy_record(id_at(5'000), post_at(10'000), mio, rin, true));
  apply({facts.begin() + 100, facts.end()});
  const Page page = page_of(mio, 1000);
  ASSERT_EQ(page.notices.size(), 200u);
  EXPECT_EQ(page.notices.back().sequence, 7u);
  EXPECT_TRUE(std::ranges::any_of(page.notices, [](const Notice& notice) {
    return notice.post == post_at(10'000) && notice.people_count == 2;
  }));
  EXPECT_EQ(page.unread_count, 200u);
  // What went and is taken back changes nothing.
  EXPECT_TRUE(
      apply({empathy_record(id_at(6'000), post_at(10'002), mio, ken, false)}).facts().empty());
}

TEST_P(NotificationTest, PagesGoByTheRecipientsOwnNumbers) {
  for (std::int64_t number = 0; number < 5; ++number)
    apply({empathy_record(id_at(100 + number), post_at(10'000 + number), mio, ken, true)});
  const Page first = page_of(mio, 2);
  EXPECT_EQ(first.notices[1].sequence, 4u);
  EXPECT_EQ(first.next, 4u);
  apply({empathy_record(id_at(200), post_at(10'000), mio, rin, true)});
  const Page second = page_of(mio, 2, first.next);
  EXPECT_EQ(second.notices[0].sequence, 3u);
  EXPECT_EQ(second.notices[1].sequence, 2u);
  EXPECT_EQ(second.next, 0u);  // the oldest has moved to the top
  EXPECT_EQ(page_of(mio, 5).next, 0u);
}

TEST_P(NotificationTest, WhatIsOldIsForgottenAndNotMadeAgain) {
  const auto fact = empathy_record(id_at(10), post, mio, ken, true);
  const auto comment = comment_record(post_at(11), ken, post, mio);
  apply({fact});
  apply({comment, deleted_record(other, mio)});
  const std::int64_t later_ms = 100 * 24 * hour_ms;
  apply({empathy_record(id_at(later_ms - hour_ms), other, mio, rin, true),
         empathy_record(id_at(later_ms - hour_ms), post_at(3), mio, rin, true)});
  for (std::uint64_t count = 1; count != 0;)
    write([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(count, forget_old(connection, testing::start_ms + later_ms));
      return {};
    });
  EXPECT_EQ(lines_for(mio), Lines{"3 empathy " + about(post_at(3)) + "33 of 1, unread"});
  apply({fact});
  apply({comment});
  EXPECT_EQ(lines_for(mio).size(), 1u);
  for (const char* table : {"item", "known_comment", "gone_post", "notice_person"}) {
    const auto rows = read([&](sql::Connection& connection) {
      return connection.integer("SELECT COUNT(*) FROM " + std::string(table));
    });
    EXPECT_LE(rows.value_or(9), 1) << table;
  }
}

TEST_P(NotificationTest, AnExcerptEndsAtACharacter) {
  std::string text;
  for (int count = 0; count < 81; ++count) text += "\u00e9";
  EXPECT_EQ(excerpt_of(text), text.substr(0, 160));
  EXPECT_EQ(excerpt_of(text.substr(0, 160)), text.substr(0, 160));
  EXPECT_EQ(excerpt_of(""), "");
}

}  // namespace
}  // namespace matsuri::notification
