// Everything that happened to posts, and what follows from it, written once more from the
// description and without the code under test: the plain recomputation of the random schedules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "timeline/model.h"

namespace matsuri::timeline::testing {

// What readers see of a post, on one line.
inline std::string line_of(const Post& post) {
  const auto number = [](auto value) { return ' ' + std::to_string(value); };
  return post.id.to_string() + ' ' + post.author.name + number(post.author.face) + ": " +
         post.text + (post.drawn ? " [drawn]" : "") + number(post.community.value) +
         number(post.parent.value) + number(post.feeling) + (post.spoiler ? " spoiler" : "") +
         " #" + post.tag + number(post.edited_unix_ms) + " comments" + number(post.comment_count) +
         " empathies" + number(post.empathy_count);
}

struct Story {
  struct Accepted {
    Post post;  // as it was published
    std::uint64_t key = 0;
    std::string drawing;
  };
  struct Edit {
    std::uint64_t id = 0;
    Post post;  // as it is then
  };
  using Pair = std::pair<AccountId, AccountId>;

  std::vector<Accepted> accepted;  // in the order of their positions
  std::vector<Edit> edits;
  std::set<PostId> deleted;
  std::map<PostId, std::pair<std::uint64_t, std::uint64_t>> empathies;  // count_rev, count
  std::map<AccountId, std::pair<std::string, std::uint64_t>> names;     // and faces
  std::set<Pair> blocks, mutes;

  // Those that took effect, and are not deleted, as everybody sees them; the oldest position first.
  std::vector<Post> posts() const {
    std::vector<Post> shown;
    std::set<std::pair<AccountId, std::uint64_t>> keys;
    std::map<std::string, std::int64_t> last_ms;
    for (const Accepted& one : accepted) {
      const Post& post = one.post;
      if (one.key != 0 && !keys.emplace(post.author.id, one.key).second) continue;
      const std::string said = post.author.id.to_string() + '/' + post.community.to_string() + '/' +
                               post.parent.to_string() + '/' + post.text + '/' + one.drawing;
      const auto last = last_ms.find(said);
      if (last != last_ms.end() && post.created_unix_ms - last->second < 30'000) continue;
      last_ms[said] = post.created_unix_ms;
      if (!deleted.contains(post.id) && names.contains(post.author.id)) shown.push_back(now(post));
    }
    // Comments count whether their author's name is known or not, so names are for all or none.
    std::map<PostId, std::uint64_t> comments;
    for (const Post& post : shown) ++comments[post.parent];
    for (Post& post : shown) post.comment_count = comments[post.id];
    return shown;
  }

  bool sees(AccountId viewer, AccountId author) const {
    return !blocks.contains({viewer, author}) && !blocks.contains({author, viewer}) &&
           !mutes.contains({viewer, author});
  }

  // By its id, one of `all`. A comment is seen where its post is; one's own always.
  bool sees(AccountId viewer, const Post& post, const std::vector<Post>& all) const {
    if (!sees(viewer, post.author.id)) return false;
    if (!post.parent || post.author.id == viewer) return true;
    const auto parent = std::ranges::find(all, post.parent, &Post::id);
    return parent != all.end() && sees(viewer, parent->author.id);
  }

  // Lines of those that `viewer` sees and `wanted` takes, by id.
  template <class Wanted>
  std::vector<std::string> lines_for(AccountId viewer, bool newest_first, Wanted wanted) const {
    std::vector<Post> chosen;
    for (const Post& post : posts())
      if (sees(viewer, post.author.id) && wanted(post)) chosen.push_back(post);
    std::ranges::sort(chosen, {}, [](const Post& post) { return post.id; });
    if (newest_first) std::ranges::reverse(chosen);
    std::vector<std::string> lines;
    for (const Post& post : chosen) lines.push_back(line_of(post));
    return lines;
  }

  // The order of the hot ones, by the formula with floating point.
  std::vector<PostId> hottest(CommunityId community) const {
    std::vector<std::pair<std::int64_t, PostId>> scored;
    for (const Post& post : posts()) {
      if (post.parent || post.community != community) continue;
      const auto millionths = [](std::uint64_t count) {
        return std::floor(std::log2(static_cast<double>(1 + count)) * 1e6);
      };
      const double score = millionths(post.empathy_count) +
                           std::floor(millionths(post.comment_count) / 2) +
                           std::floor(static_cast<double>(post.created_unix_ms) / 45);
      scored.emplace_back(static_cast<std::int64_t>(score), post.id);
    }
    std::ranges::sort(scored, std::greater{});
    std::vector<PostId> ids;
    for (const auto& [score, id] : scored) ids.push_back(id);
    return ids;
  }

 private:
  Post now(Post post) const {
    std::uint64_t newest = 0;
    for (const Edit& edit : edits) {
      if (edit.post.id != post.id || edit.id < newest) continue;
      newest = edit.id;
      post.text = edit.post.text;
      post.feeling = edit.post.feeling;
      post.spoiler = edit.post.spoiler;
      post.tag = edit.post.tag;
      post.edited_unix_ms = parts_of(edit.id).unix_ms;
    }
    const auto felt = empathies.find(post.id);
    if (felt != empathies.end()) post.empathy_count = felt->second.second;
    post.author.name = names.at(post.author.id).first;
    post.author.face = names.at(post.author.id).second;
    return post;
  }
};

}  // namespace matsuri::timeline::testing
