// Who feels empathy with which post, and how many: written into the empathy database.
#pragma once

#include "people/apply.h"
#include "stream/view.h"

namespace matsuri::empathy {

// The view "empathy": a set of pairs (post, account). Each pair is a register whose latest command
// (by id) holds, so the set does not depend on the order in which origins are read. The count of a
// post is kept with it, and never anything but the number of its pairs.
//
// Says EmpathyChanged for each command that changed the set. Commands that change nothing count as
// duplicates; those for one's own post, or for one that is deleted, are refused.
class EmpathyView final : public stream::View {
 public:
  std::string_view name() const override { return "empathy"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::set_empathy || kind == EventKind::post_deleted ||
           people::is_wanted(kind);
  }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;
};

}  // namespace matsuri::empathy
