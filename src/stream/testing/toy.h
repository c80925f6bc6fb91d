// A small view, and what it takes to feed it: for tests of what carries views, not of a domain.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/writer.h"
#include "model/event.h"
#include "model/record.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::stream::testing {

// The tables of ToyView and ToyReader, as component "toy".
std::span<const sql::Migration> toy_migrations();

// Writes posts into table toy, in the order in which they come (column place), and says each as a
// fact. The text decides what becomes of a post: "refuse…" is refused, "poison…" breaks its batch;
// a key that was there is a duplicate, as is a post without a key whose id was there.
class ToyView final : public View {
 public:
  explicit ToyView(std::string name = "toy") : name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  bool wants(EventKind kind) const override { return kind == EventKind::publish_post; }
  Result<void> apply(sql::Connection& connection, std::span<const Record> records,
                     BatchResult& result) override;

  void committed(std::span<const Record> records, const BatchResult& result) override {
    if (on_committed) on_committed(records, result);
  }

  // Called at the start of apply(); its error is the batch's.
  std::function<Result<void>(std::span<const Record>)> on_apply;
  std::function<void(std::span<const Record>, const BatchResult&)> on_committed;
  // From now on "poison" is a text like others: the cause has been mended.
  std::atomic<bool> mended{false};

 private:
  std::string name_;
};

// Another domain's view: keeps what PostPublished facts say, by rev, in table toy_read; and in
// table toy_seen the positions as they came, to show order and repetition.
class ToyReader final : public View {
 public:
  std::string_view name() const override { return "toy_reader"; }
  bool wants(EventKind kind) const override { return kind == EventKind::post_published; }
  Result<void> apply(sql::Connection& connection, std::span<const Record> records,
                     BatchResult& result) override;
};

// A command to publish post `id`, with a key made of `key` (0: none).
journal::Writer::Entry toy_post(std::uint64_t id, std::string text, std::uint64_t key = 0);
// A record of a kind that ToyView does not want.
journal::Writer::Entry toy_other(std::uint64_t id);

// Appends and waits until it is durable; gives the position of the last.
Result<Position> append(journal::Writer& writer,
                        const std::vector<journal::Writer::Entry>& entries);

// Rows of a query as text, columns separated by '|'. Dies where the query fails.
std::vector<std::string> rows_of(sql::Db& db, std::string_view text);
std::int64_t number_of(sql::Db& db, std::string_view text);

}  // namespace matsuri::stream::testing
