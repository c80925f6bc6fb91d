#include "notification/schema.h"

namespace matsuri::notification {
namespace {

// A notice is named by the recipient's sequence number at which it was opened, and ordered by the
// one at which it last grew. An item is one thing that happened, and remembers (`opened`) the
// notice that it stands in, or 0: it stays where the notice goes, so that a fact that comes again
// is known.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE recipient (
  account {ID} NOT NULL PRIMARY KEY,
  at_sequence {ID} NOT NULL,
  read_up_to {ID} NOT NULL,
  changes {ID} NOT NULL,
  notice_count {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE setting (
  account {ID} NOT NULL PRIMARY KEY,
  empathy INTEGER NOT NULL,
  comment INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  follow INTEGER NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE notice (
  recipient {ID} NOT NULL,
  opened {ID} NOT NULL,
  kind INTEGER NOT NULL,
  object {ID} NOT NULL,
  opened_ms {ID} NOT NULL,
  updated_ms {ID} NOT NULL,
  at_sequence {ID} NOT NULL,
  people_count {ID} NOT NULL,
  PRIMARY KEY (recipient, opened)
) {CLUSTERED_OPTIONS};
CREATE INDEX notice_order ON notice (recipient, at_sequence);
CREATE INDEX notice_group ON notice (recipient, kind, object, opened);
CREATE INDEX notice_object ON notice (object);
CREATE INDEX notice_time ON notice (updated_ms);
CREATE TABLE notice_person (
  recipient {ID} NOT NULL,
  opened {ID} NOT NULL,
  person {ID} NOT NULL,
  item_count {ID} NOT NULL,
  latest {ID} NOT NULL,
  PRIMARY KEY (recipient, opened, person)
) {CLUSTERED_OPTIONS};
CREATE INDEX notice_person_order ON notice_person (recipient, opened, latest);
CREATE TABLE item (
  object {ID} NOT NULL,
  source {ID} NOT NULL,
  kind INTEGER NOT NULL,
  recipient {ID} NOT NULL,
  person {ID} NOT NULL,
  rev {ID} NOT NULL,
  opened {ID} NOT NULL,
  unix_ms {ID} NOT NULL,
  PRIMARY KEY (object, source, kind, recipient)
) {CLUSTERED_OPTIONS};
CREATE INDEX item_time ON item (unix_ms);
CREATE TABLE known_comment (
  id {ID} NOT NULL PRIMARY KEY,
  parent {ID} NOT NULL,
  author {ID} NOT NULL,
  unix_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX known_comment_parent ON known_comment (parent, author, id);
CREATE INDEX known_comment_time ON known_comment (unix_ms);
CREATE TABLE gone_post (
  id {ID} NOT NULL PRIMARY KEY,
  unix_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX gone_post_time ON gone_post (unix_ms);
CREATE TABLE horizon (
  slot {ID} NOT NULL PRIMARY KEY,
  unix_ms {ID} NOT NULL
) {TABLE_OPTIONS};
INSERT INTO horizon (slot, unix_ms) VALUES (1, 0))"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::notification
