// Goal: any schedule of everything that can happen to posts leaves what a plain recomputation from
// the answers gives.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "timeline/testing/node.h"

namespace matsuri::timeline {
namespace {

using testing::drain_ms;
using Kind = Published::Kind;

constexpr AccountId mio{11}, ken{22}, rin{33};

// Everything that happened, and what follows from it: none of it taken from the code under test.
struct Story {
  struct Accepted {
    PostId id;
    AccountId author;
    std::string text;
    std::uint64_t key;
  };
  std::vector<Accepted> accepted;  // in the order of their positions
  std::map<AccountId, std::string> names;
  std::set<std::pair<AccountId, AccountId>> blocks;

  // The guard's rule, written once more from its description.
  std::vector<std::string> feed_for(AccountId viewer) const {
    std::vector<std::string> lines;
    std::set<std::pair<AccountId, std::uint64_t>> keys;
    std::map<std::pair<AccountId, std::string>, std::int64_t> last_ms;
    for (const Accepted& post : accepted) {
      if (post.key != 0 && !keys.emplace(post.author, post.key).second) continue;
      const std::int64_t ms = parts_of(post.id.value).unix_ms;
      const auto last = last_ms.find({post.author, post.text});
      if (last != last_ms.end() && ms - last->second < 30'000) continue;
      last_ms[{post.author, post.text}] = ms;
      if (blocks.contains({viewer, post.author}) || blocks.contains({post.author, viewer}))
        continue;
      if (names.contains(post.author))
        lines.push_back(post.id.to_string() + ' ' + names.at(post.author) + ": " + post.text);
    }
    std::ranges::reverse(lines);
    return lines;
  }
};

// Goal: any schedule of posts, retries, name changes, blocks, restarts and rebuilds leaves what a
// plain recomputation from the answers gives. Method: a few hundred random steps over three people
// and few texts, so that everything meets everything.
class ScheduleTest : public testing::NodeTest {
 protected:
  // What the first difference was; empty where there was none.
  std::string run(std::uint64_t seed) {
    random_.seed(seed);
    for (int step = 0; step < 400; ++step) {
      const std::string wrong = do_step(step);
      if (!wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
    }
    if (const std::string wrong = difference(); !wrong.empty()) return wrong;
    rebuild();
    return difference();
  }

  void forget() {
    story_ = {};
    answered_.clear();
    block_revs_.clear();
    name_revs_.clear();
  }

  Story story_;

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }

  std::string do_step(int step) {
    const AccountId people[] = {mio, ken, rin};
    const AccountId who = people[below(3)], whom = people[below(3)];
    const std::uint64_t action = below(100);
    if (action < 60)
      return post(who, "text " + std::to_string(below(8)), below(2) == 0 ? 0 : 1 + below(40));
    if (action < 75) {
      advance_ms(static_cast<std::int64_t>(below(15'000)));
    } else if (action < 84) {
      story_.names[who] = "Name " + std::to_string(step);
      name(who, ++name_revs_[who], story_.names[who]);
    } else if (action < 94 && who != whom) {
      const bool blocks = below(2) == 0;
      if (blocks)
        story_.blocks.emplace(who, whom);
      else
        story_.blocks.erase({who, whom});
      say(BlockChanged{who, whom, ++block_revs_[{who, whom}], blocks});
    } else if (action >= 97) {
      if (action == 99)
        rebuild();
      else
        restart();
      return difference();
    }
    return "";
  }

  std::string post(AccountId author, const std::string& text, std::uint64_t key) {
    const auto published = publish(author, text, key);
    if (!published.ok())
      return published.error().code() == Code::conflict ? "" : published.error().to_string();
    const Published& got = published.value();
    const auto before = answered_.find({author, key});
    if (key == 0 || before == answered_.end()) {
      if (key != 0) answered_[{author, key}] = {text, got.post.id};
      story_.accepted.push_back({got.post.id, author, text, key});
      return got.kind == Kind::published ? "" : "a first request was not published";
    }
    if (before->second.first != text)
      return got.kind == Kind::key_reused ? "" : "a key counted for two requests";
    const bool same = got.kind == Kind::replayed && got.post.id == before->second.second;
    return same ? "" : "a retry got another answer";
  }

  std::string difference() {
    if (!stream_->drain(drain_ms)) return "the view does not catch up";
    for (const AccountId viewer : {AccountId{}, mio, ken, rin}) {
      std::vector<std::string> lines;
      for (const Post& shown :
           feed_of(*db_, {.community = plaza_community, .viewer = viewer, .count_max = 10'000})
               .posts)
        lines.push_back(shown.id.to_string() + ' ' + shown.author.name + ": " + shown.text);
      if (lines != story_.feed_for(viewer))
        return "the feed of " + viewer.to_string() + " is another";
    }
    return "";
  }

  std::mt19937_64 random_;
  std::map<std::pair<AccountId, std::uint64_t>, std::pair<std::string, PostId>> answered_;
  std::map<std::pair<AccountId, AccountId>, std::uint64_t> block_revs_;
  std::map<AccountId, std::uint64_t> name_revs_;
};
MATSURI_FOR_EACH_ENGINE(ScheduleTest);

TEST_P(ScheduleTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  EXPECT_EQ(run(seed), "");
  EXPECT_GT(story_.accepted.size(), 50u);
}

// A view with a planted bug: it changes the records before the real one sees them.
class PlantedView final : public stream::View {
 public:
  explicit PlantedView(std::function<void(stream::Record&)> fault) : fault_(std::move(fault)) {}
  std::string_view name() const override { return real_.name(); }
  bool wants(EventKind kind) const override { return real_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override {
    std::vector<stream::Record> changed(records.begin(), records.end());
    for (stream::Record& record : changed) fault_(record);
    return real_.apply(connection, changed, result);
  }

 private:
  TimelineView real_;
  std::function<void(stream::Record&)> fault_;
};

// The test above would find what it is for: each fault ends in a difference.
TEST_P(ScheduleTest, PlantedBugsAreFound) {
  const std::vector<std::pair<std::string, std::function<void(stream::Record&)>>> faults = {
      {"the key is not in the record", [](auto& record) { record.header.key = {}; }},
      {"every post is another's text",
       [](auto& record) {
         if (auto* post = std::get_if<PublishPost>(&record.event))
           post->text += post->post.to_string();
       }},
      {"no revision is older",
       [](auto& record) {
         if (auto* fact = std::get_if<AccountChanged>(&record.event)) fact->rev = 1;
       }},
      {"blocks are one-sided", [](auto& record) {
         if (auto* fact = std::get_if<BlockChanged>(&record.event)) fact->target = AccountId{99};
       }}};
  for (const auto& [what, fault] : faults) {
    SCOPED_TRACE(what);
    stop();
    main_options_ = fresh_options("main");
    timeline_options_ = fresh_options("timeline");
    journal_ = "/journal-" + std::to_string(what.size());
    PlantedView planted(fault);
    view_ = &planted;
    start();
    forget();
    EXPECT_NE(run(7), "");
    stop();
    view_ = &real_view_;
  }
}

}  // namespace
}  // namespace matsuri::timeline
