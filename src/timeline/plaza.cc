#include "timeline/plaza.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace matsuri::timeline {
namespace {

// How far one looks for posts of a title that memory does not have: in the first communities of it
// (the main one is the first of all), the newest posts of each, whatever became of them.
constexpr std::int64_t searched_community_count = 64;
constexpr std::int64_t searched_post_count = 256;

}  // namespace

// What everybody's pages are cut from: more of each title than is shown.
struct Plaza::Scene {
  Moment moment;
  std::int64_t made_ms = 0;  // of the clock that never goes back
  PlazaPage page;
};

// A scene before its rows are read.
struct Plaza::Draft {
  struct Entry {
    TitleId title;
    std::uint64_t people_count = 0;
    std::vector<Word> posts;   // the newest first
    std::vector<Word> people;  // likewise
    bool is_to_load = false;
  };
  std::uint64_t people_count = 0;
  std::uint64_t title_count = 0;
  std::vector<Entry> entries;
};

Plaza::Plaza(const CommunityRules& rules, io::Clock& clock, const PlazaOptions& options)
    : rules_(rules), clock_(clock), options_(options), crowds_(options.pair_count_max) {}

TitleId Plaza::title_of(CommunityId community) const {
  const auto rule = rules_.find(community);
  return rule ? rule->plaza_title : TitleId{};
}

void Plaza::note(const Word& word, State state) {
  const TitleId id = title_of(word.community);
  if (!id) return;
  crowds_.note(id, word.author, parts_of(word.post.value).unix_ms);
  Title& title = titles_[id];
  title.last = std::max(title.last, word.post);
  if (state == State::deleted) return;
  offer_person(title, word);
  if (state == State::shown) offer_post(title, word);
}

// Of one author no more than are shown at once: who writes a lot does not drive out all the others,
// so that there is something left for those who block them.
void Plaza::offer_post(Title& title, const Word& word) const {
  if (word.post < title.floor) return;
  std::vector<Word>& posts = title.posts;
  const auto place = std::ranges::lower_bound(posts, word.post, {}, &Word::post);
  if (place != posts.end() && place->post == word.post) return;
  posts.insert(place, word);
  const auto is_theirs = [&](const Word& one) { return one.author == word.author; };
  if (static_cast<std::size_t>(std::ranges::count_if(posts, is_theirs)) > plaza_post_count) {
    posts.erase(std::ranges::find_if(posts, is_theirs));
    title.is_cut = true;
  }
  if (posts.size() > options_.post_count_max) {
    posts.erase(posts.begin());
    title.floor = posts.front().post;
    title.is_cut = true;
  }
}

void Plaza::offer_person(Title& title, const Word& word) const {
  std::vector<Word>& people = title.people;
  const auto known = std::ranges::find(people, word.author, &Word::author);
  if (known != people.end()) {
    if (known->post >= word.post) return;
    people.erase(known);
  }
  people.insert(std::ranges::lower_bound(people, word.post, {}, &Word::post), word);
  if (people.size() > options_.people_count_max) people.erase(people.begin());
}

// A post is deleted, or has a spoiler now.
void Plaza::go(const Word& word, State state) {
  const auto found = titles_.find(title_of(word.community));
  if (found == titles_.end()) return;
  Title& title = found->second;
  if (state == State::deleted)
    std::erase_if(title.people, [&](const Word& last) { return last.post == word.post; });
  if (std::erase_if(title.posts, [&](const Word& one) { return one.post == word.post; }) > 0)
    title.is_to_load = title.is_to_load || title.is_cut;
  gone_.push_back(word.post);
  ++gone_end_;
  if (gone_.size() > options_.gone_count_max) gone_.pop_front();
}

