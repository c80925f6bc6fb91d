// What most tests of stream begin with: a journal, a database with its outbox, and quick options.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/metrics.h"
#include "io/random.h"
#include "journal/writer.h"
#include "sql/testing/engines.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "stream/testing/toy.h"

namespace matsuri::stream::testing {

// A database with the tables of stream and toy. Dies where it can't be opened.
struct Store {
  std::unique_ptr<sql::Db> db;
  std::unique_ptr<Outbox> outbox;
};
Store open_store(const sql::DbOptions& options, io::Random& random = io::system_random());

class StreamTest : public sql::ForEachEngine {
 protected:
  std::unique_ptr<journal::Writer> open_writer(const std::string& name = "main");
  std::string journal_folder(const std::string& name = "main") const {
    return folder() + "/journal-" + name;
  }
  // Short waits, and every applier's series in registry_.
  StreamOptions options();

  metrics::Registry registry_;
};

// The status of one view. Dies where there is none.
ApplierStatus status_of(const Stream& stream, std::string_view view);

// Whether what was read is all accounted for.
::testing::AssertionResult identity_holds(const ApplierStatus& status);

// Waits until `condition` holds, 20 s at most.
::testing::AssertionResult soon(const std::function<bool()>& condition);

inline constexpr std::int64_t drain_ms = 30'000;

}  // namespace matsuri::stream::testing
