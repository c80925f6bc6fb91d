// The look of the web client, as a page of our own can carry it.
#pragma once

#include <string_view>

namespace matsuri::program_builder {

// web/ui/tokens.css.
std::string_view tokens_css();

}  // namespace matsuri::program_builder
