#include "model.h"

#include <algorithm>
#include <cstdlib>

namespace matsuri::property {
namespace {

constexpr std::int64_t guard_ms = 30'000;

std::int64_t ms_of(PostId post) { return parts_of(post.value).unix_ms; }

template <class Key, class Value>
std::vector<Key> newest_first(const std::map<Key, Value>& all, auto wanted) {
  std::vector<Key> keys;
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (wanted(one->second)) keys.push_back(one->first);
  return keys;
}

}  // namespace

bool State::is_followed(const Follow& follow) const {
  return std::ranges::find(follows, follow) != follows.end();
}

void Model::set_pair(Pair pair, AccountId account, AccountId target, bool on) {
  pairs_.push_back({pair, account, target, on, epoch_});
}

void Model::set_settings(AccountId account, const notification::Settings& settings) {
  settings_.push_back({account, settings, epoch_});
}

notification::Settings Model::settings(AccountId account) const {
  notification::Settings newest;
  for (const SettingsChange& change : settings_)
    if (change.account == account) newest = change.settings;
  return newest;
}

void Model::take(Sent sent) {
  sent.epoch = epoch_;
  // Answers of one journal may be heard in another order; those of an earlier one came before.
  auto place = sent_.end();
  while (place != sent_.begin() && std::prev(place)->position.origin == sent.position.origin &&
         std::prev(place)->position.offset > sent.position.offset)
    --place;
  sent_.insert(place, std::move(sent));
}

void Model::rebuild(std::string_view view, std::optional<unsigned> snapshot_epoch) {
  rebuilds_.push_back({std::string(view), snapshot_epoch, epoch_});
}

std::set<AccountId> Model::targets(Pair pair, AccountId account) const {
  std::set<AccountId> found;
  for (const PairChange& change : pairs_) {
    if (change.pair != pair || change.account != account) continue;
    if (change.on)
      found.insert(change.target);
    else
      found.erase(change.target);
  }
  return found;
}

bool Model::is_blocked(AccountId one, AccountId other) const {
  return targets(Pair::block, one).contains(other) || targets(Pair::block, other).contains(one);
}

bool Model::is_muted(AccountId viewer, AccountId person) const {
  return targets(Pair::mute, viewer).contains(person);
}

bool Model::may_post(AccountId account, CommunityId community, std::uint8_t kinds) const {
  const Community& rules = communities.at(community);
  if ((kinds & ~rules.post_kinds) != 0) return false;
  const Role role = people.at(account).role;
  const bool is_staff = role == Role::moderator || role == Role::admin;
  if (rules.who_posts == Posters::staff) return is_staff;
  if (rules.who_posts == Posters::owner) return is_staff || rules.owner == account;
  return true;
}

std::vector<PostId> Model::feed(const State& state, CommunityId community, AccountId viewer) const {
  return newest_first(state.posts, [&](const Post& post) {
    return post.said.community == community && !post.said.parent && is_shown(state, post, viewer);
  });
}

std::vector<PostId> Model::profile(const State& state, AccountId author, AccountId viewer,
                                   bool drawings_only) const {
  return newest_first(state.posts, [&](const Post& post) {
    return post.said.author == author && !post.said.parent && is_shown(state, post, viewer) &&
           (!drawings_only || !post.said.drawing.empty());
  });
}

std::vector<PostId> Model::home(const State& state, AccountId viewer) const {
  return newest_first(state.posts, [&](const Post& post) {
    if (post.said.parent || !is_shown(state, post, viewer)) return false;
    return post.said.author == viewer ||
           state.is_followed({viewer, FollowKind::person, post.said.author.value}) ||
           state.is_followed({viewer, FollowKind::community, post.said.community.value});
  });
}

std::vector<PostId> Model::comments(const State& state, PostId post, AccountId viewer) const {
  auto found = newest_first(state.posts, [&](const Post& comment) {
    return comment.said.parent == post && is_shown(state, comment, viewer);
  });
  std::ranges::reverse(found);
  return found;
}

bool Model::is_shown(const State& state, const Post& post, AccountId viewer) const {
  if (post.is_deleted || is_hidden(viewer, post.said.author)) return false;
  if (!post.said.parent || post.said.author == viewer) return true;
  const auto parent = state.posts.find(post.said.parent);
  return parent != state.posts.end() && !parent->second.is_deleted &&
         !is_hidden(viewer, parent->second.said.author);
}

std::vector<AccountId> Model::empathies(const State& state, PostId post, AccountId viewer) const {
  const Post& known = state.posts.at(post);
  std::vector<AccountId> found = known.empathies;
  std::erase_if(found, [&](AccountId person) {
    const bool is_kept = people.at(person).empathies_shown_to == Audience::nobody &&
                         person != viewer && known.said.author != viewer;
    return is_kept || is_hidden(viewer, person);
  });
  return found;
}

// Every state that somebody's not seeing somebody passed through, in these epochs.
std::set<bool> Model::hidden_within(AccountId viewer, AccountId person, Span epochs) const {
  std::set<bool> seen;
  bool blocks = false, is_blocked = false, mutes = false;
  const auto look = [&] { seen.insert(blocks || is_blocked || mutes); };
  bool has_begun = false;
  for (const PairChange& change : pairs_) {
    if (change.epoch > epochs.last) break;
    if (change.epoch >= epochs.first && !has_begun) {
      look();
      has_begun = true;
    }
    const bool is_block = change.pair == Pair::block;
    if (change.account == viewer && change.target == person)
      (is_block ? blocks : mutes) = change.on;
    if (is_block && change.account == person && change.target == viewer) is_blocked = change.on;
    if (has_begun) look();
  }
  if (!has_begun) look();
  return seen;
}

std::set<bool> Model::taken_within(AccountId account, notification::Kind kind, Span epochs) const {
  std::set<bool> seen;
  notification::Settings newest;
  bool has_begun = false;
  for (const SettingsChange& change : settings_) {
    if (change.epoch > epochs.last) break;
    if (change.epoch >= epochs.first && !has_begun) {
      seen.insert(newest.takes(kind));
      has_begun = true;
    }
    if (change.account == account) newest = change.settings;
    if (has_begun) seen.insert(newest.takes(kind));
  }
  if (!has_begun) seen.insert(newest.takes(kind));
  return seen;
}

// Whether something of these people that was sent in `epoch` is told to the recipient: true, false,
// or both.
std::set<bool> Model::outcomes(AccountId recipient, const std::vector<AccountId>& concerned,
                               notification::Kind kind, unsigned epoch) const {
  std::set<bool> found;
  const auto add = [&](Span hidden_epochs, Span taken_epochs) {
    std::set<bool> hidden = {false};
    for (const AccountId person : concerned) {
      std::set<bool> with_them;
      for (const bool is_hidden : hidden_within(recipient, person, hidden_epochs))
        for (const bool was_hidden : hidden) with_them.insert(is_hidden || was_hidden);
      hidden = std::move(with_them);
    }
    for (const bool is_hidden : hidden)
      for (const bool is_taken : taken_within(recipient, kind, taken_epochs))
        found.insert(!is_hidden && is_taken);
  };
  add({epoch, epoch}, {epoch, epoch});
  for (const Rebuild& rebuild : rebuilds_) {
    if (rebuild.epoch < epoch || rebuild.view != "notification") continue;
    if (rebuild.snapshot_epoch) {
      add({std::min(epoch, *rebuild.snapshot_epoch), rebuild.epoch}, {epoch, rebuild.epoch});
    } else {
      found.clear();
      add({0, rebuild.epoch}, {rebuild.epoch, rebuild.epoch});
    }
  }
  return found;
}

// One pass over what was sent.
struct Model::Replay {
  using Kind = notification::Kind;
  struct Item {
    AccountId recipient;
    Kind kind{};
    std::uint64_t object = 0, source = 0;
    AccountId person;
    std::set<bool> outcomes;
    unsigned epoch = 0;
    bool is_there = true;
  };

