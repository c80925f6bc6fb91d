// What happens in a title, by long polls that follow one another.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>

#include "core.h"
#include "session.h"

namespace matsuri {

class Follows {
 public:
  Follows(Core& core, Session& session) : core_(core), session_(session) {}

  FollowId add(const ChangesRequest& request, Callback<Changes> then);
  void remove(FollowId follow);

 private:
  struct Follow {
    ChangesRequest request;
    Callback<Changes> then;
    std::shared_ptr<std::atomic<bool>> is_wanted = std::make_shared<std::atomic<bool>>(true);
  };

  void poll(FollowId id);
  void answered(FollowId id, const Answer& answer);
  void tell(const Follow& follow, Result<Changes> changes);

  Core& core_;
  Session& session_;
  std::map<FollowId, Follow> follows_;
  FollowId id_last_ = 0;
};

}  // namespace matsuri