void Plaza::committed(const stream::BatchResult& result) {
  const std::lock_guard lock(mutex_);
  for (const stream::BatchResult::Fact& fact : result.facts()) {
    if (const auto* post = std::get_if<PostPublished>(&fact.event)) {
      const bool is_shown = !post->parent && !post->spoiler;
      note({post->post, post->author, post->community}, is_shown ? State::shown : State::not_shown);
    } else if (const auto* edit = std::get_if<PostEdited>(&fact.event)) {
      if (edit->parent) continue;
      const Word word{edit->post, edit->author, edit->community};
      if (edit->spoiler)
        go(word, State::not_shown);
      else
        note(word, State::shown);
    } else if (const auto* deleted = std::get_if<PostDeleted>(&fact.event)) {
      go({deleted->post, deleted->author, deleted->community}, State::deleted);
    }
  }
}

Result<void> Plaza::load(sql::Connection& connection) {
  std::size_t count = 0;
  PostId oldest;
  TRY(connection.query(
      "SELECT id, author, community, is_comment, spoiler, deleted FROM post ORDER BY id DESC "
      "LIMIT ?",
      {static_cast<std::int64_t>(options_.load_count_max)}, [&](const sql::Row& row) {
        const std::lock_guard lock(mutex_);
        const bool is_shown = row.integer(3) == 0 && row.integer(4) == 0;
        note({PostId{row.id(0)}, AccountId{row.id(1)}, CommunityId{row.id(2)}},
             row.integer(5) != 0 ? State::deleted
             : is_shown          ? State::shown
                                 : State::not_shown);
        ++count;
        oldest = PostId{row.id(0)};
      }));
  if (count < options_.load_count_max) return {};
  return load_older(connection, oldest);
}

// Below `floor` nothing was read: which titles there are, and when somebody last posted in them.
Result<void> Plaza::load_older(sql::Connection& connection, PostId floor) {
  std::vector<std::pair<TitleId, PostId>> lasts;
  TRY(connection.query(
      "SELECT c.id, (SELECT MAX(p.id) FROM post p WHERE p.parent = 0 AND p.community = c.id) "
      "FROM community c WHERE c.title <> 0",
      {}, [&](const sql::Row& row) {
        const TitleId title = title_of(CommunityId{row.id(0)});
        if (title && !row.is_null(1)) lasts.emplace_back(title, PostId{row.id(1)});
      }));
  const std::lock_guard lock(mutex_);
  for (const auto& [title, last] : lasts) titles_[title].last = std::max(titles_[title].last, last);
  for (auto& [id, title] : titles_) {
    title.floor = std::max(title.floor, floor);
    title.is_cut = true;
    title.is_to_load = true;
  }
  return {};
}

Result<void> Plaza::load_title(sql::Connection& connection, Moment moment, TitleId title) {
  std::vector<CommunityId> communities;
  TRY(connection.query("SELECT id FROM community WHERE title = ? ORDER BY kind LIMIT ?",
                       {title.value, searched_community_count}, [&](const sql::Row& row) {
                         const CommunityId community{row.id(0)};
                         if (title_of(community) == title) communities.push_back(community);
                       }));
  struct Found {
    Word word;
    State state;
  };
  std::vector<Found> found;
  PostId floor;
  for (const CommunityId community : communities) {
    std::int64_t count = 0;
    PostId oldest;
    TRY(connection.query(
        "SELECT id, author, spoiler, deleted FROM post WHERE parent = 0 AND community = ? "
        "ORDER BY id DESC LIMIT ?",
        {community.value, searched_post_count}, [&](const sql::Row& row) {
          oldest = PostId{row.id(0)};
          ++count;
          found.push_back({{oldest, AccountId{row.id(1)}, community},
                           row.integer(3) != 0   ? State::deleted
                           : row.integer(2) != 0 ? State::not_shown
                                                 : State::shown});
        }));
    if (count == searched_post_count) floor = std::max(floor, oldest);
  }
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(const auto gone, gone_since(moment));
  Title& entry = titles_[title];
  entry.floor = floor;
  entry.is_cut = bool{floor};
  entry.is_to_load = false;
  for (const Found& one : found)
    if (!gone.contains(one.word.post)) note(one.word, one.state);
  return {};
}