  const Model& model;
  State state;
  std::map<std::pair<AccountId, IdempotencyKey>, PostId> keys;
  std::vector<Item> items;

  void take(const Sent& sent) {
    std::visit([&](const auto& event) { take_one(sent, event); }, sent.event);
  }

  void take_one(const Sent&, const auto&) {}

  void take_one(const Sent& sent, const PublishPost& said) {
    Fate& fate = state.fates[sent.position];
    if (sent.key && !keys.emplace(std::pair(said.author, sent.key), said.post).second) {
      fate = Fate::duplicate;
      return;
    }
    for (const auto& [id, post] : state.posts) {
      const bool is_same = post.said.author == said.author && post.said.parent == said.parent &&
                           post.said.community == said.community &&
                           first_words.at(id) == std::pair(said.text, said.drawing);
      if (is_same && std::abs(ms_of(said.post) - ms_of(id)) < guard_ms) {
        fate = Fate::refused;
        return;
      }
    }
    fate = Fate::applied;
    first_words[said.post] = {said.text, said.drawing};
    state.posts[said.post] = {.said = said, .empathies = {}};
    if (said.parent) comment(sent, said);
  }

  void take_one(const Sent& sent, const EditPost& edit) {
    const auto found = state.posts.find(edit.post);
    Fate& fate = state.fates[sent.position];
    fate = Fate::applied;
    if (found == state.posts.end()) return;
    Post& post = found->second;
    if (post.is_deleted) {
      fate = Fate::refused;
      return;
    }
    post.is_edited = true;
    post.said.text = edit.text;
    post.said.feeling = edit.feeling;
    post.said.spoiler = edit.spoiler;
    post.said.tag = edit.tag;
  }

  void take_one(const Sent&, const DeletePost& deletion) {
    const auto found = state.posts.find(deletion.post);
    if (found == state.posts.end() || found->second.is_deleted) return;
    found->second.is_deleted = true;
    found->second.empathies.clear();
    if (deletion.parent) --state.posts.at(deletion.parent).comment_count;
    for (Item& item : items) {
      const bool is_comments = item.kind == Kind::comment || item.kind == Kind::thread;
      if (is_comments && item.source == deletion.post.value) item.is_there = false;
      if (item.kind != Kind::follow && item.object == deletion.post.value) item.is_there = false;
    }
  }

