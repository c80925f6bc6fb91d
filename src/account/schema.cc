#include "account/schema.h"

namespace matsuri::account {
namespace {

constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE account (
  id {ID} NOT NULL PRIMARY KEY,
  handle {TEXT(20)} NOT NULL UNIQUE,
  name {TEXT(160)} NOT NULL,
  password {TEXT(128)} NOT NULL,
  role INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  rev {ID} NOT NULL,
  created_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX account_standing ON account (role, epoch);
CREATE TABLE session (
  id {ID} NOT NULL PRIMARY KEY,
  account {ID} NOT NULL,
  created_ms {ID} NOT NULL,
  seen_ms {ID} NOT NULL,
  closed_ms {ID} NOT NULL,
  user_agent {TEXT(256)} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX session_account ON session (account, closed_ms);
CREATE TABLE token (
  id {ID} NOT NULL PRIMARY KEY,
  account {ID} NOT NULL,
  created_ms {ID} NOT NULL,
  closed_ms {ID} NOT NULL,
  label {TEXT(160)} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX token_account ON token (account, closed_ms);
CREATE TABLE block (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  blocked INTEGER NOT NULL,
  changed_ms {ID} NOT NULL,
  PRIMARY KEY (account, target)
) {TABLE_OPTIONS};
CREATE TABLE imported_account (
  source {TEXT(32)} NOT NULL,
  source_id {TEXT(64)} NOT NULL,
  account {ID} NOT NULL,
  PRIMARY KEY (source, source_id)
) {TABLE_OPTIONS})"},
    {2, R"(ALTER TABLE account ADD COLUMN bio {TEXT(640)} NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN face {ID} NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN follows_shown_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN empathies_shown_to INTEGER NOT NULL DEFAULT 0;
CREATE TABLE mute (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  muted INTEGER NOT NULL,
  changed_ms {ID} NOT NULL,
  PRIMARY KEY (account, target)
) {TABLE_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::account