Plaza::Moment Plaza::now() const {
  const std::lock_guard lock(mutex_);
  return {gone_end_};
}

Plaza::Usage Plaza::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage{.title_count = titles_.size(), .word_count = 0, .pair_count = crowds_.pair_count()};
  for (const auto& [id, title] : titles_)
    usage.word_count += title.posts.size() + title.people.size();
  return usage;
}

Result<std::unordered_set<PostId>> Plaza::gone_since(Moment moment) const {
  const std::uint64_t first = gone_end_ - gone_.size();
  if (moment.gone_index < first)
    return Error(Code::busy, "too much was deleted just now: try again in a moment");
  return std::unordered_set<PostId>(
      gone_.begin() + static_cast<std::ptrdiff_t>(moment.gone_index - first), gone_.end());
}

Plaza::Draft Plaza::draft() const {
  struct Rank {
    double brightness = 0;
    PostId last;
    TitleId title;
  };
  std::vector<Rank> ranks;
  ranks.reserve(titles_.size());
  Draft draft{.people_count = crowds_.people_count(TitleId{}), .entries = {}};
  const std::int64_t week_ago = crowds_.last_hour(TitleId{}) - crowd_hours;
  for (const auto& [id, title] : titles_) {
    ranks.push_back({crowds_.brightness(id), title.last, id});
    if (crowds_.last_hour(id) > week_ago) ++draft.title_count;
  }
  const std::size_t count = std::min(ranks.size(), plaza_title_count_max);
  std::ranges::partial_sort(ranks, ranks.begin() + static_cast<std::ptrdiff_t>(count),
                            [](const Rank& a, const Rank& b) {
                              if (a.brightness != b.brightness) return a.brightness > b.brightness;
                              return a.last != b.last ? a.last > b.last : a.title > b.title;
                            });
  ranks.resize(count);
  for (const Rank& rank : ranks) {
    const Title& title = titles_.at(rank.title);
    draft.entries.push_back({.title = rank.title,
                             .people_count = crowds_.people_count(rank.title),
                             .posts = {title.posts.rbegin(), title.posts.rend()},
                             .people = {title.people.rbegin(), title.people.rend()},
                             .is_to_load = title.is_to_load});
  }
  return draft;
}

Result<Plaza::Draft> Plaza::full_draft(sql::Connection& connection, Moment moment) {
  const auto now_draft = [this] {
    const std::lock_guard lock(mutex_);
    return draft();
  };
  Draft first = now_draft();
  bool has_loaded = false;
  for (const Draft::Entry& entry : first.entries) {
    if (!entry.is_to_load) continue;
    TRY(load_title(connection, moment, entry.title));
    has_loaded = true;
  }
  return has_loaded ? now_draft() : first;
}

Result<Plaza::ScenePtr> Plaza::make(sql::Connection& connection, Moment moment) {
  auto scene = std::make_shared<Scene>();
  scene->moment = moment;
  scene->made_ms = clock_.monotonic_us() / 1000;
  scene->page.as_of_unix_ms = clock_.unix_ms();
  TRY_ASSIGN(const Draft draft, full_draft(connection, moment));
  std::vector<PostId> posts;
  std::unordered_set<AccountId> people;
  for (const Draft::Entry& entry : draft.entries) {
    for (const Word& word : entry.posts) posts.push_back(word.post);
    for (const Word& word : entry.people) people.insert(word.author);
  }
  std::unordered_map<PostId, Post> known_posts;
  TRY_ASSIGN(std::vector<Post> read, read_posts(connection, posts, {}));
  for (Post& post : read) known_posts.emplace(post.id, std::move(post));
  std::unordered_map<AccountId, Author> known_people;
  TRY_ASSIGN(std::vector<Author> authors,
             read_authors(connection, std::vector<AccountId>(people.begin(), people.end())));
  for (Author& author : authors) known_people.emplace(author.id, std::move(author));

  scene->page.people_count = draft.people_count;
  scene->page.title_count = draft.title_count;
  for (const Draft::Entry& entry : draft.entries) {
    PlazaTitle title{
        .title = entry.title, .people_count = entry.people_count, .people = {}, .posts = {}};
    // A community that is not for everybody any more takes with it what was said there.
    const auto is_of_it = [&](const Word& word) { return title_of(word.community) == entry.title; };
    for (const Word& word : entry.posts) {
      const auto post = known_posts.find(word.post);
      if (post != known_posts.end() && !post->second.spoiler && is_of_it(word))
        title.posts.push_back(std::move(post->second));
    }
    for (const Word& word : entry.people) {
      const auto person = known_people.find(word.author);
      if (person != known_people.end() && is_of_it(word)) title.people.push_back(person->second);
    }
    scene->page.titles.push_back(std::move(title));
  }
  return ScenePtr(std::move(scene));
}

