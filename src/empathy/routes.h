// The HTTP half of empathy: parse, call once, render.
#pragma once

#include "empathy/exec.h"
#include "empathy/posts.h"
#include "http/router.h"
#include "sql/db.h"

namespace matsuri::empathy {

struct RouteParts {
  Empathies& empathies;
  PostLookup& posts;
  sql::Db& db;
};

// Adds /v1/posts/{post}/empathy, /v1/posts/{post}/empathies, /v1/accounts/{handle}/empathies.
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::empathy
