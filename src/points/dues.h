// What other domains say is due: rows of a database of their own, from the fact to the ledger's
// answer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::points {

// Component "grants".
std::span<const sql::Migration> dues_migrations();

// The view "grants": a row for each GrantDue that is not settled. The later revision of an event
// holds. What was settled and comes again, after a restore or a rebuild, is settled again: the
// ledger knows.
class DuesView final : public stream::View {
 public:
  // `on_due` is called when there are new ones, on the applier's thread: be quick.
  explicit DuesView(std::function<void()> on_due) : on_due_(std::move(on_due)) {}

  std::string_view name() const override { return "grants"; }
  bool wants(EventKind kind) const override { return kind == EventKind::grant_due; }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;
  void committed(std::span<const stream::Record>, const stream::BatchResult&) override {
    on_due_();
  }

 private:
  const std::function<void()> on_due_;
};

// Some of those that wait.
Result<std::vector<GrantDue>> read_dues(sql::Connection& connection, std::size_t count_max);
// They are settled, as far as nothing newer was said of them meanwhile.
Result<void> forget_dues(sql::Connection& connection, std::span<const GrantDue> dues);

}  // namespace matsuri::points
