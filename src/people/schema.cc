#include "people/schema.h"

namespace matsuri::people {
namespace {

constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE person (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  handle {TEXT(20)} NOT NULL,
  name {TEXT(160)} NOT NULL,
  face {BLOB(8)} NOT NULL,
  empathies_shown_to INTEGER NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX person_handle ON person (handle);
CREATE TABLE block (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  blocked INTEGER NOT NULL,
  PRIMARY KEY (account, target)
) {CLUSTERED_OPTIONS};
CREATE INDEX block_target ON block (target, blocked);
CREATE TABLE mute (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  muted INTEGER NOT NULL,
  PRIMARY KEY (account, target)
) {CLUSTERED_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::people
