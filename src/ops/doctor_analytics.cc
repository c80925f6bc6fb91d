// The tables of analytics as the doctor reads them. What a run adds, it adds to several tables at
// once: so they have to agree, and where they do not, `matsuri analytics --again` makes them anew.
#include <string>
#include <string_view>

#include "ops/internal/tables.h"

namespace matsuri::ops::internal {
namespace {

struct Sum {
  std::string_view query;  // gives what does not agree
  std::string_view what;
};
constexpr Sum sums[] = {
    {"SELECT d.title FROM (SELECT title, SUM(applied) AS applied,"
     " SUM(rejected + version_mismatch + linked_failed) AS refused FROM command_day GROUP BY "
     "title) d"
     " LEFT JOIN (SELECT title, SUM(applied) AS applied,"
     " SUM(rejected + version_mismatch + linked_failed) AS refused FROM arena_command GROUP BY "
     "title)"
     " a ON a.title = d.title"
     " WHERE a.title IS NULL OR a.applied <> d.applied OR a.refused <> d.refused",
     "titles have other numbers of commands by day than by arena"},
    {"SELECT p.account FROM player p WHERE p.first_day <> COALESCE((SELECT MIN(a.day) FROM active a"
     " WHERE a.title = p.title AND a.account = p.account), -1)",
     "players have another first day than their first active one"},
    {"SELECT a.account FROM active a LEFT JOIN player p ON p.title = a.title"
     " AND p.account = a.account WHERE p.account IS NULL",
     "accounts were active, and are no players"},
    {"SELECT k.day FROM command_day k LEFT JOIN calendar c ON c.day = k.day WHERE c.day IS NULL",
     "days have commands, and no date"},
};

}  // namespace

Result<void> read_analytics(sql::Connection& connection, const std::string& name,
                            Findings& findings) {
  for (const Sum& sum : sums) {
    std::uint64_t count = 0, example = 0;
    TRY(connection.query(sum.query, {}, [&](const sql::Row& row) {
      if (count++ == 0) example = row.id(0);
    }));
    findings.add_count(count,
                       name + ": " + std::string(sum.what) + ", like " + std::to_string(example));
  }
  return {};
}

}  // namespace matsuri::ops::internal
