// People, communities and what they say: the shapes of api/openapi.yaml.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace matsuri {

// Ids are opaque to a game: numbers in decimal, and the larger one is the newer.
using Id = std::string;

struct NewAccount {
  std::string handle;    // a-z, 0-9 and _, begins with a letter; 3 to 20
  std::string name;      // 1 to 40 code points
  std::string password;  // 8 to 128 code points
};

struct Credentials {
  std::string handle;
  std::string password;
};

struct Account {
  Id id;
  std::string handle;
  std::string name;
  std::string role;  // user, moderator, support, admin
  std::string face;  // a genome; /faces/{face}/{feeling}.svg is its picture
};

struct Author {
  Id id;
  std::string handle;
  std::string name;
  std::string face;
};

struct Title {
  Id id;
  std::map<std::string, std::string> names;  // by language
  Id main_community;
};

struct Community {
  Id id;
  Id title;  // empty for the plaza's own
  std::string kind;
  std::map<std::string, std::string> names;
};

// Which part of a list. `next` of one page is the `from` of the next.
struct PageRequest {
  int limit = 50;  // 1 to 100
  std::string from;
};

struct Stroke {
  int pen = 2;  // 1 to 3: 2, 4 or 8 pixels wide
  bool eraser = false;
  // x, y, t, x, y, t, ...: on 1280 by 480 quarters of a pixel; t is ms since the point before.
  std::vector<int> points;
};

struct Drawing {
  std::vector<Stroke> strokes;
};

struct NewPost {
  std::string text;  // at most 280 code points and 1120 bytes
  std::optional<Drawing> drawing;
  int feeling = 0;  // 0 to 5: which face its author makes
  bool spoiler = false;
  std::string tag;       // at most 50 code points; none where empty
  std::string language;  // a BCP 47 tag; none where empty
};

struct Post {
  Id id;
  Id community;
  Id parent;  // of a comment; empty for a post
  Author author;
  std::string text;
  bool has_drawing = false;
  int feeling = 0;
  bool spoiler = false;
  std::string tag;
  std::string language;
  std::string created_at;  // RFC 3339, UTC
  std::int64_t comment_count = 0;
  std::int64_t empathy_count = 0;
  bool empathized = false;  // by who asks
  bool mine = false;
  // In the answer to create_post() and create_comment(): what find_fate() wants. May be empty.
  std::string position;
};

struct PostPage {
  std::vector<Post> posts;
  std::string next;    // empty at the end
  bool stale = false;  // something of one's own may not be in it yet
};

struct PeoplePage {
  std::vector<Author> people;
  std::string next;
  bool stale = false;
};

struct CommunityPage {
  std::vector<Community> communities;
  std::string next;
};

enum class Sort { newest, hot, popular };

struct Feed {
  Id community = "1";  // the plaza
  Sort sort = Sort::newest;
  std::string day;  // with popular: a day in UTC; the newest where empty
  PageRequest page;
};

// What became of a post after it was accepted.
struct Fate {
  std::string status;  // pending, applied, duplicate, refused, quarantined
  std::string reason;  // with refused
};

}  // namespace matsuri
