#include "timeline/schema.h"

namespace matsuri::timeline {
namespace {

// No foreign keys: a post may come before the fact that names its author. `early` has what was said
// of a post before it came: the last edit, whether it was deleted; or it only marks that `heat` has
// a row.
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
    // Posts of all kinds and comments. `rev` is 1, or the id of the last edit; `drawing` and
    // `guard` are digests (digest.h), 0 where there is none. What a post has got from others stands
    // in `heat`, with a row only for posts that got something: most get nothing, and writing them
    // stays cheap. Its `community` is 0 where the post is to be in no ranking.
    {2, R"(ALTER TABLE post ADD COLUMN parent {ID} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN is_comment {INT} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN guard {ID} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN drawing {ID} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN feeling {INT} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN spoiler {INT} NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN tag {TEXT(50)} NOT NULL DEFAULT '';
ALTER TABLE post ADD COLUMN deleted {INT} NOT NULL DEFAULT 0;
CREATE INDEX post_thread ON post (parent, community, id);
CREATE INDEX post_profile ON post (author, is_comment, id);
DROP INDEX post_community {ON post};
DROP INDEX post_author {ON post};
CREATE TABLE drawing (
  post {ID} NOT NULL PRIMARY KEY,
  author {ID} NOT NULL,
  is_comment {INT} NOT NULL,
  stored {BLOB} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX drawing_profile ON drawing (author, is_comment, post);
CREATE TABLE heat (
  post {ID} NOT NULL PRIMARY KEY,
  community {ID} NOT NULL,
  day {INT} NOT NULL,
  hot {INT} NOT NULL,
  empathy_count {INT} NOT NULL,
  empathy_rev {ID} NOT NULL,
  comment_count {INT} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX heat_hot ON heat (community, hot, post);
CREATE INDEX heat_popular ON heat (community, day, empathy_count, post);
CREATE TABLE early (
  post {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  text {TEXT(1120)} NOT NULL,
  feeling {INT} NOT NULL,
  spoiler {INT} NOT NULL,
  tag {TEXT(50)} NOT NULL,
  deleted {INT} NOT NULL
) {TABLE_OPTIONS};
ALTER TABLE author ADD COLUMN face {ID} NOT NULL DEFAULT 0;
ALTER TABLE author ADD COLUMN follows_shown_to {INT} NOT NULL DEFAULT 0;
ALTER TABLE author ADD COLUMN empathies_shown_to {INT} NOT NULL DEFAULT 0;
CREATE INDEX author_handle ON author (handle);
CREATE TABLE mute (
  account {ID} NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  muted {INT} NOT NULL,
  PRIMARY KEY (account, target)
) {TABLE_OPTIONS};
CREATE TABLE community (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  title {ID} NOT NULL,
  kind {INT} NOT NULL,
  owner {ID} NOT NULL,
  post_kinds {INT} NOT NULL,
  who_posts {INT} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX community_title ON community (title, kind))"},
    // rev: the id of the last command that was heeded. since: of the one from which on it is so.
    // tally: how many posts (comments and deleted ones not among them) and followers each person
    // (kind 1) and community (kind 2) has, and how many a person follows; always the sums of rows.
    {3, R"(CREATE TABLE follow (
  account {ID} NOT NULL,
  kind INTEGER NOT NULL,
  target {ID} NOT NULL,
  rev {ID} NOT NULL,
  followed INTEGER NOT NULL,
  since {ID} NOT NULL,
  PRIMARY KEY (account, kind, target)
) {TABLE_OPTIONS};
CREATE INDEX follow_account ON follow (account, kind, followed, since);
CREATE INDEX follow_target ON follow (kind, target, followed, since);
CREATE TABLE tally (
  kind INTEGER NOT NULL,
  id {ID} NOT NULL,
  post_count {ID} NOT NULL,
  follower_count {ID} NOT NULL,
  people_count {ID} NOT NULL,
  community_count {ID} NOT NULL,
  PRIMARY KEY (kind, id)
) {TABLE_OPTIONS};
INSERT INTO tally SELECT 1, author, COUNT(*), 0, 0, 0
  FROM post WHERE is_comment = 0 AND deleted = 0 GROUP BY author;
INSERT INTO tally SELECT 2, community, COUNT(*), 0, 0, 0
  FROM post WHERE is_comment = 0 AND deleted = 0 GROUP BY community)"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::timeline
