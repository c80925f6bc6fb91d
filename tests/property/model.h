// What everybody is to be shown, recomputed from what was sent and what was answered: by maps and
// loops over all of it, without batches, tables, caches or any rule of the product's code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "model/event.h"
#include "model/position.h"
#include "model/record.h"
#include "notification/model.h"

namespace matsuri::property {

// A record of the journal, as its sender was told of it.
struct Sent {
  Position position;
  IdempotencyKey key{};
  Event event;
  unsigned epoch = 0;
};

struct Person {
  std::string handle;
  std::string name;
  Role role = Role::user;
  Audience follows_shown_to = Audience::everyone;
  Audience empathies_shown_to = Audience::everyone;
};

struct Community {
  AccountId owner;
  std::uint8_t post_kinds = post_kind_text | post_kind_drawing;
  Posters who_posts = Posters::everyone;
};

enum class Fate : std::uint8_t { applied, duplicate, refused };

struct Post {
  PublishPost said;  // as edited
  bool is_edited = false;
  bool is_deleted = false;
  std::uint64_t comment_count = 0;
  std::vector<AccountId> empathies;  // the newest first
};

// Where facts of two databases race, more than one answer is right: `sure` has those that must be
// shown, `maybe` those that may be.
struct Notice {
  notification::Kind kind{};
  std::uint64_t object = 0;
  std::set<AccountId> sure, maybe;
  bool is_unread = false;  // surely
  bool is_read = false;    // surely
};

using Follow = std::tuple<AccountId, FollowKind, std::uint64_t>;

// Everything that follows from what was sent so far.
struct State {
  std::map<PostId, Post> posts;
  std::map<Position, Fate> fates;  // of posts and edits
  std::vector<Follow> follows;     // the newest first
  std::map<AccountId, std::vector<Notice>> notices;

  bool is_followed(const Follow& follow) const;
};

// An epoch ends when every view has come to rest: what was sent in it has been applied in it.
class Model {
 public:
  // What strict commands said, from their answers on.
  std::map<AccountId, Person> people;
  std::map<CommunityId, Community> communities = {{common_ground, {}}};
  enum class Pair : std::uint8_t { block, mute };
  void set_pair(Pair pair, AccountId account, AccountId target, bool on);
  void set_settings(AccountId account, const notification::Settings& settings);
  notification::Settings settings(AccountId account) const;

  // What was answered by the journal. In the order of their positions.
  void take(Sent sent);
  const std::vector<Sent>& sent() const { return sent_; }

  // Everything has come to rest. `read` is then marked by the recipient: the notices that were seen
  // (none: all of them).
  void rest() { ++epoch_; }
  unsigned epoch() const { return epoch_; }
  using NoticeKey = std::tuple<AccountId, notification::Kind, std::uint64_t>;
  void mark_read(const NoticeKey& notice) { read_[notice] = epoch_; }
  void mark_all_read(AccountId account) { all_read_[account] = epoch_; }

  // A view was made again: from the first record on, or from what it was at `snapshot_epoch`.
  void rebuild(std::string_view view, std::optional<unsigned> snapshot_epoch);

  State state() const;

  bool is_blocked(AccountId one, AccountId other) const;
  bool is_muted(AccountId viewer, AccountId person) const;
  bool is_hidden(AccountId viewer, AccountId person) const {
    return is_blocked(viewer, person) || is_muted(viewer, person);
  }
  // Whom the account blocks or mutes.
  std::set<AccountId> targets(Pair pair, AccountId account) const;
  // Whether the community takes from them what has `kinds` in it.
  bool may_post(AccountId account, CommunityId community, std::uint8_t kinds) const;

  // Ids, as the lists of the API have them. Nobody (a visitor) has the id 0.
  std::vector<PostId> feed(const State& state, CommunityId community, AccountId viewer) const;
  std::vector<PostId> profile(const State& state, AccountId author, AccountId viewer,
                              bool drawings_only) const;
  std::vector<PostId> home(const State& state, AccountId viewer) const;
  std::vector<PostId> comments(const State& state, PostId post, AccountId viewer) const;
  std::vector<AccountId> empathies(const State& state, PostId post, AccountId viewer) const;
  // A comment is shown where its post is, one's own always.
  bool is_shown(const State& state, const Post& post, AccountId viewer) const;

 private:
  struct PairChange {
    Pair pair;
    AccountId account, target;
    bool on;
    unsigned epoch;
  };
  struct SettingsChange {
    AccountId account;
    notification::Settings settings;
    unsigned epoch;
  };
  struct Rebuild {
    std::string view;
    std::optional<unsigned> snapshot_epoch;
    unsigned epoch;
  };
  struct Span {
    unsigned first, last;
  };
  struct Replay;

  std::set<bool> hidden_within(AccountId viewer, AccountId person, Span epochs) const;
  std::set<bool> taken_within(AccountId account, notification::Kind kind, Span epochs) const;
  std::set<bool> outcomes(AccountId recipient, const std::vector<AccountId>& concerned,
                          notification::Kind kind, unsigned epoch) const;

  std::vector<Sent> sent_;
  std::vector<PairChange> pairs_;
  std::vector<SettingsChange> settings_;
  std::vector<Rebuild> rebuilds_;
  std::map<NoticeKey, unsigned> read_;
  std::map<AccountId, unsigned> all_read_;
  unsigned epoch_ = 1;
};

}  // namespace matsuri::property
