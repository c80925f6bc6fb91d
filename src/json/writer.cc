#include "json/writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/assert.h"

namespace matsuri::json {
namespace {

constexpr unsigned depth_max = 63;

// For each byte: 0 where it stands for itself, else the letter of its escape ('u' has digits).
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}();

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  MATSURI_DEBUG_ASSERT(error == std::errc{});
  out.append(buffer.data(), end);
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = escapes[byte];
    if (escape == 0) continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += static_cast<char>('0' + (byte >> 4));
      out += "0123456789abcdef"[byte & 0xF];
    }
  }
  out.append(text, begin);
  out += '"';
}

void Writer::before_value() {
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  if (after_key_) {
    after_key_ = false;
    return;
  }
  MATSURI_DEBUG_ASSERT((is_object_ & bit) == 0, "a value in an object needs a key");
  MATSURI_DEBUG_ASSERT(depth_ > 0 || (has_items_ & bit) == 0, "a text has one value");
  if ((has_items_ & bit) != 0) out_ += ',';
  has_items_ |= bit;
}

void Writer::open(char bracket, bool object) {
  before_value();
  MATSURI_ASSERT(depth_ < depth_max, "JSON nests too deep");
  ++depth_;
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  has_items_ &= ~bit;
  is_object_ = object ? is_object_ | bit : is_object_ & ~bit;
  out_ += bracket;
}

void Writer::close(char bracket, bool object) {
  MATSURI_DEBUG_ASSERT(depth_ > 0 && !after_key_);
  MATSURI_DEBUG_ASSERT(((is_object_ >> depth_) & 1) == (object ? 1U : 0U));
  (void)object;
  --depth_;
  out_ += bracket;
}

Writer& Writer::begin_object() {
  open('{', true);
  return *this;
}

Writer& Writer::end_object() {
  close('}', true);
  return *this;
}

Writer& Writer::begin_array() {
  open('[', false);
  return *this;
}

Writer& Writer::end_array() {
  close(']', false);
  return *this;
}

Writer& Writer::key(std::string_view name) {
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  MATSURI_DEBUG_ASSERT((is_object_ & bit) != 0 && !after_key_, "a key stands in an object");
  if ((has_items_ & bit) != 0) out_ += ',';
  has_items_ |= bit;
  append_string(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

Writer& Writer::string(std::string_view value) {
  before_value();
  append_string(out_, value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

Writer& Writer::unsigned_integer(std::uint64_t value) {
  before_value();
  append_number(out_, value);
  return *this;
}

Writer& Writer::number(double value) {
  MATSURI_ASSERT(std::isfinite(value), "JSON has no infinity and no NaN");
  before_value();
  const std::size_t begin = out_.size();
  append_number(out_, value);
  if (out_.find_first_of(".e", begin) == std::string::npos) out_ += ".0";
  return *this;
}

Writer& Writer::boolean(bool value) {
  before_value();
  out_ += value ? "true" : "false";
  return *this;
}

Writer& Writer::null() {
  before_value();
  out_ += "null";
  return *this;
}

Writer& Writer::id(std::uint64_t value) {
  before_value();
  out_ += '"';
  append_number(out_, value);
  out_ += '"';
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  before_value();
  out_ += json;
  return *this;
}

}  // namespace matsuri::json
