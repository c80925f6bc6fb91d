// The HTTP half of timeline: parse, call once, render.
#pragma once

#include "account/directory.h"
#include "http/router.h"
#include "io/thread_pool.h"
#include "sql/db.h"
#include "timeline/empathies.h"
#include "timeline/exec.h"
#include "timeline/follow.h"
#include "timeline/home.h"
#include "timeline/live.h"
#include "timeline/plaza.h"
#include "timeline/ranking.h"
#include "timeline/rules.h"
#include "timeline/titles.h"

namespace matsuri::timeline {

// With a drawing of 64 KiB, as JSON.
inline constexpr std::size_t post_body_size_max = 262'144;

struct RouteParts {
  Timeline& timeline;
  Live& live;
  sql::Db& db;
  account::Directory& directory;
  const CommunityRules& rules;
  Rankings& rankings;
  Follows& follows;
  Home& home;
  Plaza& plaza;
  const TitleLookup& titles;
  io::ThreadPool& drawers;  // looks at the pixels of what is drawn: the worst takes 15 ms
  EmpathyLookup* empathies = nullptr;  // none: `empathized` is false
};

// Adds /v1/communities/{community}/posts, /v1/accounts/{handle}/posts, /v1/posts/{post} with its
// comments and drawing, follows and /v1/timeline, /v1/plaza, /v1/stream.
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::timeline
