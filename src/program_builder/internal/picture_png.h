// Small pictures as files that a page can carry.
#pragma once

#include <string>

#include "program_builder/video.h"

namespace matsuri::program_builder {

// A PNG file of three bytes a pixel.
std::string to_png(const Picture& picture);

// RFC 4648, with padding.
std::string to_base64(std::string_view bytes);

}  // namespace matsuri::program_builder
