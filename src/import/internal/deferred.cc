#include "import/internal/deferred.h"

#include <unordered_set>
#include <utility>
#include <variant>

#include "sql/list.h"
#include "timeline/apply.h"

namespace matsuri::imports::internal {
namespace {

std::string key_of_post(const Name& name, bool is_comment) {
  return timeline::source_key(name.source, name.id, is_comment);
}

std::uint8_t kinds_of(const PostLine& line) {
  return static_cast<std::uint8_t>((line.text.empty() ? 0 : post_kind_text) |
                                   (line.drawing.empty() ? 0 : post_kind_drawing));
}

// "no user "u3" of source "old-forum""
std::string missing(std::string_view what, const Name& name) {
  return "no " + std::string(what) + ' ' + quoted(name.id) + " of source " + quoted(name.source);
}

std::string shown_community(const PostLine& line) {
  if (line.is_comment()) return "the community of post " + quoted(line.post);
  return "community " + quoted(line.in.empty() ? line.community : line.in);
}

}  // namespace

Result<std::vector<Deferred::Taken>> Deferred::take(Batch& batch) {
  posts_.clear();
  records_.clear();
  TRY(load(batch));
  TRY(take_posts(batch, false));
  TRY(take_posts(batch, true));
  for (const Item& item : batch.items) {
    if (const auto* follow = std::get_if<FollowLine>(&item.line))
      take_follow(batch, item.number, *follow);
    else if (const auto* empathy = std::get_if<EmpathyLine>(&item.line))
      take_empathy(batch, item.number, *empathy);
  }
  return std::move(records_);
}

// What the queue let go is in the tables, so the queue is asked first.
Result<void> Deferred::load(const Batch& batch) {
  std::unordered_set<std::string> keys;
  const auto want = [&](const Name& name, bool is_comment) {
    std::string key = key_of_post(name, is_comment);
    if (const PostRef* held = queue_.find(key))
      posts_.try_emplace(std::move(key), Known{*held, 0});
    else
      keys.insert(std::move(key));
  };
  for (const Item& item : batch.items) {
    if (const auto* post = std::get_if<PostLine>(&item.line)) {
      want(name_of(post->key), post->is_comment());
      if (post->is_comment()) want({post->key.source, post->post}, false);
    } else if (const auto* empathy = std::get_if<EmpathyLine>(&item.line)) {
      want({empathy->key.source, empathy->post}, false);
    }
  }
  const std::vector<sql::Value> values(keys.begin(), keys.end());
  std::vector<std::pair<std::string, PostRef>> found;
  TRY(parts_.timeline_db.read_and_wait([&](sql::Connection& connection) {
    found.clear();
    return sql::query_in(
        connection,
        "SELECT i.source_key, p.id, p.author, p.community, p.deleted FROM imported_post i "
        "LEFT JOIN post p ON p.id = i.post WHERE i.source_key",
        "", values, {}, [&](const sql::Row& row) {
          PostRef ref;
          if (!row.is_null(1) && row.integer(4) == 0)
            ref = {.post = PostId{row.id(1)},
                   .author = AccountId{row.id(2)},
                   .community = CommunityId{row.id(3)}};
          found.emplace_back(row.text(0), ref);
        });
  }));
  for (auto& [key, ref] : found) posts_.try_emplace(std::move(key), Known{ref, 0});
  return {};
}

// nullptr where no line above brought it, or where it has been deleted since.
const Deferred::Known* Deferred::find_post(const Name& name, bool is_comment,
                                           std::uint64_t number) const {
  const auto found = posts_.find(key_of_post(name, is_comment));
  if (found == posts_.end() || !found->second.ref.post || found->second.number >= number)
    return nullptr;
  return &found->second;
}

Result<void> Deferred::take_posts(Batch& batch, bool comments) {
  std::vector<Chosen> all;
  std::vector<std::int64_t> times;
  for (const Item& item : batch.items) {
    const auto* line = std::get_if<PostLine>(&item.line);
    if (line == nullptr || line->is_comment() != comments) continue;
    Chosen chosen{.number = item.number, .line = line, .key = {}, .ref = {}, .parent = {}};
    if (!choose(batch, item.number, *line, chosen)) continue;
    chosen.key = key_of_post(name_of(line->key), comments);
    // Marks it as taken; its id follows.
    if (!posts_.try_emplace(chosen.key, Known{{}, item.number}).second) {
      ++summary_.known_count;
      continue;
    }
    times.push_back(line->key.created_unix_ms);
    all.push_back(std::move(chosen));
  }
  TRY_ASSIGN(const std::vector<std::uint64_t> ids, ids_.make(times));
  for (std::size_t index = 0; index < all.size(); ++index) {
    Chosen& one = all[index];
    const PostLine& line = *one.line;
    one.ref.post = PostId{ids[index]};
    posts_[one.key].ref = one.ref;
    add(comments ? &Summary::comment_count : &Summary::post_count,
        PublishPost{.post = one.ref.post,
                    .community = one.ref.community,
                    .author = one.ref.author,
                    .text = line.text,
                    .language = line.language,
                    .import_source = line.key.source,
                    .import_source_id = line.key.id,
                    .parent = one.parent.post,
                    .parent_author = one.parent.author,
                    .feeling = line.feeling,
                    .spoiler = line.spoiler,
                    .tag = line.tag,
                    .drawing = line.drawing},
        ids[index], one.ref.author, std::move(one.key), one.ref);
  }
  return {};
}

bool Deferred::choose(Batch& batch, std::uint64_t number, const PostLine& line, Chosen& chosen) {
  const Name author{line.key.source, line.author};
  chosen.ref.author = strict_.account(author, number);
  if (!chosen.ref.author) {
    batch.refuse(number, RefusalCode::unknown_author, missing("user", author));
    return false;
  }
  if (!choose_place(batch, number, line, chosen)) return false;
  const auto rules = parts_.directory.find(chosen.ref.community);
  if (!rules) {
    batch.refuse(number, RefusalCode::unknown_community, quoted(line.community));
    return false;
  }
  const std::uint8_t kinds = kinds_of(line);
  if (const int wrong = kinds & ~rules->post_kinds; wrong != 0) {
    batch.refuse(number, RefusalCode::not_allowed,
                 shown_community(line) + " takes no " +
                     ((wrong & post_kind_text) != 0 ? "text" : "drawing"));
    return false;
  }
  const Role role = parts_.standings.standing(chosen.ref.author).role;
  if (!line.is_comment() && !community::may_post(*rules, chosen.ref.author, role, kinds)) {
    batch.refuse(number, RefusalCode::not_allowed,
                 shown_community(line) + " takes no post of this account");
    return false;
  }
  return true;
}

// Where a post goes: into a community, or under another post.
bool Deferred::choose_place(Batch& batch, std::uint64_t number, const PostLine& line,
                            Chosen& chosen) {
  if (line.is_comment()) {
    const Name name{line.key.source, line.post};
    const Known* parent = find_post(name, false, number);
    if (parent == nullptr) {
      batch.refuse(number, RefusalCode::unknown_post, missing("post", name));
      return false;
    }
    chosen.parent = parent->ref;
    chosen.ref.community = parent->ref.community;
    return true;
  }
  if (line.in.empty()) {
    chosen.ref.community = parse_id_as<CommunityId>(line.community).value_or(CommunityId{});
    return true;
  }
  const Name name{line.key.source, line.in};
  chosen.ref.community = strict_.community(name, number);
  if (!chosen.ref.community)
    batch.refuse(number, RefusalCode::unknown_community, missing("community", name));
  return bool{chosen.ref.community};
}

void Deferred::take_follow(Batch& batch, std::uint64_t number, const FollowLine& line) {
  const Name follower{line.key.source, line.account};
  const AccountId account = strict_.account(follower, number);
  if (!account) return batch.refuse(number, RefusalCode::unknown_author, missing("user", follower));
  SetFollow event{.account = account, .kind = FollowKind::person, .target = 0, .followed = true};
  if (line.in.empty()) {
    const Name target{line.key.source, line.target};
    event.target = strict_.account(target, number).value;
    if (event.target == 0)
      return batch.refuse(number, RefusalCode::unknown_target, missing("user", target));
    if (event.target == account.value)
      return batch.refuse(number, RefusalCode::not_allowed, "nobody follows themselves");
  } else {
    const Name target{line.key.source, line.in};
    event.kind = FollowKind::community;
    event.target = strict_.community(target, number).value;
    if (event.target == 0)
      return batch.refuse(number, RefusalCode::unknown_community, missing("community", target));
  }
  // The id is a revision of the pair, and nothing else: the same line always has the same.
  add(&Summary::follow_count, event,
      compose_id(
          {.unix_ms = line.key.created_unix_ms, .region = parts_.region, .node = import_node}),
      account);
}

void Deferred::take_empathy(Batch& batch, std::uint64_t number, const EmpathyLine& line) {
  const Name giver{line.key.source, line.account};
  const AccountId account = strict_.account(giver, number);
  if (!account) return batch.refuse(number, RefusalCode::unknown_author, missing("user", giver));
  const Name name{line.key.source, line.post};
  const Known* post = find_post(name, false, number);
  if (post == nullptr)
    return batch.refuse(number, RefusalCode::unknown_post, missing("post", name));
  if (post->ref.author == account)
    return batch.refuse(number, RefusalCode::not_allowed,
                        "nobody feels empathy with their own post");
  add(&Summary::empathy_count,
      SetEmpathy{.post = post->ref.post,
                 .post_author = post->ref.author,
                 .community = post->ref.community,
                 .account = account,
                 .given = true},
      compose_id(
          {.unix_ms = line.key.created_unix_ms, .region = parts_.region, .node = import_node}),
      account);
}

void Deferred::add(std::uint64_t Summary::* count, const Event& event, std::uint64_t id,
                   AccountId account, std::string key, const PostRef& ref) {
  records_.push_back({.record = {.key = std::move(key),
                                 .post = ref,
                                 .entry = {.header = {.id = id,
                                                      .unix_ms = parts_of(id).unix_ms,
                                                      .account = account,
                                                      .key = {},
                                                      .fingerprint = 0,
                                                      .kind = kind_of(event)},
                                           .payload = encode(event)}},
                      .count = count});
}

}  // namespace matsuri::imports::internal
