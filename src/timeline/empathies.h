// What timeline's routes have to know of empathy: asked of whoever keeps it, by an interface that
// apps/matsuri fills.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "model/ids.h"

namespace matsuri::timeline {

// Called on I/O threads: must not block.
class EmpathyLookup {
 public:
  virtual ~EmpathyLookup() = default;
  using Done = std::move_only_function<void(Result<std::vector<PostId>>)>;
  // Those of `posts` with which `account` feels empathy, in any order; `done` runs exactly once, at
  // once or through `executor`.
  virtual void find(AccountId account, std::vector<PostId> posts, io::Executor& executor,
                    Done done) = 0;
};

}  // namespace matsuri::timeline
