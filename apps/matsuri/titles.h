// Community's titles for timeline's plaza.
#pragma once

#include "community/directory.h"
#include "timeline/titles.h"

namespace matsuri {

// Thread-safe.
class Titles final : public timeline::TitleLookup {
 public:
  explicit Titles(const community::CommunityDirectory& directory) : directory_(directory) {}

  std::optional<timeline::ShownTitle> find(TitleId title) const override;

 private:
  const community::CommunityDirectory& directory_;
};

}  // namespace matsuri
