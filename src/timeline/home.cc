#include "timeline/home.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>

#include "timeline/follow_query.h"
#include "timeline/query.h"

namespace matsuri::timeline {
namespace {

constexpr std::uint64_t newest_of_all = std::uint64_t{1} << 63;

// Sources of one statement: each is a search in the index of its own.
constexpr std::size_t load_count = 32;

std::string union_of(std::string_view one) {
  std::string text;
  for (std::size_t count = 0; count < load_count; ++count) {
    if (count > 0) text += " UNION ALL ";
    text.append("SELECT * FROM (").append(one).append(") s").append(std::to_string(count));
  }
  return text;
}

}  // namespace

// Whom somebody follows, themselves among them, and where their rings were found the last time.
struct Home::Followees {
  std::vector<Source> sources;  // in order
  std::vector<Rings::Place> places;
  // Whom they don't see: blocks in both directions, and mutes; in order. Never changes: a list is
  // forgotten when that does.
  std::vector<AccountId> hidden;

  bool hides(AccountId author) const { return std::ranges::binary_search(hidden, author); }
  std::size_t size() const {
    return sources.capacity() * sizeof(Source) + places.capacity() * sizeof(Rings::Place) +
           hidden.capacity() * sizeof(AccountId);
  }
};

// Posts of one source that a read found in the index: all of those from `floor` to `below`.
namespace {
struct Segment {
  std::uint64_t below = 0;
  std::uint64_t floor = 0;
  std::vector<std::uint64_t> ids;  // the newest first
};
}  // namespace

// One page on its way: what is known so far, and what has to be loaded to go on.
struct Home::Reading {
  std::shared_ptr<Followees> list;
  Moment moment;
  std::uint64_t before = newest_of_all;
  std::size_t count_max = 0;

  std::unordered_map<Source, std::vector<Segment>, SourceHash> segments;
  std::vector<std::uint64_t> ids;  // the page, as far as it is sure
  struct Want {
    Source source;
    std::uint64_t below = 0;
  };
  std::vector<Want> wants;  // without these, the page can't go on

  // A source in the merge: its newest post that is left, or where that has to be looked for.
  struct Head {
    std::uint64_t at = 0;  // the post's id; or all that is unknown lies below it
    std::uint32_t index = 0;
    bool is_known = false;
  };
  std::vector<Head> heads;

