// Goal: whatever the schedule, what everybody is shown is what a plain recomputation gives, which
// takes one fact after the other and knows no batches and no tables.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "notification/testing/fixture.h"

namespace matsuri::notification {
namespace {

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

constexpr std::uint64_t person_count = 6;

// The rules, written once more from their description.
class Model {
 public:
  Settings& settings(AccountId account) { return settings_[account]; }

  void take(const stream::Record& record) {
    ms_ = record.header.unix_ms;
    std::visit([&](const auto& event) { take_one(event); }, record.event);
  }

  std::uint64_t sequence(AccountId account) { return sequences_[account]; }

  // As line_of() writes them.
  std::vector<std::string> lines_for(AccountId recipient) {
    std::map<std::uint64_t, std::string, std::greater<>> lines;
    for (const Group& group : groups_) {
      if (group.recipient != recipient) continue;
      std::vector<std::pair<std::uint64_t, AccountId>> people;
      for (const auto& [person, member] : group.people)
        if (!is_hidden(recipient, person)) people.emplace_back(member.latest, person);
      if (people.empty()) continue;
      std::ranges::sort(people, std::greater{});
      const bool is_follow = group.kind == Kind::follow;
      std::string line = std::to_string(group.sequence) + ' ' + std::string(name_of(group.kind)) +
                         ' ' + (is_follow ? "0" : std::to_string(group.object)) + ':';
      for (std::size_t index = 0; index < std::min<std::size_t>(3, people.size()); ++index)
        line += ' ' + people[index].second.to_string();
      line += " of " + std::to_string(people.size());
      lines[group.sequence] = line + (group.sequence > read_[recipient] ? ", unread" : "");
    }
    std::vector<std::string> all;
    for (const auto& [sequence, line] : lines) all.push_back(line);
    return all;
  }

 private:
  struct Key {
    Kind kind;
    std::uint64_t object, source;
    AccountId recipient;
    auto operator<=>(const Key&) const = default;
  };
  struct Member {
    std::set<std::uint64_t> sources;
    std::uint64_t latest = 0;
  };
  struct Group {
    AccountId recipient;
    Kind kind{};
    std::uint64_t object = 0;
    std::int64_t opened_ms = 0;
    std::uint64_t sequence = 0;
    std::map<AccountId, Member> people;
  };
  using Register = std::pair<std::uint64_t, bool>;

  void take_one(const auto&) {}
  void take_one(const EmpathyChanged& fact) {
    if (!gone_.contains(fact.post))
      set({Kind::empathy, fact.post.value, fact.account.value, fact.post_author}, fact.account,
          fact.rev, fact.given);
  }
  void take_one(const FollowChanged& fact) {
    set({Kind::follow, fact.target, fact.account.value, AccountId{fact.target}}, fact.account,
        fact.rev, fact.followed);
  }
  void take_one(const PostPublished& fact) { comment(fact); }
  void take_one(const PostDeleted& fact) { remove(fact); }
  void take_one(const BlockChanged& fact) {
    newest(blocks_[{fact.account, fact.target}], fact.rev, fact.blocked);
  }
  void take_one(const MuteChanged& fact) {
    newest(mutes_[{fact.account, fact.target}], fact.rev, fact.muted);
  }
  void take_one(const MarkNotificationsRead& mark) {
    read_[mark.account] = std::max(read_[mark.account], mark.up_to);
  }

  static void newest(Register& known, std::uint64_t rev, bool state) {
    if (rev > known.first) known = {rev, state};
  }
  bool is_hidden(AccountId viewer, AccountId person) {
    return blocks_[{viewer, person}].second || blocks_[{person, viewer}].second ||
           mutes_[{viewer, person}].second;
  }

  void set(const Key& key, AccountId person, std::uint64_t rev, bool is_set) {
    if (person == key.recipient || parts_of(rev).node == import_node) return;
    if (rev <= heard_[key] || (heard_[key] == 0 && !is_set)) return;
    heard_[key] = rev;
    take_out(key, person);
    if (!is_set || !settings_[key.recipient].takes(key.kind) || is_hidden(key.recipient, person))
      return;
    const std::uint64_t sequence = ++sequences_[key.recipient];
    Group* newest = nullptr;
    for (Group& group : groups_)  // in the order in which they were opened
      if (group.recipient == key.recipient && group.kind == key.kind && group.object == key.object)
        newest = &group;
    if (newest == nullptr || ms_ - newest->opened_ms >= 8 * 3600 * 1000) {
      groups_.push_back({.recipient = key.recipient,
                         .kind = key.kind,
                         .object = key.object,
                         .opened_ms = ms_,
                         .people = {}});
      newest = &groups_.back();
    }
    newest->sequence = sequence;
    newest->people[person].sources.insert(key.source);
    newest->people[person].latest = sequence;
  }

