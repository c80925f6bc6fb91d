// What Unicode says about UTF-8 text: is it valid, where do characters end, what is its normal
// form.
//
// utf8proc (Unicode 15.0) stands behind it and is seen by unicode.cc alone. All functions are pure
// and thread-safe. Those that take "valid UTF-8" read no byte outside the text whatever it holds,
// but mean nothing for other text: whoever takes text from outside calls is_utf8() first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace matsuri::text {

// The code point that starts at an offset, and how many bytes it has: 0 where it is not valid.
struct Point {
  char32_t value = 0;
  std::size_t size = 0;
};

// Decodes one code point. Surrogates, overlong forms and what lies over U+10FFFF are not valid.
// REQUIRES: offset < text.size().
Point point_at(std::string_view text, std::size_t offset);

// Appends the code point. REQUIRES: it is no surrogate and at most U+10FFFF.
void append_point(std::string& text, char32_t point);

bool is_utf8(std::string_view text);

// Number of code points. REQUIRES: valid UTF-8.
std::size_t count_points(std::string_view text);

// Number of extended grapheme clusters: characters as people see them. REQUIRES: valid UTF-8.
std::size_t count_graphemes(std::string_view text);

// The end of the grapheme cluster that starts at `offset`. REQUIRES: valid UTF-8, a cluster starts
// at `offset`, offset < text.size().
std::size_t grapheme_end(std::string_view text, std::size_t offset);

// For each code point of `points`: does a grapheme cluster start at it?
std::vector<bool> grapheme_starts(const std::u32string& points);

// Normalization Form C. The time is quadratic in the longest run of combining marks: callers bound
// the text. REQUIRES: valid UTF-8.
std::string to_nfc(std::string_view text);

// Unicode's White_Space.
bool is_space(char32_t point);

// U+0000..001F, U+007F..009F.
bool is_control(char32_t point);

// Never a character, in no version of Unicode: U+FDD0..FDEF and the last two of each plane.
bool is_noncharacter(char32_t point);

// Embeds, overrides or isolates the direction of writing: U+202A..202E, U+2066..2069.
bool is_direction_mark(char32_t point);

// Draws nothing by itself: white space, formats, fillers, variation selectors, tags.
bool is_inkless(char32_t point);

}  // namespace matsuri::text
