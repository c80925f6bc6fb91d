// The plaza: which titles are alive, who is there, and what was said last. Made from memory, for
// everybody at once; who may not see whom is decided at each read.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "model/ids.h"
#include "sql/db.h"
#include "stream/view.h"
#include "timeline/crowds.h"
#include "timeline/model.h"
#include "timeline/query.h"
#include "timeline/rules.h"

namespace matsuri::timeline {

inline constexpr std::size_t plaza_title_count_max = 24;
inline constexpr std::size_t plaza_title_count_default = 12;
// Of one title.
inline constexpr std::size_t plaza_post_count = 6;
inline constexpr std::size_t plaza_people_count = 20;
// Who reads shares a scene of at most this age; twice as old while another read makes the next one.
inline constexpr std::int64_t plaza_fresh_ms = 1'000;

struct PlazaOptions {
  // Of one title, more than is shown: some are hidden from some.
  std::size_t post_count_max = 24;
  std::size_t people_count_max = 48;
  std::size_t pair_count_max = 1'000'000;  // Crowds
  // Posts and comments that load() reads, the newest ones; older ones are looked for when their
  // title is to be shown.
  std::size_t load_count_max = 500'000;
  // Posts that go which are remembered for scenes that were made before.
  std::size_t gone_count_max = 65'536;
};

struct PlazaTitle {
  TitleId title;
  std::uint64_t people_count = 0;
  std::vector<Author> people;  // who wrote last, first
  std::vector<Post> posts;     // the newest first; no comments, no spoilers
};

struct PlazaPage {
  std::int64_t as_of_unix_ms = 0;
  std::uint64_t people_count = 0;  // different ones, of all titles, in the week up to the last word
  std::uint64_t title_count = 0;   // whose last word lies in that week
  std::vector<PlazaTitle> titles;  // the brightest first; those that sleep, by their last word
};

struct PlazaQuery {
  AccountId viewer;
  std::size_t count_max = plaza_title_count_default;
};

// Brightness is that of Crowds. Which title a community shines for, if any, is asked of
// CommunityRules when something is said there, and again when a scene is made.
//
// A title takes about 3 KiB, beside Crowds. A word costs the same however many titles there are;
// a scene costs a look at each title and the rows of the 24 brightest.
//
// Thread-safe.
class Plaza {
 public:
  Plaza(const CommunityRules& rules, io::Clock& clock, const PlazaOptions& options = {});

  // What was said before committed() is called for the first time. Both may come in any order.
  Result<void> load(sql::Connection& connection);
  // What the timeline's view committed. Called by one thread, in the order of the commits.
  void committed(const stream::BatchResult& result);

  // A moment before a read's snapshot of the database: what went after it is left out of what the
  // read finds. Take it before Db::read().
  struct Moment {
    std::uint64_t gone_index = 0;
  };
  Moment now() const;

  // The plaza as `query.viewer` sees it: without people across a block or a mute of theirs, and
  // without what was deleted or veiled, all of that as of now. Code::busy where too much went since
  // `moment`.
  Result<PlazaPage> read(sql::Connection& connection, Moment moment, const PlazaQuery& query);
  // The same for a visitor, without the database; nullopt where it takes a read().
  std::optional<PlazaPage> find(std::size_t count_max) const;

  struct Usage {
    std::size_t title_count = 0;
    std::size_t word_count = 0;  // 24 bytes each
    std::size_t pair_count = 0;  // of Crowds
  };
  Usage usage() const;

 private:
  // Something that was said: a post, or (among people) a comment too.
  struct Word {
    PostId post;
    AccountId author;
    CommunityId community;
  };
  struct Title {
    PostId last;               // of all words, deleted ones too
    std::vector<Word> posts;   // that may be shown, the oldest first
    std::vector<Word> people;  // the last word of each, the oldest first
    PostId floor;              // below it, posts are missing
    bool is_cut = false;       // some that may be shown have been left out
    bool is_to_load = false;   // so look for them before the title is shown
  };
  struct Scene;
  using ScenePtr = std::shared_ptr<const Scene>;
  struct Draft;

  // All of these: REQUIRES: the mutex is held.
  enum class State : std::uint8_t { shown, not_shown, deleted };
  void note(const Word& word, State state);
  void offer_post(Title& title, const Word& word) const;
  void offer_person(Title& title, const Word& word) const;
  void go(const Word& word, State state);
  Result<std::unordered_set<PostId>> gone_since(Moment moment) const;
  Draft draft() const;
  ScenePtr fresh(std::int64_t age_ms_max) const;

  TitleId title_of(CommunityId community) const;
  Result<void> load_older(sql::Connection& connection, PostId floor);
  Result<void> load_title(sql::Connection& connection, Moment moment, TitleId title);
  Result<Draft> full_draft(sql::Connection& connection, Moment moment);
  Result<ScenePtr> make(sql::Connection& connection, Moment moment);
  Result<PlazaPage> cut(const ScenePtr& scene, const std::vector<Hidden>& hidden,
                        std::size_t count_max) const;

  const CommunityRules& rules_;
  io::Clock& clock_;
  const PlazaOptions options_;

  mutable std::mutex mutex_;
  Crowds crowds_;
  std::unordered_map<TitleId, Title> titles_;
  std::deque<PostId> gone_;     // deleted, or veiled by an edit
  std::uint64_t gone_end_ = 0;  // how many there were
  ScenePtr scene_;
  bool is_making_ = false;
};

}  // namespace matsuri::timeline
