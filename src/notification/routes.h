// The HTTP half of notification: parse, call once, render.
#pragma once

#include "http/router.h"
#include "notification/exec.h"
#include "notification/posts.h"
#include "sql/db.h"

namespace matsuri::notification {

struct RouteParts {
  Notifications& notifications;
  PostLookup& posts;
  sql::Db& db;
};

// Adds /v1/notifications, /v1/notifications/read and /v1/notifications/settings.
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::notification
