// What people may write: one rule for names and one for texts, the same for the API and for
// imports.
//
// Both trim white space at the ends, bring the text to Normalization Form C, and refuse what is not
// UTF-8, controls, noncharacters, and text in which nothing is to be seen. All else passes, emoji
// of tomorrow too: a code point that this version of Unicode does not know yet is no fault.
// Pure functions; cleaning what is clean changes nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace matsuri::text {

// Both ends included. They hold for the cleaned text. Input of more than four times size_max is
// refused before it is looked at: no text shrinks so far, apart from white space at its ends.
struct Limits {
  std::size_t points_min = 1;
  std::size_t points_max = 0;
  std::size_t size_max = 0;
};

// For names: one line. Line separators are refused, and so are the marks that turn the direction of
// writing, because names stand inside lines of ours. Code::invalid says what is wrong, as the end
// of a sentence: "has 41 code points, at most 40 are taken".
Result<std::string> clean_line(std::string_view input, const Limits& limits);

// For posts: \n is kept, and \r\n becomes \n. Marks of direction pass: a text is shown isolated.
Result<std::string> clean_text(std::string_view input, const Limits& limits);

// The longest head of `text` within the limits that ends with a sentence; where that would keep
// less than a quarter of what fits, with a word; else between two characters as people see them.
// Text that fits comes back whole. A single cluster over the limits is cut inside: there is no
// better place. REQUIRES: valid UTF-8, points_max > 0, size_max >= 4.
std::string_view cut_at_sentence(std::string_view text, const Limits& limits);

// Is it formed like a BCP 47 language tag ("en", "zh-Hant", "es-419"), of at most 35 bytes?
bool is_language_tag(std::string_view tag);

}  // namespace matsuri::text