  // The newest post of the source below `below`, from the ring at `place` and what was loaded.
  // nullopt where there is none.
  std::optional<Head> head(const Rings& rings, Rings::Place place, std::uint32_t index,
                           std::uint64_t below) const;
};

std::optional<Home::Reading::Head> Home::Reading::head(const Rings& rings, Rings::Place place,
                                                       std::uint32_t index,
                                                       std::uint64_t below) const {
  if (place != Rings::nowhere) {
    const std::uint64_t newest = rings.newest(place);
    if (newest != 0 && newest < below) return Head{newest, index, true};
    const Rings::View ring = rings.view(place);
    if (below > ring.floor) {
      const auto end = std::ranges::lower_bound(ring.ids, below);
      if (end != ring.ids.begin()) return Head{*(end - 1), index, true};
      below = ring.floor;
    }
    if (ring.floor == 0) return std::nullopt;
  }
  if (!segments.empty()) {
    if (const auto found = segments.find(list->sources[index]); found != segments.end()) {
      // In the order in which they were asked for: each lies below those before it.
      for (const Segment& segment : found->second) {
        if (below > segment.below || below <= segment.floor) continue;
        const auto next =
            std::ranges::lower_bound(segment.ids, below, std::ranges::greater_equal{});
        if (next != segment.ids.end()) return Head{*next, index, true};
        below = segment.floor;
      }
      if (below == 0) return std::nullopt;
    }
  }
  return Head{below, index, false};
}

Home::Home(Rows::Render render, const HomeOptions& options, metrics::Registry* metrics)
    : options_(options),
      rows_(render, options.rows, metrics),
      of_visitors_(std::make_shared<Followees>()),
      rings_(options.rings) {}

Home::Moment Home::now() const {
  const std::lock_guard lock(mutex_);
  return {.change_index = change_end_, .rows = rows_.now()};
}

Home::Usage Home::usage() const {
  const std::lock_guard lock(mutex_);
  Usage usage{.ring_count = rings_.count(),
              .ring_size = rings_.size(),
              .list_count = lists_.size(),
              .list_size = 0,
              .rows = rows_.usage()};
  // A node of the map, one of the order, the list itself and what the allocator adds to each.
  constexpr std::size_t around = 48 + 40 + 80 + 32;
  for (const auto& [viewer, kept] : lists_) usage.list_size += kept.list->size() + around;
  return usage;
}

void Home::note(const Change& change) {
  changes_.push_back(change);
  ++change_end_;
  if (changes_.size() > options_.change_count_max) changes_.pop_front();
}

void Home::change_ring(const Change& change) {
  if (change.kind == Change::Kind::post_added)
    rings_.add(change.source, PostId{change.id});
  else
    rings_.remove(change.source, PostId{change.id});
}

void Home::change_list(Followees& list, const Change& change) {
  const auto at = std::ranges::lower_bound(list.sources, change.source);
  const auto index = at - list.sources.begin();
  const bool is_there = at != list.sources.end() && *at == change.source;
  if (is_there == (change.kind == Change::Kind::followed)) return;
  if (is_there) {
    list.sources.erase(at);
    list.places.erase(list.places.begin() + index);
  } else {
    list.sources.insert(at, change.source);
    list.places.insert(list.places.begin() + index, Rings::nowhere);
  }
}

void Home::follow(const FollowChanged& fact) {
  const Change change{fact.followed ? Change::Kind::followed : Change::Kind::unfollowed,
                      Source::of(fact.kind, fact.target), fact.account.value};
  note(change);
  const auto kept = lists_.find(fact.account);
  if (kept == lists_.end()) return;
  std::vector<Source>& sources = kept->second.list->sources;
  followee_count_ -= sources.size();
  change_list(*kept->second.list, change);
  followee_count_ += sources.size();
}

void Home::forget_list(AccountId viewer) {
  note({.kind = Change::Kind::hidden, .source = {}, .id = viewer.value});
  const auto kept = lists_.find(viewer);
  if (kept == lists_.end()) return;
  followee_count_ -= kept->second.list->sources.size();
  order_.erase(kept->second.order);
  lists_.erase(kept);
}

template <class Fact>
void Home::post(Change::Kind kind, const Fact& fact) {
  if (fact.parent) return;  // comments stand below their posts
  for (const Source source : {Source::of(fact.author), Source::of(fact.community)}) {
    const Change change{kind, source, fact.post.value};
    note(change);
    change_ring(change);
  }
}

void Home::committed(std::span<const stream::Record> records, const stream::BatchResult& result) {
  const std::lock_guard lock(mutex_);
  rows_.committed(records);
  for (const stream::Record& record : records) {
    if (const auto* block = std::get_if<BlockChanged>(&record.event)) {
      forget_list(block->account);
      forget_list(block->target);
    } else if (const auto* mute = std::get_if<MuteChanged>(&record.event)) {
      forget_list(mute->account);
    }
  }
  for (const stream::BatchResult::Fact& fact : result.facts()) {
    if (const auto* published = std::get_if<PostPublished>(&fact.event))
      post(Change::Kind::post_added, *published);
    else if (const auto* deleted = std::get_if<PostDeleted>(&fact.event))
      post(Change::Kind::post_removed, *deleted);
    else if (const auto* changed = std::get_if<FollowChanged>(&fact.event))
      follow(*changed);
  }
}

// A fact may be older than what committed() has told since. A post that is gone by now finds no
// row; of a follow only the database can tell.
void Home::consume(std::span<const stream::Record> facts) {
  const std::lock_guard lock(mutex_);
  rows_.committed(facts);
  for (const stream::Record& fact : facts) {
    if (const auto* published = std::get_if<PostPublished>(&fact.event))
      post(Change::Kind::post_added, *published);
    else if (const auto* deleted = std::get_if<PostDeleted>(&fact.event))
      post(Change::Kind::post_removed, *deleted);
    else if (const auto* changed = std::get_if<FollowChanged>(&fact.event);
             changed && !knows(*changed))
      forget_list(changed->account);
  }
}

// Most facts of follows are of commits that follow() has seen: the list need not be read again.
bool Home::knows(const FollowChanged& fact) const {
  const auto kept = lists_.find(fact.account);
  if (kept == lists_.end()) return false;
  const std::vector<Source>& sources = kept->second.list->sources;
  return std::ranges::binary_search(sources, Source::of(fact.kind, fact.target)) == fact.followed;
}

template <class Each>
bool Home::replay(Moment moment, Each each) const {
  const std::uint64_t first = change_end_ - changes_.size();
  if (moment.change_index < first) return false;
  for (std::uint64_t index = moment.change_index; index < change_end_; ++index)
    each(changes_[index - first]);
  return true;
}

void Home::keep(AccountId viewer, const FolloweesPtr& list) {
  if (lists_.contains(viewer)) return;  // of another read, as true as ours
  followee_count_ += list->sources.size();
  lists_.emplace(viewer, Kept{list, order_.insert(order_.end(), viewer)});
  while (followee_count_ > options_.followee_count_max && !order_.empty()) {
    const auto oldest = lists_.find(order_.front());
    followee_count_ -= oldest->second.list->sources.size();
    lists_.erase(oldest);
    order_.pop_front();
  }
}

// Null where it is not in memory, and may not be read.
Result<Home::FolloweesPtr> Home::followees(const Access& access, AccountId viewer) {
  if (!viewer) return of_visitors_;
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = lists_.find(viewer); kept != lists_.end()) {
      order_.splice(order_.end(), order_, kept->second.order);
      return kept->second.list;
    }
  }
  if (access.connection == nullptr) return FolloweesPtr();
  sql::Connection& connection = *access.connection;
  auto list = std::make_shared<Followees>();
  TRY_ASSIGN(list->sources, read_sources(connection, viewer));
  // Without the rings of those who are hidden, nobody has to read past all that they ever said.
  TRY_ASSIGN(const std::vector<Hidden> hidden, read_hidden(connection, viewer));
  for (const Hidden& one : hidden) list->hidden.push_back(one.account);
  std::ranges::sort(list->hidden);
  std::erase_if(list->sources, [&](Source source) {
    return !source.is_community() && list->hides(AccountId{source.id()});
  });
  list->sources.shrink_to_fit();
  list->places.assign(list->sources.size(), Rings::nowhere);
  const std::lock_guard lock(mutex_);
  bool is_true = true;
  is_true &= replay(access.moment, [&](const Change& change) {
    if (change.id != viewer.value) return;
    if (change.kind == Change::Kind::followed || change.kind == Change::Kind::unfollowed)
      change_list(*list, change);
    else if (change.kind == Change::Kind::hidden)
      is_true = false;  // another snapshot will say who is
  });
  if (is_true) keep(viewer, list);
  return list;
}

