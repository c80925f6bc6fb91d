// Goal: what exec takes and refuses, at each limit and one past it, before anything is written.
#include "timeline/exec.h"

#include <optional>
#include <string>

#include "timeline/testing/node.h"

namespace matsuri::timeline {
namespace {

using testing::drain_ms;

constexpr AccountId mio{11}, ken{22};
constexpr CommunityId drawings{2}, staff{3}, owned{4};

class ExecTest : public testing::NodeTest {
 protected:
  void SetUp() override {
    testing::NodeTest::SetUp();
    if (IsSkipped()) return;
    rules_.rules[drawings] = {.post_kinds = post_kind_drawing};
    rules_.rules[staff] = {.post_kinds = post_kind_text, .who_posts = Posters::staff};
    rules_.rules[owned] = {.post_kinds = post_kind_text, .who_posts = Posters::owner, .owner = mio};
    name(mio, 1, "Mio");
    name(ken, 1, "Ken");
  }

  static drawing::Drawing line() {
    return drawing::clean({{{.pen = 2, .points = {{40, 40, 0}, {400, 300, 16}}}}}).value();
  }
  static NewPost wanted(AccountId author, std::string text) {
    return {.community = common_ground, .author = {.id = author}, .text = std::move(text)};
  }
  // What becomes of it; nullopt where it was taken.
  std::optional<Code> code(const NewPost& post) {
    const auto published = publish(post);
    if (published.ok()) return std::nullopt;
    return published.error().code();
  }
  Post seen(PostId id, AccountId viewer) {
    MATSURI_ASSERT(stream_->drain(drain_ms));
    return read(*db_,
                [&](sql::Connection& connection) { return read_post(connection, id, viewer); })
        .value();
  }
};
MATSURI_FOR_EACH_ENGINE(ExecTest);

TEST_P(ExecTest, HoldsTheLimitsOfEachFieldAtTheLimitAndOnePast) {
  const auto points = [](std::string_view point, std::size_t count) {
    std::string text;
    for (; count > 0; --count) text += point;
    return text;
  };
  NewPost post = wanted(mio, "a");
  post.feeling = 5;
  post.tag = points("\U0001F3EE", 50);
  EXPECT_EQ(code(post), std::nullopt);
  post.text = "b";
  post.tag = points("\U0001F3EE", 51);
  EXPECT_EQ(code(post), Code::invalid);
  post.tag = "two\nlines";
  EXPECT_EQ(code(post), Code::invalid);
  post.tag = "";
  post.feeling = 6;
  EXPECT_EQ(code(post), Code::invalid);
  post.feeling = 0;
  EXPECT_EQ(code(post), std::nullopt);
  EXPECT_EQ(code(wanted(mio, "")), Code::invalid);
  NewPost drawn = wanted(mio, "");
  drawn.drawing = line();
  EXPECT_EQ(code(drawn), std::nullopt);
  EXPECT_EQ(code(drawn), Code::conflict);
  drawn.text = points("x", 281);
  EXPECT_EQ(code(drawn), Code::invalid);
  drawn.text = points("x", 280);
  EXPECT_EQ(code(drawn), std::nullopt);
}

TEST_P(ExecTest, ADrawingComesBackAsItsStrokes) {
  NewPost drawn = wanted(mio, "");
  drawn.drawing = line();
  drawn.spoiler = true;
  drawn.tag = "tag";
  const Post made = publish(drawn).value().post;
  const Post shown = seen(made.id, {});
  for (const Post& post : {made, shown}) {
    EXPECT_TRUE(post.drawn);
    EXPECT_TRUE(post.spoiler);
    EXPECT_EQ(post.tag, "tag");
    EXPECT_EQ(post.text, "");
  }
  const auto stored = [&](AccountId viewer) {
    return read(*db_, [&](sql::Connection& connection) {
      return read_drawing(connection, made.id, viewer);
    });
  };
  EXPECT_EQ(drawing::decode(as_bytes(stored(ken).value())).value(), line());
  say(BlockChanged{mio, ken, 1, true});
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_EQ(stored(ken).error().code(), Code::not_found);
  EXPECT_TRUE(stored({}).ok());
}

TEST_P(ExecTest, ACommunityTakesItsKindsFromThoseWhoMayPost) {
  NewPost post = wanted(ken, "a");
  post.community = CommunityId{99};
  EXPECT_EQ(code(post), Code::not_found);
  post.community = drawings;
  EXPECT_EQ(code(post), Code::denied);
  post.drawing = line();
  EXPECT_EQ(code(post), Code::denied);  // its text is not taken
  post.text = "";
  EXPECT_EQ(code(post), std::nullopt);
  post = wanted(ken, "b");
  for (const CommunityId community : {staff, owned}) {
    post.community = community;
    for (const Role role : {Role::user, Role::support}) {
      post.role = role;
      EXPECT_EQ(code(post), Code::denied);
    }
    post.role = Role::moderator;
    EXPECT_EQ(code(post), std::nullopt);
    post.role = Role::admin;
    post.text += '.';
    EXPECT_EQ(code(post), std::nullopt);
  }
  post = wanted(mio, "c");
  post.community = owned;
  EXPECT_EQ(code(post), std::nullopt);
  post.drawing = line();
  EXPECT_EQ(code(post), Code::denied);
}

TEST_P(ExecTest, ACommentGoesWhereItsPostIsAndTakesNone) {
  NewPost post = wanted(mio, "announcement");
  post.community = owned;
  const Post parent = seen(publish(post).value().post.id, ken);
  NewPost comment = wanted(ken, "I see");  // who may post does not matter
  comment.parent = parent;
  const Post made = publish(comment).value().post;
  EXPECT_EQ(made.community, owned);
  EXPECT_EQ(made.parent, parent.id);
  EXPECT_EQ(code(comment), Code::conflict);
  EXPECT_EQ(seen(parent.id, ken).comment_count, 1u);
  comment.parent = seen(made.id, ken);
  EXPECT_EQ(code(comment), Code::invalid);
  comment.parent = parent;
  comment.text = "";
  comment.drawing = line();
  EXPECT_EQ(code(comment), Code::denied);  // what is taken does
}

TEST_P(ExecTest, OnesOwnPostsAreEditedForHalfAnHour) {
  NewPost post = wanted(mio, "frist");
  post.tag = "tag";
  const Post made = seen(publish(post).value().post.id, mio);
  EXPECT_EQ(edit(made, {.text = "stolen"}, ken).error().code(), Code::denied);
  EXPECT_EQ(edit(made, {}, mio).error().code(), Code::invalid);
  EXPECT_EQ(edit(made, {.text = ""}, mio).error().code(), Code::invalid);
  EXPECT_EQ(edit(made, {.text = std::string(281, 'x')}, mio).error().code(), Code::invalid);
  EXPECT_EQ(edit(made, {.feeling = 6}, mio).error().code(), Code::invalid);
  EXPECT_EQ(edit(made, {.tag = std::string(51, 'x')}, mio).error().code(), Code::invalid);
  advance_ms(edit_window_ms - (clock_.unix_ms() - made.created_unix_ms));
  const auto edited = edit(made, {.text = " first ", .spoiler = true}, mio);
  ASSERT_TRUE(edited.ok());
  const Post shown = seen(made.id, mio);
  for (const Post& one : {edited.value().post, shown}) {
    EXPECT_EQ(one.text, "first");
    EXPECT_EQ(one.tag, "tag");
    EXPECT_TRUE(one.spoiler);
    EXPECT_GT(one.edited_unix_ms, 0);
  }
  EXPECT_EQ(shown.edited_unix_ms, edited.value().post.edited_unix_ms);
  ASSERT_TRUE(edit(shown, {.tag = ""}, mio).ok());
  EXPECT_EQ(seen(made.id, mio).tag, "");
  clock_.step_ms(1);
  EXPECT_EQ(edit(made, {.text = "late"}, mio).error().code(), Code::denied);
}

TEST_P(ExecTest, ADrawingMayLoseItsTextAndNothingElse) {
  NewPost drawn = wanted(mio, "with words");
  drawn.drawing = line();
  const Post made = seen(publish(drawn).value().post.id, mio);
  ASSERT_TRUE(edit(made, {.text = ""}, mio).ok());
  const Post shown = seen(made.id, mio);
  EXPECT_EQ(shown.text, "");
  EXPECT_TRUE(shown.drawn);
  // What the community does not take can't come in by an edit either.
  NewPost only = wanted(mio, "");
  only.community = drawings;
  only.drawing = line();
  const Post other = seen(publish(only).value().post.id, mio);
  EXPECT_EQ(edit(other, {.text = "words"}, mio).error().code(), Code::denied);
}

TEST_P(ExecTest, OnesOwnPostsAreDeletedForGood) {
  const Post made = seen(publish(mio, "oops").value().post.id, mio);
  EXPECT_EQ(remove(made, ken).error().code(), Code::denied);
  EXPECT_EQ(writer_->durable_offset(), 1u);
  const auto removed = remove(made, mio);
  ASSERT_TRUE(removed.ok());
  ASSERT_TRUE(edit(made, {.text = "back"}, mio).ok());  // of a view that was behind
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_TRUE(feed_of(*db_, {.community = common_ground}).posts.empty());
  EXPECT_EQ(status_of({writer_->origin(), 3}).code, Code::not_found);
  rebuild();
  EXPECT_TRUE(feed_of(*db_, {.community = common_ground}).posts.empty());
}

}  // namespace
}  // namespace matsuri::timeline