Plaza::ScenePtr Plaza::fresh(std::int64_t age_ms_max) const {
  if (scene_ == nullptr || scene_->moment.gone_index < gone_end_ - gone_.size()) return nullptr;
  return clock_.monotonic_us() / 1000 - scene_->made_ms > age_ms_max ? nullptr : scene_;
}

Result<PlazaPage> Plaza::read(sql::Connection& connection, Moment moment, const PlazaQuery& query) {
  ScenePtr scene;
  bool is_making = false;
  {
    const std::lock_guard lock(mutex_);
    scene = fresh(is_making_ ? 2 * plaza_fresh_ms : plaza_fresh_ms);
    is_making = scene == nullptr;
    is_making_ = is_making_ || is_making;
  }
  if (is_making) {
    Result<ScenePtr> made = make(connection, moment);
    const std::lock_guard lock(mutex_);
    is_making_ = false;
    if (!made.ok()) return made.error();
    scene = std::move(made).value();
    if (scene_ == nullptr || scene_->moment.gone_index <= scene->moment.gone_index) scene_ = scene;
  }
  std::vector<Hidden> hidden;
  if (query.viewer) {
    TRY_ASSIGN(hidden, read_hidden(connection, query.viewer));
  }
  return cut(scene, hidden, query.count_max);
}

std::optional<PlazaPage> Plaza::find(std::size_t count_max) const {
  ScenePtr scene;
  {
    const std::lock_guard lock(mutex_);
    scene = fresh(is_making_ ? 2 * plaza_fresh_ms : plaza_fresh_ms);
  }
  if (scene == nullptr) return std::nullopt;
  Result<PlazaPage> page = cut(scene, {}, count_max);
  if (!page.ok()) return std::nullopt;
  return std::move(page).value();
}

Result<PlazaPage> Plaza::cut(const ScenePtr& scene, const std::vector<Hidden>& hidden,
                             std::size_t count_max) const {
  std::unordered_set<PostId> gone;
  {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(gone, gone_since(scene->moment));
  }
  std::unordered_set<AccountId> unseen;
  for (const Hidden& one : hidden)
    if (one.is_hidden()) unseen.insert(one.account);
  const PlazaPage& all = scene->page;
  PlazaPage page{.as_of_unix_ms = all.as_of_unix_ms,
                 .people_count = all.people_count,
                 .title_count = all.title_count,
                 .titles = {}};
  for (const PlazaTitle& title : all.titles) {
    if (page.titles.size() == count_max) break;
    PlazaTitle& shown = page.titles.emplace_back();
    shown.title = title.title;
    shown.people_count = title.people_count;
    for (const Author& person : title.people) {
      if (shown.people.size() == plaza_people_count) break;
      if (!unseen.contains(person.id)) shown.people.push_back(person);
    }
    for (const Post& post : title.posts) {
      if (shown.posts.size() == plaza_post_count) break;
      if (!unseen.contains(post.author.id) && !gone.contains(post.id)) shown.posts.push_back(post);
    }
  }
  return page;
}

}  // namespace matsuri::timeline
