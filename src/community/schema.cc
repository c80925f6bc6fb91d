#include "community/schema.h"

namespace matsuri::community {
namespace {

// The plaza is there before any fact: its row is part of the schema. It was created at the id
// epoch, in the languages of the web client.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE title (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  names {TEXT(8784)} NOT NULL,
  platforms {TEXT(2576)} NOT NULL,
  publisher {TEXT(320)} NOT NULL,
  crest {TEXT(64)} NOT NULL,
  main_community {ID} NOT NULL,
  created_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE community (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  title {ID} NOT NULL,
  kind INTEGER NOT NULL,
  owner {ID} NOT NULL,
  names {TEXT(8784)} NOT NULL,
  description {TEXT(2000)} NOT NULL,
  post_kinds INTEGER NOT NULL,
  who_posts INTEGER NOT NULL,
  created_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX community_title ON community (title, id);
CREATE INDEX community_kind ON community (kind, id);
CREATE INDEX community_owner ON community (owner, title);
CREATE TABLE imported_title (
  source {TEXT(32)} NOT NULL,
  source_id {TEXT(64)} NOT NULL,
  title {ID} NOT NULL,
  PRIMARY KEY (source, source_id)
) {TABLE_OPTIONS};
CREATE TABLE imported_community (
  source {TEXT(32)} NOT NULL,
  source_id {TEXT(64)} NOT NULL,
  community {ID} NOT NULL,
  PRIMARY KEY (source, source_id)
) {TABLE_OPTIONS};
CREATE INDEX imported_community_of ON imported_community (community);
INSERT INTO community (id, rev, title, kind, owner, names, description, post_kinds, who_posts,
  created_ms) VALUES (1, 1, 0, 0, 0, )"
        "'en\tPlaza\nja\t広場\n'"
        ", '', 3, 0, 1262304000000)"},
    {2, R"(CREATE TABLE community_key (
  account_key {BLOB(24)} NOT NULL PRIMARY KEY,
  fingerprint {ID} NOT NULL,
  created_ms {ID} NOT NULL,
  fact {BLOB} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX community_key_time ON community_key (created_ms))"},
    {3,
     "UPDATE community SET rev = 2, names = 'en\tCommon ground\nja\tみんなの集い\n' "
     "WHERE id = 1 AND rev = 1"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::community