  void take_out(const Key& key, AccountId person) {
    for (Group& group : groups_) {
      if (group.recipient != key.recipient || group.kind != key.kind || group.object != key.object)
        continue;
      const auto member = group.people.find(person);
      if (member == group.people.end()) continue;
      member->second.sources.erase(key.source);
      if (member->second.sources.empty()) group.people.erase(member);
    }
    std::erase_if(groups_, [](const Group& group) { return group.people.empty(); });
  }

  void comment(const PostPublished& fact) {
    if (parts_of(fact.post.value).node == import_node) return;
    if (gone_.contains(fact.post) || gone_.contains(fact.parent)) return;
    if (comments_.contains(fact.post)) return;
    const auto tell = [&](Kind kind, AccountId recipient) {
      set({kind, fact.parent.value, fact.post.value, recipient}, fact.author, fact.post.value,
          true);
    };
    tell(Kind::comment, fact.parent_author);
    std::map<AccountId, PostId> latest;
    for (const auto& [id, comment] : comments_)
      if (comment.first == fact.parent) latest[comment.second] = id;
    for (const auto& [commenter, id] : latest)
      if (commenter != fact.author && commenter != fact.parent_author &&
          !is_hidden(commenter, fact.parent_author))
        tell(Kind::thread, commenter);
    comments_[fact.post] = {fact.parent, fact.author};
  }

  void remove(const PostDeleted& fact) {
    if (!gone_.insert(fact.post).second) return;
    if (fact.parent)
      for (const auto& [key, rev] : std::map(heard_))
        if (key.source == fact.post.value &&
            (key.kind == Kind::comment || key.kind == Kind::thread))
          take_out(key, fact.author);
    comments_.erase(fact.post);
    std::erase_if(comments_, [&](const auto& one) { return one.second.first == fact.post; });
    std::erase_if(groups_, [&](const Group& group) {
      return group.kind != Kind::follow && group.object == fact.post.value;
    });
  }

  std::int64_t ms_ = 0;
  std::vector<Group> groups_;
  std::map<Key, std::uint64_t> heard_;
  std::map<AccountId, std::uint64_t> sequences_, read_;
  std::map<AccountId, Settings> settings_;
  std::map<PostId, std::pair<PostId, AccountId>> comments_;
  std::set<PostId> gone_;
  std::map<std::pair<AccountId, AccountId>, Register> blocks_, mutes_;
};

// Method: facts of four origins, each in its own order, over few people and posts, hours apart;
// batches of any size, some of which come again; kinds that are switched on and off between them.
class NotificationScheduleTest : public testing::ViewTest {
 protected:
  std::string run(std::uint64_t seed, const std::function<void(stream::Record&)>& fault = {}) {
    random_.seed(seed);
    std::vector<stream::Record> people;
    for (std::uint64_t id = 1; id <= person_count; ++id) people.push_back(person_record({id}));
    apply(people);
    make_origins();
    std::vector<std::vector<stream::Record>> given;
    while (!origins_.empty()) {
      if (below(20) == 0) switch_kinds();
      if (below(10) == 0) take({mark()}, {});
      const std::size_t chosen = below(origins_.size());
      std::vector<stream::Record>& origin = origins_[chosen];
      const auto size =
          static_cast<std::ptrdiff_t>(std::min<std::size_t>(origin.size(), 1 + below(12)));
      const std::vector<stream::Record> batch(origin.begin(), origin.begin() + size);
      origin.erase(origin.begin(), origin.begin() + size);
      if (origin.empty()) origins_.erase(origins_.begin() + static_cast<std::ptrdiff_t>(chosen));
      take(batch, fault);
      given.push_back(batch);
      if (below(4) == 0) take(given[below(given.size())], fault);
      if (const std::string wrong = difference(); !wrong.empty()) return wrong;
    }
    return "";
  }
  std::size_t shown_count() {
    std::size_t count = 0;
    for (std::uint64_t id = 1; id <= person_count; ++id) count += lines_for({id}).size();
    return count;
  }

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  AccountId somebody() { return AccountId{1 + below(person_count)}; }
  static AccountId author_of(std::uint64_t number) { return AccountId{1 + number % person_count}; }
  static PostId post_number(std::uint64_t number) {
    return post_at(static_cast<std::int64_t>(number) + 1);
  }

