// The HTTP half of timeline: parse, call once, render.
#pragma once

#include "account/directory.h"
#include "http/router.h"
#include "sql/db.h"
#include "timeline/exec.h"
#include "timeline/live.h"

namespace matsuri::timeline {

struct RouteParts {
  Timeline& timeline;
  Live& live;
  sql::Db& db;
  account::Directory& directory;
};

// Adds /v1/communities/{community}/posts, /v1/posts/{post}, /v1/commands/{position}, /v1/stream.
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::timeline
