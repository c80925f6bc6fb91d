// Faces over HTTP: pictures that never change.
#pragma once

#include "http/router.h"

namespace matsuri::face {

// Adds /faces/{genome}/{feeling}.svg and /faces/{genome}/{feeling}-figure.svg.
void add_routes(http::Router& router);

}  // namespace matsuri::face