  void take_one(const Sent& sent, const SetEmpathy& command) {
    Post& post = state.posts.at(command.post);
    if (post.is_deleted) return;
    const auto known = std::ranges::find(post.empathies, command.account);
    const bool is_given = known != post.empathies.end();
    if (is_given) post.empathies.erase(known);
    if (command.given) post.empathies.insert(post.empathies.begin(), command.account);
    if (is_given == command.given) return;
    const Item item{.recipient = post.said.author,
                    .kind = Kind::empathy,
                    .object = command.post.value,
                    .source = command.account.value,
                    .person = command.account};
    command.given ? tell(sent, item) : take_back(item);
  }

  void take_one(const Sent& sent, const SetFollow& command) {
    const Follow follow{command.account, command.kind, command.target};
    const auto known = std::ranges::find(state.follows, follow);
    const bool is_followed = known != state.follows.end();
    if (is_followed == command.followed) return;
    if (command.followed)
      state.follows.insert(state.follows.begin(), follow);
    else
      state.follows.erase(known);
    if (command.kind != FollowKind::person) return;
    const Item item{.recipient = AccountId{command.target},
                    .kind = Kind::follow,
                    .object = command.target,
                    .source = command.account.value,
                    .person = command.account};
    command.followed ? tell(sent, item) : take_back(item);
  }

  void comment(const Sent& sent, const PublishPost& said) {
    const auto parent = state.posts.find(said.parent);
    if (parent == state.posts.end()) return;
    ++parent->second.comment_count;
    if (parent->second.is_deleted) return;
    const auto tell_of = [&](Kind kind, AccountId recipient) {
      if (recipient == said.author) return;
      tell(sent, {.recipient = recipient,
                  .kind = kind,
                  .object = said.parent.value,
                  .source = said.post.value,
                  .person = said.author});
    };
    tell_of(Kind::comment, parent->second.said.author);
    std::set<AccountId> before;
    for (const auto& [id, post] : state.posts)
      if (post.said.parent == said.parent && id != said.post && !post.is_deleted)
        before.insert(post.said.author);
    before.erase(parent->second.said.author);
    for (const AccountId commenter : before) tell_of(Kind::thread, commenter);
  }

  void tell(const Sent& sent, Item item) {
    take_back(item);
    item.epoch = sent.epoch;
    std::vector<AccountId> concerned = {item.person};
    // Below a post of somebody who is hidden from them, nothing is news.
    if (item.kind == Kind::thread)
      concerned.push_back(state.posts.at(PostId{item.object}).said.author);
    item.outcomes = model.outcomes(item.recipient, concerned, item.kind, sent.epoch);
    items.push_back(item);
  }

  void take_back(const Item& gone) {
    for (Item& item : items)
      if (item.recipient == gone.recipient && item.kind == gone.kind &&
          item.object == gone.object && item.source == gone.source)
        item.is_there = false;
  }

  void gather_notices() {
    std::map<NoticeKey, std::vector<const Item*>> groups;
    for (const Item& item : items)
      groups[{item.recipient, item.kind, item.object}].push_back(&item);
    for (const auto& [key, group] : groups) {
      const AccountId recipient = std::get<0>(key);
      Notice notice{.kind = std::get<1>(key), .object = std::get<2>(key), .sure = {}, .maybe = {}};
      const std::optional<unsigned> read = read_until(key);
      notice.is_read = read.has_value();
      for (const Item* item : group) {
        const bool may_be = item->outcomes.contains(true);
        const bool must_be = may_be && item->outcomes.size() == 1 && item->is_there;
        const bool is_later = read && item->epoch > *read;
        if (may_be && is_later) notice.is_read = false;
        if (must_be && is_later) notice.is_unread = true;
        if (!may_be || !item->is_there || model.is_hidden(recipient, item->person)) continue;
        (must_be ? notice.sure : notice.maybe).insert(item->person);
      }
      for (const AccountId person : notice.sure) notice.maybe.erase(person);
      if (!notice.sure.empty() || !notice.maybe.empty())
        state.notices[recipient].push_back(std::move(notice));
    }
  }

  // Up to which epoch the recipient has read it; nullopt where numbers have begun anew since.
  std::optional<unsigned> read_until(const NoticeKey& key) const {
    const auto all = model.all_read_.find(std::get<0>(key));
    const auto one = model.read_.find(key);
    unsigned read = all == model.all_read_.end() ? 0 : all->second;
    if (one != model.read_.end()) read = std::max(read, one->second);
    for (const Rebuild& rebuild : model.rebuilds_) {
      if (rebuild.view == "notification" &&
          (all == model.all_read_.end() || all->second < rebuild.epoch))
        return std::nullopt;
    }
    return read;
  }

  std::map<PostId, std::pair<std::string, std::string>> first_words;  // text and drawing
};

State Model::state() const {
  Replay replay{.model = *this, .state = {}, .keys = {}, .items = {}, .first_words = {}};
  for (const Sent& sent : sent_) replay.take(sent);
  replay.gather_notices();
  return std::move(replay.state);
}

}  // namespace matsuri::property
