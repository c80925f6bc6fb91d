#include "game/schema.h"

namespace matsuri::game {
namespace {

constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE game_schema (
  title {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  body {BLOB} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE title_key (
  id {ID} NOT NULL PRIMARY KEY,
  title {ID} NOT NULL,
  kind {ID} NOT NULL,
  name {TEXT(160)} NOT NULL,
  secret_hash {BLOB(32)} NOT NULL,
  created_ms {ID} NOT NULL,
  revoked_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX title_key_by_title ON title_key (title))"},
    // A trade decides by its row: 0 pending, 1 committed, 2 void. `done`: no leg is left.
    {2, R"(CREATE TABLE trade (
  title {ID} NOT NULL,
  trade_key {BLOB(16)} NOT NULL,
  content {BLOB} NOT NULL,
  state {ID} NOT NULL,
  done {ID} NOT NULL,
  created_ms {ID} NOT NULL,
  why {BLOB} NOT NULL,
  PRIMARY KEY (title, trade_key)
) {TABLE_OPTIONS};
CREATE INDEX trade_by_done ON trade (done, created_ms, trade_key))"},
    {3, R"(CREATE TABLE play (
  id {ID} NOT NULL PRIMARY KEY,
  title {ID} NOT NULL,
  title_key {TEXT(64)} NOT NULL
) {TABLE_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::game