// Under the mutex. The page goes on from where it stands, as far as memory knows.
void Home::merge(Reading& reading) {
  Followees& list = *reading.list;
  std::uint64_t below = reading.ids.empty() ? reading.before : reading.ids.back();
  std::vector<Reading::Head>& heads = reading.heads;
  heads.clear();
  reading.wants.clear();
  constexpr std::size_t ahead = 8;
  for (std::uint32_t index = 0; index < list.sources.size(); ++index) {
    if (index + ahead < list.sources.size()) rings_.prefetch(list.places[index + ahead]);
    const Rings::Place place = rings_.find(list.sources[index], list.places[index]);
    list.places[index] = place;
    if (const auto head = reading.head(rings_, place, index, below)) heads.push_back(*head);
  }
  const std::size_t wanted = reading.count_max - reading.ids.size();
  const auto by_age = [](const Reading::Head& a, const Reading::Head& b) { return a.at < b.at; };
  const auto by_youth = [](const Reading::Head& a, const Reading::Head& b) { return a.at > b.at; };
  // A source whose newest post is behind those of as many others as there are posts wanted has none
  // in the page. Twice as many, because a post may come from a person and from a community.
  if (heads.size() > wanted * 2) {
    std::ranges::nth_element(heads, heads.begin() + static_cast<std::ptrdiff_t>(wanted * 2),
                             by_youth);
    heads.resize(wanted * 2);
  }
  std::ranges::make_heap(heads, by_age);
  // Past the first thing unknown, it only goes on to see what else will have to be loaded.
  for (std::size_t found = 0; found < wanted && !heads.empty();) {
    std::ranges::pop_heap(heads, by_age);
    const Reading::Head head = heads.back();
    heads.pop_back();
    if (!head.is_known) {
      reading.wants.push_back({list.sources[head.index], head.at});
      continue;
    }
    if (head.at != below) {
      ++found;
      below = head.at;
      if (reading.wants.empty()) reading.ids.push_back(head.at);
    }
    if (const auto next = reading.head(rings_, list.places[head.index], head.index, head.at)) {
      heads.push_back(*next);
      std::ranges::push_heap(heads, by_age);
    }
  }
}

