// What timeline's routes have to know of titles: asked of whoever keeps them, by an interface that
// apps/matsuri fills.
#pragma once

#include <optional>
#include <string>

#include "model/ids.h"

namespace matsuri::timeline {

struct ShownTitle {
  std::string json;  // as the API shows titles
  CommunityId main_community;
};

// Called on I/O threads: answers from memory.
class TitleLookup {
 public:
  virtual ~TitleLookup() = default;
  // nullopt where there is no such title.
  virtual std::optional<ShownTitle> find(TitleId title) const = 0;
};

}  // namespace matsuri::timeline
