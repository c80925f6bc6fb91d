// What empathy has to know of posts. They are another domain's, so this is an interface, which
// apps/matsuri fills.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "model/ids.h"

namespace matsuri::empathy {

// Thread-safe; never blocks: answers through `executor`, exactly once.
class PostLookup {
 public:
  virtual ~PostLookup() = default;

  struct Known {
    AccountId author;
    CommunityId community;
  };
  // Code::not_found where there is no such post, or the viewer (none for a visitor) may not know
  // of it; Code::busy.
  virtual void find(PostId post, AccountId viewer, io::Executor& executor,
                    std::move_only_function<void(Result<Known>)> done) = 0;

  // Those of the posts that the viewer may read, each as a JSON object, in the order of `posts`.
  virtual void render(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
                      std::move_only_function<void(Result<std::vector<std::string>>)> done) = 0;
};

}  // namespace matsuri::empathy
