// Layouts that so many pictures have that they prove nothing: a disc in the middle, a horizon, a
// line of text. Whoever shows such a still to a phone must not pass.
#pragma once

#include <array>
#include <vector>

#include "match/features.h"

namespace matsuri::program_builder {

// Features of length 1.
using Template = std::array<double, match::cell_count>;

inline constexpr std::size_t principal_count = 16;

// The pictures that the templates are made of. Drawn by rules, the same everywhere.
std::vector<match::Features> generic_frames();

// The principal frames of generic_frames(), and their mean.
std::vector<Template> generic_templates();

}  // namespace matsuri::program_builder