// Searches the index for the newest posts of each source that is wanted, and keeps those as rings
// that nothing is missing above.
Result<void> Home::load(sql::Connection& connection, Reading& reading) {
  // Columns: whose, and the post.
  static const std::string of_people = union_of(
      "SELECT author, id FROM post WHERE author = ? AND is_comment = 0 AND id < ? "
      "AND deleted = 0 ORDER BY id DESC LIMIT ?");
  static const std::string of_communities = union_of(
      "SELECT community, id FROM post WHERE parent = 0 AND community = ? AND id < ? "
      "AND deleted = 0 ORDER BY id DESC LIMIT ?");
  const auto limit = static_cast<std::int64_t>(rings_.count_max());
  const auto split = std::ranges::partition(
      reading.wants, [](const Reading::Want& want) { return !want.source.is_community(); });
  std::unordered_map<Source, Segment, SourceHash> loaded;
  for (const Reading::Want& want : reading.wants) loaded[want.source].below = want.below;
  const auto load_some = [&](auto first, auto last, const std::string& text) -> Result<void> {
    std::vector<sql::Value> values;
    while (first != last) {
      values.clear();
      const bool is_community = first->source.is_community();
      for (std::size_t count = 0; count < load_count; ++count) {
        const bool is_filled = first != last;  // nobody is 0
        values.emplace_back(is_filled ? first->source.id() : 0);
        values.emplace_back(is_filled ? std::min(first->below, newest_of_all - 1) : 0);
        values.emplace_back(limit);
        if (is_filled) ++first;
      }
      TRY(connection.query(text, values, [&](const sql::Row& row) {
        const Source source =
            Source::of(is_community ? FollowKind::community : FollowKind::person, row.id(0));
        loaded[source].ids.push_back(row.id(1));
      }));
    }
    return {};
  };
  TRY(load_some(reading.wants.begin(), split.begin(), of_people));
  TRY(load_some(split.begin(), reading.wants.end(), of_communities));

  std::vector<std::uint64_t> oldest_first;
  const std::lock_guard lock(mutex_);
  std::vector<Source> fresh;
  for (auto& [source, segment] : loaded) {
    std::ranges::sort(segment.ids, std::ranges::greater{});
    if (segment.ids.size() == rings_.count_max()) segment.floor = segment.ids.back();
    if (segment.below == newest_of_all) fresh.push_back(source);
  }
  // What was committed since the snapshot is put on top, in its order.
  const bool is_true = replay(reading.moment, [](const Change&) {});
  if (is_true) {
    for (const Source source : fresh) {
      const Segment& segment = loaded[source];
      oldest_first.assign(segment.ids.rbegin(), segment.ids.rend());
      rings_.put(source, oldest_first, segment.floor);
    }
    replay(reading.moment, [&](const Change& change) {
      const bool is_post =
          change.kind == Change::Kind::post_added || change.kind == Change::Kind::post_removed;
      if (!is_post) return;
      const auto found = loaded.find(change.source);
      if (found != loaded.end() && found->second.below == newest_of_all) change_ring(change);
    });
  }
  for (auto& [source, segment] : loaded) reading.segments[source].push_back(std::move(segment));
  return {};
}

// A list of one, or the viewer's.
Home::FolloweesPtr Home::sources_of(const HomeQuery& query, const FolloweesPtr& list) {
  if (query.source == Source{}) return list;
  auto one = std::make_shared<Followees>();
  one->sources = {query.source};
  one->places = {Rings::nowhere};
  return one;
}

Result<std::optional<std::vector<PostId>>> Home::read_ids(const Access& access,
                                                          const HomeQuery& query) {
  TRY_ASSIGN(const FolloweesPtr list, followees(access, query.viewer));
  if (list == nullptr) return std::optional<std::vector<PostId>>();
  return page_of(access, sources_of(query, list), query);
}

