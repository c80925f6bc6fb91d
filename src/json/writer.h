// Writes JSON onto a string, in one pass and without a tree.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "json/value.h"

namespace matsuri::json {

// Appends one JSON value to a string that somebody else owns, with no white space and no newline,
// so that it fits on one line of an event stream. Commas and colons come by themselves. A program
// that nests wrongly (a value without a key in an object, an end without a begin) is stopped by an
// assertion in debug builds. Nests at most 63 deep.
//
//   json::Writer writer(body);
//   writer.begin_object().field_id("id", post.id).field("text", post.text).end_object();
//
// REQUIRES: all strings are valid UTF-8. Not thread-safe.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);

  Writer& string(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& unsigned_integer(std::uint64_t value);
  // Shortest form that reads back the same; whole numbers keep a ".0", so that they stay numbers of
  // this kind. REQUIRES: finite, because JSON has no other.
  Writer& number(double value);
  Writer& boolean(bool value);
  Writer& null();
  // Ids are strings: JavaScript's numbers end at 2^53.
  Writer& id(std::uint64_t value);
  // A copy of a parsed value. REQUIRES: it nests at most 63 deep, together with what is open.
  Writer& copy(Value value);
  // One value that is JSON already. REQUIRES: it is.
  Writer& raw(std::string_view json);

  Writer& field(std::string_view name, std::string_view value) { return key(name).string(value); }
  Writer& field(std::string_view name, const char* value) { return key(name).string(value); }
  template <std::same_as<bool> T>
  Writer& field(std::string_view name, T value) {
    return key(name).boolean(value);
  }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Writer& field(std::string_view name, T value) {
    key(name);
    if constexpr (std::is_signed_v<T>) return integer(value);
    return unsigned_integer(static_cast<std::uint64_t>(value));
  }
  template <std::floating_point T>
  Writer& field(std::string_view name, T value) {
    return key(name).number(value);
  }
  Writer& field_id(std::string_view name, std::uint64_t value) { return key(name).id(value); }
  Writer& field_null(std::string_view name) { return key(name).null(); }

  // Is exactly one value written, and all closed?
  bool complete() const { return depth_ == 0 && (has_items_ & 1) != 0; }

 private:
  void before_value();
  void open(char bracket, bool object);
  void close(char bracket, bool object);

  std::string& out_;
  // One bit a level, the outermost in the lowest: is it an object, has it items already?
  std::uint64_t is_object_ = 0;
  std::uint64_t has_items_ = 0;
  unsigned depth_ = 0;
  bool after_key_ = false;
};

// Appends `text` in quotes, escaped.
void append_string(std::string& out, std::string_view text);

}  // namespace matsuri::json
