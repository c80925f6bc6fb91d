// What timeline has to know of a community, before it takes a post and when it shows the plaza:
// asked of whoever keeps communities, by an interface that apps/matsuri fills.
#pragma once

#include <cstdint>
#include <optional>

#include "model/event.h"
#include "model/ids.h"

namespace matsuri::timeline {

struct CommunityRule {
  std::uint8_t post_kinds = 0;  // bits of PostKind
  Posters who_posts = Posters::everyone;
  AccountId owner;
  TitleId plaza_title;  // that it shines for; none where it is of none, or not for everybody
};

// Called on I/O threads: answers from memory.
class CommunityRules {
 public:
  virtual ~CommunityRules() = default;
  // nullopt where there is no such community.
  virtual std::optional<CommunityRule> find(CommunityId community) const = 0;
};

}  // namespace matsuri::timeline
