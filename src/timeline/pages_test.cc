// Goal: every page that is put together from memory is, byte for byte, what the database says,
// rendered without any memory, whatever happened and whoever reads meanwhile.
// Method: random commits; after each, pages of all kinds are compared for visitors and for members
// with blocks and mutes. All the while somebody reads on a snapshot of before a commit, and ends
// after it. The plain pages come from one SQL statement each.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "timeline/follow.h"
#include "timeline/internal/select.h"
#include "timeline/query.h"
#include "timeline/ranking.h"
#include "timeline/render.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using stream::Record;
using testing::post_id;

constexpr std::uint64_t people = 6;
constexpr CommunityId communities[] = {common_ground, CommunityId{7}};
constexpr std::uint64_t newest = (std::uint64_t{1} << 63) - 1;

// As one who reads has it: whether they feel empathy is the same here whenever they ask.
Reader reader_of(AccountId viewer, const Post& post) {
  return {.empathized = viewer && (post.id.value / 2048 + viewer.value) % 3 == 0,
          .mine = viewer && post.author.id == viewer};
}

std::string joined(const std::vector<RowPtr>& rows, AccountId viewer) {
  std::string text;
  for (const RowPtr& row : rows) {
    append_row(text, *row, reader_of(viewer, row->post));
    text += '\n';
  }
  return text;
}

std::string joined(const std::vector<Post>& posts, AccountId viewer) {
  std::string text;
  for (const Post& post : posts) {
    json::Writer writer(text);
    writer.begin_object();
    write_post_fields(writer, post, reader_of(viewer, post));
    writer.end_object();
    text += '\n';
  }
  return text;
}

class PagesTest : public testing::ViewTest {
 protected:
  struct Said {
    PostId id;
    AccountId author;
    CommunityId community;
    PostId parent;
  };

  void make(const HomeOptions& options) {
    home_ = std::make_unique<Home>(render_row, options);
    rankings_ = std::make_unique<Rankings>(*home_, clock_, dice_);
  }
  void commit(const std::vector<Record>& records) {
    const stream::BatchResult result = apply(records);
    home_->committed(records, result);
    ++commit_count_;
  }

  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  AccountId somebody() { return AccountId{1 + below(people)}; }

