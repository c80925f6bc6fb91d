// Goal: whatever the schedule, the set, the counts and what the facts add up to are what a plain
// recomputation from the commands gives.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "empathy/testing/fixture.h"

namespace matsuri::empathy {
namespace {

using testing::empathy_record;
using testing::person_record;
using testing::record_of;
using Pair = std::pair<PostId, AccountId>;

constexpr std::uint64_t person_count = 6, post_count = 5;
constexpr std::uint64_t first_post = (std::uint64_t{1} << 61) + 1;  // ids are large

PostId post_number(std::uint64_t number) { return PostId{first_post + number}; }
AccountId author_of(PostId post) { return AccountId{1 + post.value % person_count}; }

// Method: commands of two nodes and an import, in the order of each journal alone, with deletions
// between; batches of any size from any origin, and some that come again.
class EmpathyScheduleTest : public testing::ViewTest {
 protected:
  // What the first difference was; empty where there was none. `fault` may change what the view
  // sees, and not what the model knows.
  std::string run(std::uint64_t seed, const std::function<void(stream::Record&)>& fault = {}) {
    random_.seed(seed);
    std::vector<stream::Record> people;
    for (std::uint64_t id = 1; id <= person_count; ++id) people.push_back(person_record({id}));
    apply(people);
    make_origins();
    std::vector<std::vector<stream::Record>> given;
    while (!origins_.empty()) {
      const std::size_t chosen = below(origins_.size());
      std::vector<stream::Record>& origin = origins_[chosen];
      const std::size_t size = std::min<std::size_t>(origin.size(), 1 + below(12));
      std::vector<stream::Record> batch(origin.begin(),
                                        origin.begin() + static_cast<std::ptrdiff_t>(size));
      origin.erase(origin.begin(), origin.begin() + static_cast<std::ptrdiff_t>(size));
      if (origin.empty()) origins_.erase(origins_.begin() + static_cast<std::ptrdiff_t>(chosen));
      if (fault) std::ranges::for_each(batch, fault);
      take(batch);
      given.push_back(std::move(batch));
      if (below(4) == 0) take(given[below(given.size())]);
    }
    return difference();
  }

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }

  void make_origins() {
    origins_.assign(4, {});
    std::uint64_t deletion_count = 0;
    for (std::int64_t step = 1; step <= 400; ++step) {
      if (below(100) == 0 && deletion_count < 2) {
        ++deletion_count;
        const PostId post = post_number(below(post_count));
        deleted_.insert(post);
        origins_[3].push_back(record_of(PostDeleted{.post = post, .author = author_of(post)}));
        continue;
      }
      const Node nodes[] = {Node{1}, Node{2}, import_node};
      const std::size_t origin = below(3);
      const std::uint64_t id = testing::id_at(step, nodes[origin]);
      const PostId post = post_number(below(post_count));
      const AccountId account{1 + below(person_count)};
      const bool is_given = below(3) != 0;
      origins_[origin].push_back(empathy_record(id, post, author_of(post), account, is_given));
      if (account == author_of(post)) continue;
      auto& [rev, state] = model_[{post, account}];
      if (id > rev) {
        rev = id;
        state = is_given;
      }
    }
    std::erase_if(origins_, [](const auto& origin) { return origin.empty(); });
  }

  void take(const std::vector<stream::Record>& batch) {
    for (const stream::BatchResult::Fact& fact : apply(batch).facts()) {
      const auto& changed = std::get<EmpathyChanged>(fact.event);
      const Pair pair{changed.post, changed.account};
      const bool is_change = changed.given ? told_.insert(pair).second : told_.erase(pair) == 1;
      const auto size =
          std::ranges::count_if(told_, [&](const Pair& one) { return one.first == changed.post; });
      if (!is_change) wrong_ = "a fact that tells nothing new";
      if (changed.count != static_cast<std::uint64_t>(size))
        wrong_ = "a count differs from the set";
      if (changed.count_rev != ++count_revs_[changed.post])
        wrong_ = "a count's revision is another";
    }
  }

  std::string difference() {
    if (!wrong_.empty()) return wrong_;
    std::set<Pair> expected;
    for (const auto& [pair, state] : model_)
      if (state.second && !deleted_.contains(pair.first)) expected.insert(pair);
    std::erase_if(told_, [&](const Pair& pair) { return deleted_.contains(pair.first); });
    if (told_ != expected) return "the facts add up to another set";
    std::map<PostId, std::uint64_t> amounts;
    const auto read_amounts = read([&](sql::Connection& connection) -> Result<bool> {
      amounts.clear();
      TRY(connection.query("SELECT id, amount FROM post", {},
                           [&](const sql::Row& row) { amounts[PostId{row.id(0)}] = row.id(1); }));
      return true;
    });
    if (!read_amounts.ok()) return read_amounts.error().to_string();
    for (std::uint64_t number = 0; number < post_count; ++number) {
      const PostId post = post_number(number);
      std::vector<std::pair<std::uint64_t, AccountId>> order;
      for (const auto& [pair, state] : model_)
        if (expected.contains(pair) && pair.first == post)
          order.emplace_back(state.first, pair.second);
      std::ranges::sort(order, std::greater{});
      std::vector<AccountId> ids;
      for (const auto& [rev, account] : order) ids.push_back(account);
      if (ids_of(people_of({.post = post, .post_author = author_of(post)})) != ids)
        return "the people of " + post.to_string() + " are others";
      if (amounts[post] != ids.size()) return "the count of " + post.to_string() + " is another";
    }
    return "";
  }

  std::mt19937_64 random_;
  std::vector<std::vector<stream::Record>> origins_;
  std::map<Pair, std::pair<std::uint64_t, bool>> model_;
  std::set<PostId> deleted_;
  std::set<Pair> told_;
  std::map<PostId, std::uint64_t> count_revs_;
  std::string wrong_;
};
MATSURI_FOR_EACH_ENGINE(EmpathyScheduleTest);

TEST_P(EmpathyScheduleTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  EXPECT_EQ(run(seed), "");
}

// The test above would find what it is for.
TEST_P(EmpathyScheduleTest, CommandsWithoutTheirOrderAreFound) {
  std::uint64_t count = 0;
  EXPECT_NE(run(7, [&](stream::Record& record) { record.header.id = ++count; }), "");
}

TEST_P(EmpathyScheduleTest, DeletionsThatAreMissedAreFound) {
  EXPECT_NE(run(7,
                [&](stream::Record& record) {
                  if (auto* fact = std::get_if<PostDeleted>(&record.event)) fact->post = PostId{5};
                }),
            "");
}

}  // namespace
}  // namespace matsuri::empathy
