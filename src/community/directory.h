// All titles, and the rules of all communities, in memory: whoever checks a post asks no SQL.
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "community/model.h"
#include "model/event.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::community {

// Loaded from main's tables, kept true by main's facts, which may come late, twice or in another
// order: the highest revision holds. Thread-safe. A community takes about 60 bytes, a title what
// its names do; nothing is ever dropped, because nothing is ever deleted.
class CommunityDirectory final : public stream::MemoryView {
 public:
  // Reads all rows. Call after the position that facts are followed from was taken.
  Result<void> load(sql::Connection& connection);

  // nullopt where there is no such community.
  std::optional<Rules> find(CommunityId community) const;
  std::optional<Title> find_title(TitleId title) const;

  // From the answer on, on the node that gave it: exec calls these before it answers.
  void apply(const CommunityChanged& fact);
  void apply(const TitleChanged& fact);

  std::string_view name() const override { return "communities"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::community_changed || kind == EventKind::title_changed;
  }
  void consume(std::span<const stream::Record> records) override;

 private:
  struct CommunityEntry {
    std::uint64_t rev = 0;
    Rules rules;
  };
  struct TitleEntry {
    std::uint64_t rev = 0;
    Title title;
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<CommunityId, CommunityEntry> communities_;
  std::unordered_map<TitleId, TitleEntry> titles_;
};

}  // namespace matsuri::community