  void make_origins() {
    origins_.assign(3, {});
    std::vector<stream::Record>&timeline = origins_[0], &empathy = origins_[1], &main = origins_[2];
    std::vector<std::tuple<PostId, AccountId, PostId>> comments;
    std::int64_t at = 1000;
    for (std::uint64_t step = 1; step <= 500; ++step) {
      at += static_cast<std::int64_t>(below(2 * 3600 * 1000));
      const Node node = below(20) == 0 ? import_node : Node{1};
      const std::uint64_t number = below(4), action = below(100);
      const PostId post = post_number(number);
      const AccountId who = somebody(), whom = somebody();
      if (action < 40) {
        empathy.push_back(
            empathy_record(id_at(at, node), post, author_of(number), who, below(3) != 0));
      } else if (action < 70) {
        comments.emplace_back(post_at(at, node), who, post);
        timeline.push_back(comment_record(post_at(at, node), who, post, author_of(number)));
      } else if (action < 80) {
        timeline.push_back(follow_record(id_at(at, node), who, whom, below(3) != 0));
      } else if (action < 88 && !comments.empty()) {
        const auto& [comment, author, parent] = comments[below(comments.size())];
        timeline.push_back(deleted_record(comment, author, parent));
      } else if (action == 88 && step > 300 && number != 0) {  // one stays, and what is said of it
        timeline.push_back(deleted_record(post, author_of(number)));
      } else if (who != whom) {
        main.push_back(below(2) == 0 ? block_record(who, whom, step, below(3) == 0)
                                     : mute_record(who, whom, step, below(3) == 0));
      }
    }
  }

  stream::Record mark() {
    const AccountId account = somebody();
    return read_record(id_at(1), account, below(model_.sequence(account) + 1));
  }
  void switch_kinds() {
    const AccountId account = somebody();
    const Settings settings{.empathy = below(4) != 0,
                            .comment = below(4) != 0,
                            .thread = below(4) != 0,
                            .follow = below(4) != 0};
    set_settings(account, settings);
    model_.settings(account) = settings;
  }

  void take(std::vector<stream::Record> batch, const std::function<void(stream::Record&)>& fault) {
    for (const stream::Record& record : batch) model_.take(record);
    if (fault) std::ranges::for_each(batch, fault);
    for (const stream::BatchResult::Fact& fact : apply(batch).facts()) {
      const auto& changed = std::get<NotificationChanged>(fact.event);
      std::uint64_t& rev = revs_[changed.account];
      if (changed.rev <= rev) wrong_ = "a revision does not grow";
      rev = changed.rev;
      unread_[changed.account] = changed.unread_count;
    }
  }

  std::string difference() {
    if (!wrong_.empty()) return wrong_;
    for (std::uint64_t id = 1; id <= person_count; ++id) {
      const std::vector<std::string> expected = model_.lines_for({id});
      const std::vector<std::string> found = lines_for({id});
      for (std::size_t index = 0; index < std::max(found.size(), expected.size()); ++index) {
        const std::string got = index < found.size() ? found[index] : "nothing";
        const std::string wanted = index < expected.size() ? expected[index] : "nothing";
        if (got != wanted) return std::to_string(id) + " is shown " + got + ", not " + wanted;
      }
      const auto unread = std::ranges::count_if(
          expected, [](const std::string& line) { return line.ends_with("unread"); });
      if (unread_[AccountId{id}] != static_cast<std::uint64_t>(unread))
        return std::to_string(id) + " was told of another number of unread ones";
    }
    return "";
  }

  std::mt19937_64 random_;
  Model model_;
  std::vector<std::vector<stream::Record>> origins_;
  std::map<AccountId, std::uint64_t> revs_, unread_;
  std::string wrong_;
};
MATSURI_FOR_EACH_ENGINE(NotificationScheduleTest);

TEST_P(NotificationScheduleTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  EXPECT_EQ(run(seed), "");
  EXPECT_GT(shown_count(), 5u);
}

// The test above would find what it is for.
TEST_P(NotificationScheduleTest, FactsThatPassForNewAreFound) {
  std::uint64_t count = 0;
  EXPECT_NE(run(7,
                [&](stream::Record& record) {
                  if (auto* fact = std::get_if<EmpathyChanged>(&record.event))
                    fact->rev += ++count << 22;
                }),
            "");
}

TEST_P(NotificationScheduleTest, DeletionsThatAreMissedAreFound) {
  EXPECT_NE(run(7,
                [](stream::Record& record) {
                  if (auto* fact = std::get_if<PostDeleted>(&record.event)) fact->parent = {};
                }),
            "");
}

TEST_P(NotificationScheduleTest, BlocksOfOneSideAreFound) {
  EXPECT_NE(run(7,
                [](stream::Record& record) {
                  if (auto* fact = std::get_if<BlockChanged>(&record.event))
                    fact->target = AccountId{99};
                }),
            "");
}

}  // namespace
}  // namespace matsuri::notification
