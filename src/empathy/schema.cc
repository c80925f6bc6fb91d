#include "empathy/schema.h"

namespace matsuri::empathy {
namespace {

// A pair whose empathy was taken back stays, with its revision: an older command may still come
// from another origin. A deleted post keeps its row in `post`, and no pairs.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE empathy (
  post {ID} NOT NULL,
  account {ID} NOT NULL,
  rev {ID} NOT NULL,
  given INTEGER NOT NULL,
  PRIMARY KEY (post, account)
) {CLUSTERED_OPTIONS};
CREATE INDEX empathy_of_post ON empathy (post, given, rev);
CREATE INDEX empathy_of_account ON empathy (account, given, rev);
CREATE TABLE post (
  id {ID} NOT NULL PRIMARY KEY,
  amount {ID} NOT NULL,
  rev {ID} NOT NULL,
  deleted INTEGER NOT NULL
) {TABLE_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::empathy