Result<std::optional<std::vector<PostId>>> Home::page_of(const Access& access,
                                                         const FolloweesPtr& sources,
                                                         const HomeQuery& query) {
  Reading reading;
  reading.list = sources;
  reading.moment = access.moment;
  if (query.before) reading.before = query.before.value;
  reading.count_max = query.count_max;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      merge(reading);
    }
    if (reading.wants.empty()) break;
    if (access.connection == nullptr) return std::optional<std::vector<PostId>>();
    TRY(load(*access.connection, reading));
  }
  std::vector<PostId> ids;
  ids.reserve(reading.ids.size());
  for (const std::uint64_t id : reading.ids) ids.push_back(PostId{id});
  return std::optional(std::move(ids));
}

Result<std::optional<std::vector<RowPtr>>> Home::rows_of(const Access& access,
                                                         std::span<const PostId> ids) {
  if (access.connection == nullptr) return rows_.find(ids);
  TRY_ASSIGN(auto rows, rows_.read(*access.connection, access.moment.rows, ids));
  return std::optional(std::move(rows));
}

// Those of `ids` that the viewer, whose list it is, sees. As internal::and_visible_to() has it: a
// comment is seen where its post is, one's own always. Asking the database for each took half of
// the time.
Result<std::optional<std::vector<RowPtr>>> Home::seen_by(const Followees& list, AccountId viewer,
                                                         const Access& access,
                                                         std::span<const PostId> ids) {
  TRY_ASSIGN(auto rows, rows_of(access, ids));
  if (!rows) return rows;
  std::erase_if(*rows, [&](const RowPtr& row) { return list.hides(row->post.author.id); });

  const auto hangs_on_parent = [&](const RowPtr& row) {
    return row->post.parent && row->post.author.id != viewer;
  };
  std::vector<PostId> parents;
  for (const RowPtr& row : *rows)
    if (hangs_on_parent(row)) parents.push_back(row->post.parent);
  if (parents.empty()) return rows;
  std::ranges::sort(parents);
  parents.erase(std::ranges::unique(parents).begin(), parents.end());
  TRY_ASSIGN(const auto found, rows_of(access, parents));
  if (!found) return std::optional<std::vector<RowPtr>>();
  std::unordered_set<PostId> shown;
  for (const RowPtr& parent : *found)
    if (!list.hides(parent->post.author.id)) shown.insert(parent->post.id);
  std::erase_if(*rows, [&](const RowPtr& row) {
    return hangs_on_parent(row) && !shown.contains(row->post.parent);
  });
  return rows;
}

Result<std::optional<std::vector<RowPtr>>> Home::read_posts(const Access& access,
                                                            std::span<const PostId> ids,
                                                            AccountId viewer) {
  TRY_ASSIGN(const FolloweesPtr list, followees(access, viewer));
  if (list == nullptr) return std::optional<std::vector<RowPtr>>();
  return seen_by(*list, viewer, access, ids);
}

Result<std::optional<FeedPage>> Home::read(const Access& access, const HomeQuery& query) {
  FeedPage page;
  // One more than is asked for tells whether there is a next page.
  const std::size_t wanted = query.count_max + 1;
  HomeQuery more = query;
  more.count_max = wanted;
  TRY_ASSIGN(const FolloweesPtr list, followees(access, query.viewer));
  if (list == nullptr) return std::optional<FeedPage>();
  const bool is_person = query.source != Source{} && !query.source.is_community();
  if (is_person && list->hides(AccountId{query.source.id()})) return std::optional(page);
  const FolloweesPtr sources = sources_of(query, list);
  while (page.posts.size() < wanted) {
    TRY_ASSIGN(const auto ids, page_of(access, sources, more));
    if (!ids) return std::optional<FeedPage>();
    TRY_ASSIGN(const auto rows, seen_by(*list, query.viewer, access, *ids));
    if (!rows) return std::optional<FeedPage>();
    page.posts.insert(page.posts.end(), rows->begin(), rows->end());
    if (ids->size() < more.count_max) break;
    more.before = ids->back();
  }
  if (page.posts.size() > query.count_max) {
    page.posts.resize(query.count_max);
    page.next = page.posts.back()->post.id;
  }
  return std::optional(std::move(page));
}

}  // namespace matsuri::timeline
