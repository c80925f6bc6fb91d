// The HTTP half of community: parse, call once, render.
#pragma once

#include "account/directory.h"
#include "community/exec.h"
#include "community/model.h"
#include "http/router.h"
#include "json/writer.h"
#include "sql/db.h"

namespace matsuri::community {

struct RouteParts {
  Communities& communities;
  sql::Db& db;
  account::Directory& people;  // the names of owners
};

// Adds /v1/titles… and /v1/communities….
void add_routes(http::Router& router, RouteParts parts);

// A title as the API shows it, for other routes that show titles too.
void write_title(json::Writer& writer, const Title& title);

}  // namespace matsuri::community
