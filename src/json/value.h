// Reads JSON (RFC 8259) that strangers send: bounded, wholly checked, and named in its complaints.
//
// simdjson's DOM stands behind it and is seen by value.cc alone. It is strict: one value, valid
// UTF-8, no comments, no trailing commas, no byte order mark, no numbers beyond 64 bits that are
// written as integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace matsuri::json {

struct Limits {
  std::size_t size_max = 1U << 20;  // Bytes of text.
  std::size_t depth_max = 32;       // Arrays and objects in one another; at most 1024. An empty
                                    // one counts as a plain value.
  // RFC 8259 lets a key stand twice in an object; no two programs agree on what it means then, so
  // it is refused unless told.
  bool duplicate_keys = false;
};

enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };

class Array;
class Object;

// One value of a Document: a light view, passed by value. It lives as long as its Document, and so
// do the string_views it gives. The getters give Code::invalid for another kind: "expected a
// string".
class Value {
 public:
  Kind kind() const;  // integer: written as one and fits int64 or uint64; else number.
  bool is_null() const { return kind() == Kind::null; }

  Result<bool> boolean() const;
  Result<std::int64_t> integer() const;
  Result<std::uint64_t> unsigned_integer() const;
  Result<double> number() const;  // Integers too.
  Result<std::string_view> string() const;
  // `path` goes in front of the complaints about what is inside: "author" gives "author.id: …".
  Result<Array> array(std::string path = {}) const;
  Result<Object> object(std::string path = {}) const;

 private:
  friend class Array;
  friend class Document;
  friend class Object;
  friend struct Access;
  Value(const void* document, std::size_t index) : document_(document), index_(index) {}

  const void* document_;  // simdjson's document, and a place on its tape.
  std::size_t index_;
};

// The values of an array, in their order.
class Array {
 public:
  class Iterator {
   public:
    Value operator*() const { return at_; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return at_.index_ != other.at_.index_; }

   private:
    friend class Array;
    explicit Iterator(Value at) : at_(at) {}
    Value at_;
  };

  Iterator begin() const;
  Iterator end() const;
  std::size_t size() const;  // Counts: linear.

  // "tags[3]", for complaints about that element.
  std::string path_of(std::size_t index) const;

 private:
  friend class Value;
  Array(Value value, std::string path) : value_(value), path_(std::move(path)) {}

  Value value_;
  std::string path_;
};

struct Field;

// The fields of an object. The getters give Code::invalid with the field's name in front, where it
// is missing or of another kind ("text: is missing", "text: expected a string"); the optional_ ones
// give nullopt where it is missing or null.
//
//   TRY_ASSIGN(const json::Document document, json::Document::parse(body));
//   TRY_ASSIGN(const json::Object post, document.object());
//   TRY(post.only({"text", "language"}));
//   TRY_ASSIGN(const std::string_view text, post.string("text"));
class Object {
 public:
  class Iterator {
   public:
    Field operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return at_.index_ != other.at_.index_; }

   private:
    friend class Object;
    explicit Iterator(Value at) : at_(at) {}
    Value at_;  // Of the key; the value follows it.
  };

  Iterator begin() const;
  Iterator end() const;
  std::size_t size() const;  // Counts: linear.

  std::optional<Value> find(std::string_view key) const;
  // The first field that `keys` does not name is an error: "colour: is not known here".
  Result<void> only(std::initializer_list<std::string_view> keys) const;

  Result<Value> value(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<std::uint64_t> unsigned_integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<std::string_view> string(std::string_view key) const;
  // Ids travel as strings of decimal digits, because JavaScript's numbers end at 2^53: 1..2^63-1,
  // no sign, no leading zero.
  Result<std::uint64_t> id(std::string_view key) const;
  Result<Array> array(std::string_view key) const;
  Result<Object> object(std::string_view key) const;

  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_integer(std::string_view key) const;
  Result<std::optional<std::string_view>> optional_string(std::string_view key) const;
  Result<std::optional<std::uint64_t>> optional_id(std::string_view key) const;

 private:
  friend class Value;
  Object(Value value, std::string path) : value_(value), path_(std::move(path)) {}

  std::string path_of(std::string_view key) const;
  template <class T>
  Result<T> get(std::string_view key, Result<T> (*getter)(Value)) const;
  template <class T>
  Result<std::optional<T>> get_optional(std::string_view key, Result<T> (*getter)(Value)) const;

  Value value_;
  std::string path_;
};

struct Field {
  std::string_view key;
  Value value;
};

// A parsed text. Owns all that its values point to, and nothing of the text. Movable: values stay
// valid. Any thread may parse and read; one thread at a time for one Document.
class Document {
 public:
  // Code::invalid says what is wrong, as the end of a sentence: "is not JSON: …".
  static Result<Document> parse(std::string_view text, const Limits& limits = {});

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Value root() const;
  Result<Object> object() const { return root().object(); }

 private:
  struct Tape;
  explicit Document(std::unique_ptr<Tape> tape);

  std::unique_ptr<Tape> tape_;
};

// Reads an id as the API writes it: decimal digits, 1..2^63-1, no sign, no leading zero.
Result<std::uint64_t> parse_id(std::string_view digits);

}  // namespace matsuri::json
