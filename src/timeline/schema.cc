#include "timeline/schema.h"

namespace matsuri::timeline {
namespace {

// No foreign keys: a post may come before the fact that names its author.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE post (
  id {ID} NOT NULL PRIMARY KEY,
  community {ID} NOT NULL,
  author {ID} NOT NULL,
  rev {ID} NOT NULL,
  text {TEXT(1120)} NOT NULL,
  language {TEXT(35)} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX post_community ON post (community, id);
CREATE INDEX post_author ON post (author, id);
CREATE TABLE author (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  handle {TEXT(20)} NOT NULL,
  name {TEXT(160)} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE block (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  blocked INTEGER NOT NULL,
  PRIMARY KEY (account, target)
) {TABLE_OPTIONS};
CREATE INDEX block_target ON block (target, blocked);
CREATE TABLE idempotency (
  account_key {BLOB(24)} NOT NULL PRIMARY KEY,
  fingerprint {ID} NOT NULL,
  post {ID} NOT NULL,
  unix_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX idempotency_time ON idempotency (unix_ms);
CREATE TABLE imported_post (
  source_key {TEXT(97)} NOT NULL PRIMARY KEY,
  post {ID} NOT NULL
) {TABLE_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::timeline
