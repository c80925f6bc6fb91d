// What a notification shows of the post that it is about. Posts are another domain's, so this is an
// interface, which apps/matsuri fills.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "model/ids.h"

namespace matsuri::notification {

// Thread-safe; never blocks: answers through `executor`, exactly once.
class PostLookup {
 public:
  virtual ~PostLookup() = default;

  struct Shown {
    std::string text;  // empty behind a spoiler veil, unless the post is the viewer's own
    CommunityId community;
  };
  using Found = std::unordered_map<PostId, Shown>;
  // Those of the posts that the viewer may read. Code::busy.
  virtual void find(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
                    std::move_only_function<void(Result<Found>)> done) = 0;
};

}  // namespace matsuri::notification
