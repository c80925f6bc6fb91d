// What the database holds of some posts, changed in memory by one batch and written once.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::timeline::internal {

// What an author may change of a post.
struct Words {
  std::string text;
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag;
};

// Facts and commands about a post may come before it: then only those are known.
struct PostState {
  bool is_there = false;  // in table post, or put there by this batch
  CommunityId community;
  AccountId author;
  PostId parent;

  std::uint64_t rev = 1;  // of the newest edit: its id; 1 where there was none
  Words words;            // where `rev` is not 1, and the post was not there before
  bool deleted = false;

  std::uint64_t empathy_count = 0;
  std::uint64_t empathy_rev = 0;
  std::uint64_t comment_count = 0;

  // What has to be written.
  bool is_new = false;       // the batch inserts the post itself, as it is at the end
  bool has_changed = false;  // rev, words, deleted
  bool has_heated = false;   // the counts, or whether and where it is ranked
  bool is_early = false;     // a row of table early is there
};

class PostStates {
 public:
  explicit PostStates(sql::Connection& connection) : connection_(connection) {}

  // Reads what there is of these posts.
  Result<void> load(std::vector<std::uint64_t> ids);
  // The same for those of `ids` of which something is known and that are not there yet.
  Result<void> load_early(const std::vector<std::uint64_t>& ids);

  // Null for a post that was not loaded: then it is in the database as the records say, or comes as
  // they say.
  PostState* find(PostId id);
  bool is_empty() const { return states_.empty(); }

  // Writes what has changed, but for rows that are new in table post: those are the caller's.
  Result<void> write();

 private:
  Result<void> load_tables(const std::vector<sql::Value>& ids);
  Result<void> write_posts();
  Result<void> write_heat();
  Result<void> write_early();

  sql::Connection& connection_;
  std::unordered_map<PostId, PostState> states_;
};

}  // namespace matsuri::timeline::internal
