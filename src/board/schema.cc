#include "board/schema.h"

namespace matsuri::board {
namespace {

constexpr sql::Migration of_definitions[] = {
    {1, R"(CREATE TABLE board (
  title {ID} NOT NULL,
  name {TEXT(32)} NOT NULL,
  id {ID} NOT NULL,
  body {BLOB} NOT NULL,
  PRIMARY KEY (title, name)
) {TABLE_OPTIONS};
CREATE TABLE board_rev (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL
) {TABLE_OPTIONS};
INSERT INTO board_rev (id, rev) VALUES (1, 0))"},
};

// A part is what one entity gives to a board; an entry is what all parts of an id make. A part
// whose value is gone stays: its version tells what is older.
constexpr sql::Migration of_boards[] = {
    {1, R"(CREATE TABLE board_place (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  passed {BLOB} NOT NULL,
  read_to {BLOB} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE board_state (
  board {ID} NOT NULL PRIMARY KEY,
  state {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE board_part (
  board {ID} NOT NULL,
  id {TEXT(64)} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  version {ID} NOT NULL,
  value {INT},
  PRIMARY KEY (board, id, arena)
) {CLUSTERED_OPTIONS};
CREATE TABLE board_entry (
  board {ID} NOT NULL,
  id {TEXT(64)} NOT NULL,
  value {INT} NOT NULL,
  high {INT} NOT NULL,
  parts {ID} NOT NULL,
  reached_ms {INT} NOT NULL,
  reached_seq {ID} NOT NULL,
  PRIMARY KEY (board, id)
) {CLUSTERED_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> definition_migrations() { return of_definitions; }
std::span<const sql::Migration> migrations() { return of_boards; }

}  // namespace matsuri::board
