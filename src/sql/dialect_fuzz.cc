// Goal: any text is rewritten or refused, never crashes, and what comes out is final: it holds
// nothing of SQLite's own form any more, and rewriting it again changes nothing.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "sql/dialect.h"

namespace matsuri::sql {
namespace {

void check(std::string_view text) {
  const Result<std::string> once = to_mariadb(text);
  if (once.ok()) {
    const Result<std::string> again = to_mariadb(*once);
    MATSURI_ASSERT(again.ok() && *again == *once);
  }
  for (const Engine engine : {Engine::sqlite, Engine::mariadb}) {
    const Result<std::vector<std::string>> statements = migration_statements(engine, text);
    if (!statements.ok()) continue;
    for (const std::string& statement : *statements) {
      MATSURI_ASSERT(!statement.empty());
      const Result<std::vector<std::string>> again = migration_statements(engine, statement);
      MATSURI_ASSERT(again.ok() && again->size() == 1 && again->front() == statement);
    }
  }
}

}  // namespace
}  // namespace matsuri::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  matsuri::sql::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