  void change() {
    now_ms_ += 1 + static_cast<std::int64_t>(below(2'000));
    const auto id = post_id(now_ms_);
    const AccountId account = somebody(), other = somebody();
    switch (below(10)) {
      case 0:
        return commit({testing::fact_record(AccountChanged{.account = account,
                                                           .rev = ++rev_,
                                                           .handle = "h" + account.to_string(),
                                                           .name = "\"N\" " + std::to_string(rev_),
                                                           .face = below(2) * rev_})});
      case 1:
        if (account == other) return;
        if (below(2) == 0)
          return commit({testing::mute_record(account, other, ++rev_, below(3) == 0)});
        return commit({testing::block_record(account, other, ++rev_, below(3) == 0)});
      case 2:
        return commit({below(2) == 0 && account != other
                           ? testing::follow_record(id, account, other, below(3) != 0)
                           : testing::follow_record(id, account, communities[below(2)])});
      default:
        break;
    }
    if (posts_.empty() || below(3) == 0) {
      posts_.push_back({id, account, communities[below(2)], {}});
      return commit({testing::post_record(
          id, account, "text\n" + id.to_string(),
          {.community = posts_.back().community, .drawing = below(3) == 0 ? "drawn" : ""})});
    }
    const Said said = posts_[posts_.size() - 1 - below(std::min<std::size_t>(posts_.size(), 20))];
    Record record;
    switch (below(4)) {
      case 0: {
        const PostId parent = said.parent ? said.parent : said.id;
        posts_.push_back({id, account, said.community, parent});
        record = testing::post_record(id, account, "comment " + id.to_string(),
                                      {.community = said.community, .parent = parent});
        break;
      }
      case 1:
        record = testing::edit_record(said.id, said.author, id.value, "edit " + id.to_string(),
                                      said.parent);
        break;
      case 2:
        if (below(3) != 0) return;
        record = testing::delete_record(said.id, said.author, id.value, said.parent);
        break;
      default:
        ++rev_;
        record = testing::fact_record(EmpathyChanged{.post = said.id,
                                                     .post_author = said.author,
                                                     .community = said.community,
                                                     .account = account,
                                                     .rev = rev_,
                                                     .given = true,
                                                     .count = below(20),
                                                     .count_rev = rev_});
    }
    commit({record});
  }

  // One kind of page: through memory, and from the database alone.
  struct Kind {
    std::string name;
    std::function<Result<std::optional<std::vector<RowPtr>>>(const Home::Access&)> read;
    std::string_view where;
    std::vector<sql::Value> parameters;
    std::string_view order = " ORDER BY p.id DESC LIMIT 10";
  };

  static Result<std::optional<std::vector<RowPtr>>> posts_of(Result<std::optional<FeedPage>> page) {
    if (!page.ok() && page.error().code() == Code::not_found)
      return std::optional(std::vector<RowPtr>());
    if (!page.ok()) return page.error();
    if (!page.value()) return std::optional<std::vector<RowPtr>>();
    return std::optional(std::move(page.value()->posts));
  }

  std::vector<Kind> kinds(AccountId viewer, const Said& said, PostId before) {
    const std::uint64_t below_id = before ? before.value : newest;
    const HomeQuery query{.viewer = viewer, .source = {}, .before = before, .count_max = 10};
    std::vector<Kind> all;
    HomeQuery of_community = query;
    of_community.source = Source::of(said.community);
    all.push_back(
        {"community",
         [=, this](const auto& access) { return posts_of(home_->read(access, of_community)); },
         "p.parent = 0 AND p.community = ? AND p.id < ?",
         {said.community.value, below_id}});
    for (const bool drawings_only : {false, true})
      all.push_back({"profile",
                     [=, this](const auto& access) {
                       return posts_of(read_profile(*home_, access,
                                                    {.handle = "h" + said.author.to_string(),
                                                     .viewer = viewer,
                                                     .drawings_only = drawings_only,
                                                     .before = before,
                                                     .count_max = 10}));
                     },
                     drawings_only ? "p.author = ? AND p.parent = 0 AND p.id < ? AND p.drawing <> 0"
                                   : "p.author = ? AND p.parent = 0 AND p.id < ?",
                     {said.author.value, below_id}});
    all.push_back(
        {"one",
         [=, this](const auto& access) { return home_->read_posts(access, {&said.id, 1}, viewer); },
         "p.id = ?",
         {said.id.value}});
    all.push_back({"comments",
                   [=, this](const auto& access) {
                     return posts_of(read_comments(
                         *home_, access, {.post = said.id, .viewer = viewer, .count_max = 10}));
                   },
                   // Of a post that may not be seen, nothing.
                   "p.parent = ?",
                   {said.id.value},
                   " ORDER BY p.id LIMIT 10"});
    if (viewer)
      all.push_back(
          {"home",
           [=, this](const auto& access) { return posts_of(home_->read(access, query)); },
           "p.parent = 0 AND p.id < ? AND (p.author = ? OR EXISTS (SELECT 1 FROM follow f "
           "WHERE f.account = ? AND f.followed = 1 AND ((f.kind = 1 AND f.target = "
           "p.author) OR (f.kind = 2 AND f.target = p.community))))",
           {below_id, viewer.value, viewer.value}});
    return all;
  }

  std::string through_memory(const Kind& kind, AccountId viewer) {
    // As a route does it.
    auto found = kind.read(Home::Access{}).value();
    if (!found) {
      const Home::Moment now = home_->now();
      found = read(*db_, [&](sql::Connection& connection) {
                return kind.read(Home::Access{&connection, now});
              }).value();
    }
    return joined(*found, viewer);
  }

  void compare(AccountId viewer) {
    const Said said = posts_[posts_.size() - 1 - below(std::min<std::size_t>(posts_.size(), 20))];
    const PostId before = below(3) == 0 ? posts_[below(posts_.size())].id : PostId{};
    for (const Kind& kind : kinds(viewer, said, before)) {
      const std::string plain =
          joined(read(*db_,
                      [&](sql::Connection& connection) -> Result<std::vector<Post>> {
                        if (kind.name == "comments" && !read_post(connection, said.id, viewer).ok())
                          return std::vector<Post>();
                        return internal::read_posts(connection, viewer, kind.where, kind.parameters,
                                                    kind.order, {});
                      })
                     .value(),
                 viewer);
      ASSERT_EQ(through_memory(kind, viewer), plain) << kind.name;
      // Once more: now from memory, as far as that can be.
      ASSERT_EQ(through_memory(kind, viewer), plain) << kind.name << " again";
    }
    clock_.advance_ms(ranking_fresh_ms + 1);
    const auto ranked = [&](const Home::Access& access) {
      return rankings_->read(
          access, {.community = said.community, .ranked = Ranked::hot, .viewer = viewer});
    };
    const auto plain =
        read(*db_, [&](sql::Connection& connection) -> Result<std::vector<Post>> {
          TRY_ASSIGN(const auto ids, read_ranking(connection, {.community = said.community}));
          TRY_ASSIGN(auto posts, read_posts(connection, ids, viewer));
          posts.resize(std::min(posts.size(), feed_count_default));
          return posts;
        }).value();
    const Home::Moment now = home_->now();
    const auto page = read(*db_, [&](sql::Connection& connection) {
                        return ranked(Home::Access{&connection, now});
                      }).value();
    ASSERT_EQ(joined(page->posts, viewer), joined(plain, viewer)) << "hot";
  }

  // Somebody whose snapshot is of before the next commit, and who reads after it.
  void read_late(std::uint64_t seed, const std::atomic<bool>& is_over) {
    std::mt19937_64 random(seed);
    while (!is_over) {
      const HomeQuery query{.viewer = AccountId{random() % (people + 1)},
                            .source = Source::of(communities[random() % 2]),
                            .before = {},
                            .count_max = 1 + random() % 20};
      const Home::Moment now = home_->now();
      const auto page = read(*db_, [&](sql::Connection& connection) {
        EXPECT_TRUE(connection.integer("SELECT COUNT(*) FROM post").ok());
        const std::uint64_t before = commit_count_;
        for (int wait_ms = 0; wait_ms < 20 && commit_count_ == before; ++wait_ms)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return home_->read(Home::Access{&connection, now}, query);
      });
      ASSERT_TRUE(page.ok());
    }
  }

  void run(int step_count) {
    std::vector<Record> names;
    for (std::uint64_t id = 1; id <= people; ++id)
      names.push_back(testing::name_record(AccountId{id}, ++rev_, "N" + std::to_string(id)));
    commit(names);
    std::atomic<bool> is_over{false};
    std::thread reader([&, seed = random_()] { read_late(seed, is_over); });
    for (int step = 0; step < step_count && !HasFatalFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      change();
      if (posts_.empty()) continue;
      compare({});
      compare(somebody());
    }
    is_over = true;
    reader.join();
  }

  // A commit of MariaDB waits for the disk.
  int steps() { return GetParam() == sql::Engine::sqlite ? 200 : 40; }

  void seed() {
    const char* const given = std::getenv("MATSURI_SEED");
    const std::uint64_t number =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(number));
    random_.seed(number);
  }

  std::mt19937_64 random_;
  std::vector<Said> posts_;
  std::atomic<std::uint64_t> commit_count_{0};
  std::uint64_t rev_ = 0;
  std::int64_t now_ms_ = 0;
  io::ManualClock clock_{testing::start_ms};
  io::SeededRandom dice_{1};
  std::unique_ptr<Home> home_;
  std::unique_ptr<Rankings> rankings_;
};
MATSURI_FOR_EACH_ENGINE(PagesTest);

TEST_P(PagesTest, AreByteForByteWhatTheDatabaseSays) {
  seed();
  make({});
  run(steps());
  // Most of what was said has been on a page, and memory keeps all of them.
  EXPECT_GE(home_->usage().rows.count, posts_.size() / 2);
}

// The same where little fits, and many posts and authors share a stamp.
TEST_P(PagesTest, AreThatWithLittleMemoryToo) {
  seed();
  make({.rings = {.count_max = 4}, .rows = {.size_max = 8'000, .stamp_count = 4}});
  run(steps());
  EXPECT_LE(home_->usage().rows.size, 8'000u);
}

}  // namespace
}  // namespace matsuri::timeline
