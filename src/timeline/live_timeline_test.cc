// Goal: who listens to their timeline hears those whom they follow at that moment, and nobody else.
#include "timeline/testing/live.h"

namespace matsuri::timeline {
namespace {

using testing::felt;
using testing::ken;
using testing::mio;
using testing::Names;
using testing::post_id;
using testing::rin;

class LiveTimelineTest : public testing::LiveTest {};
MATSURI_FOR_EACH_ENGINE(LiveTimelineTest);

TEST_P(LiveTimelineTest, ATimelineIsOfWhatOneFollowsWithoutComments) {
  constexpr CommunityId near{2}, far{3};
  const PostId post = post_id(5);
  apply({testing::name_record(rin, 1, "Rin")});
  apply({testing::follow_record(post_id(1), ken, mio),
         testing::follow_record(post_id(2), ken, near),
         testing::post_record(post, rin, "of rin", {.community = far})});
  const auto client = follow_timeline(ken), other = follow_timeline(mio);
  PostPublished comment = std::get<PostPublished>(posted(mio, "a comment"));
  comment.parent = post;
  happen({posted(mio, "mio, far", 0, far), posted(rin, "rin, near", 0, near),
          posted(rin, "rin, far", 0, far), posted(ken, "ken, far", 0, far), comment,
          PostDeleted{.post = post, .community = far, .author = rin},
          PostDeleted{.post = post, .community = far, .author = mio, .parent = post},
          PostDeleted{.post = post, .community = near, .author = rin}});
  EXPECT_EQ(client->seen(), (Names{"ready", "mio, far", "rin, near", "ken, far", "post_deleted"}));
  EXPECT_TRUE(client->events[3].data.ends_with(R"("mine":true})"));
  EXPECT_EQ(other->seen(), (Names{"ready", "mio, far"}));
  // Counts too: of what one follows, and nothing of the rest.
  const PostId seen = post_id(6);
  apply({testing::post_record(seen, mio, "of mio", {.community = far})});
  feel(felt(post, 5, 1));
  feel(felt(seen, 6, 2));
  wait_for([&] { return client->count("counts") > 0; });
  EXPECT_EQ(client->count("counts"), 1u);
  EXPECT_NE(client->last("counts").find(seen.to_string()), std::string::npos);
}

TEST_P(LiveTimelineTest, WhomOneFollowsHoldsAtOnceAndTheListIsReadAgain) {
  const auto client = follow_timeline(ken), other = follow_timeline(mio), here = listen(ken);
  happen({posted(rin, "0"), followed(ken, mio), posted(mio, "1")});
  happen({posted(mio, "2"), followed(ken, mio, false)});
  happen({posted(mio, "3")});
  // Of one batch, all that it says of follows holds for all of its posts.
  EXPECT_EQ(client->seen(), (Names{"ready", "reset", "1", "reset"}));
  EXPECT_EQ(other->seen(), (Names{"ready", "1", "2", "3"}));
  EXPECT_EQ(here->seen(), (Names{"ready", "1", "2", "3"}));
  // What was missed meanwhile is told by the follows of now, and the change of them too.
  EXPECT_EQ(follow_timeline(ken, client->events[0].id)->seen(), (Names{"ready", "reset", "reset"}));
  // An import does not make a reader read again with each follow of the past.
  const PostId past{compose_id({.unix_ms = testing::start_ms, .node = import_node})};
  FollowChanged imported = std::get<FollowChanged>(followed(ken, mio));
  imported.rev = past.value;
  happen({imported, posted(mio, "4")});
  EXPECT_EQ(client->seen(), (Names{"ready", "reset", "1", "reset", "4"}));
}

// A fact may come between the reading of the database and its answer.
TEST_P(LiveTimelineTest, AFollowThatWasNotReadYetHoldsForNewTimelines) {
  happen({followed(ken, mio)});
  const auto early = follow_timeline(ken);
  apply({testing::follow_record(post_id(1), ken, mio)});
  const auto both = follow_timeline(ken);
  happen({posted(mio, "1")});
  EXPECT_EQ(early->seen(), (Names{"ready", "1"}));
  EXPECT_EQ(both->seen(), (Names{"ready", "1"}));
}

TEST_P(LiveTimelineTest, BlocksAndMutesHoldOnTimelines) {
  constexpr CommunityId near{2};
  apply({testing::name_record(rin, 1, "Rin"), testing::block_record(rin, ken, 1, true)});
  apply({testing::follow_record(post_id(1), ken, mio),
         testing::follow_record(post_id(2), ken, near)});
  const auto client = follow_timeline(ken);
  happen({posted(rin, "blocks ken", 0, near), posted(mio, "1")});
  mute(ken, mio, 1, true);
  happen({posted(mio, "2")});
  mute(ken, mio, 2, false);
  happen({posted(mio, "3")});
  EXPECT_EQ(client->seen(), (Names{"ready", "1", "3"}));
}

}  // namespace
}  // namespace matsuri::timeline
