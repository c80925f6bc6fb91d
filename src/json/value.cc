#include "json/value.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace matsuri::json {

namespace dom = simdjson::dom;

// Our views are simdjson's in disguise: the same two words.
struct Access {
  template <class T>
  static T as(Value value) {
    static_assert(sizeof(T) == sizeof(Value) && std::is_trivially_copyable_v<T>);
    static_assert(std::is_trivially_copyable_v<Value>);
    return std::bit_cast<T>(value);
  }
  template <class T>
  static Value from(T place) {
    static_assert(sizeof(T) == sizeof(Value) && std::is_trivially_copyable_v<T>);
    return std::bit_cast<Value>(place);
  }
};

namespace {

constexpr std::size_t depth_limit = 1024;
// Parsers keep their scratch memory for the next text; above this it is given back instead.
constexpr std::size_t kept_scratch_size_max = 64U << 10;

dom::element element(Value value) { return Access::as<dom::element>(value); }

Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }

std::string explain(simdjson::error_code code, const Limits& limits) {
  if (code == simdjson::DEPTH_ERROR) {
    return "is nested more than " + std::to_string(limits.depth_max) + " deep";
  }
  return std::string("is not JSON: ") + simdjson::error_message(code);
}

bool has_duplicates(dom::object object) {
  std::vector<std::string_view> keys;
  for (const auto field : object) keys.push_back(field.key);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

// The first object with a key that stands twice. Recursion is bounded by Limits::depth_max.
Result<void> check_keys(dom::element at) {
  if (dom::array array; at.get(array) == simdjson::SUCCESS) {
    for (const dom::element child : array) TRY(check_keys(child));
    return {};
  }
  dom::object object;
  if (at.get(object) != simdjson::SUCCESS) return {};
  if (has_duplicates(object)) return invalid("has a key twice in one object");
  for (const auto field : object) TRY(check_keys(field.value));
  return {};
}

simdjson::error_code parse_with(dom::parser& parser, dom::document& document, std::string_view text,
                                std::size_t depth_max) {
  // simdjson counts the document itself as a level.
  if (parser.max_depth() != depth_max + 1 || parser.capacity() == 0) {
    const std::size_t capacity = std::max(parser.capacity(), text.size());
    const auto error = parser.allocate(std::max<std::size_t>(capacity, 1024), depth_max + 1);
    if (error != simdjson::SUCCESS) return error;
  }
  return parser.parse_into_document(document, text.data(), text.size()).error();
}

}  // namespace

struct Document::Tape {
  dom::document document;
};

Document::Document(std::unique_ptr<Tape> tape) : tape_(std::move(tape)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, const Limits& limits) {
  MATSURI_ASSERT(limits.depth_max >= 1 && limits.depth_max <= depth_limit);
  if (text.size() > limits.size_max) {
    return invalid("has " + std::to_string(text.size()) + " bytes, at most " +
                   std::to_string(limits.size_max) + " are taken");
  }
  if (text.empty()) return invalid("is empty, JSON was expected");

  auto tape = std::make_unique<Tape>();
  simdjson::error_code error;
  if (text.size() <= kept_scratch_size_max) {
    thread_local dom::parser parser;
    error = parse_with(parser, tape->document, text, limits.depth_max);
  } else {
    dom::parser parser;
    error = parse_with(parser, tape->document, text, limits.depth_max);
  }
  MATSURI_ASSERT(error != simdjson::MEMALLOC, "out of memory");
  if (error != simdjson::SUCCESS) return invalid(explain(error, limits));

  Document document(std::move(tape));
  if (!limits.duplicate_keys) TRY(check_keys(element(document.root())));
  return document;
}

Value Document::root() const { return Access::from(tape_->document.root()); }

Kind Value::kind() const {
  switch (element(*this).type()) {
    case dom::element_type::NULL_VALUE:
      return Kind::null;
    case dom::element_type::BOOL:
      return Kind::boolean;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
      return Kind::integer;
    case dom::element_type::DOUBLE:
      return Kind::number;
    case dom::element_type::STRING:
      return Kind::string;
    case dom::element_type::ARRAY:
      return Kind::array;
    case dom::element_type::OBJECT:
      return Kind::object;
  }
  MATSURI_ASSERT(false, "a kind of JSON that we do not know");
}

Result<bool> Value::boolean() const {
  bool value = false;
  if (element(*this).get(value) != simdjson::SUCCESS) return invalid("expected true or false");
  return value;
}

Result<std::int64_t> Value::integer() const {
  std::int64_t value = 0;
  const auto error = element(*this).get(value);
  if (error == simdjson::NUMBER_OUT_OF_RANGE) return invalid("is out of range");
  if (error != simdjson::SUCCESS) return invalid("expected a whole number");
  return value;
}

Result<std::uint64_t> Value::unsigned_integer() const {
  std::uint64_t value = 0;
  const auto error = element(*this).get(value);
  if (error == simdjson::NUMBER_OUT_OF_RANGE) return invalid("is out of range");
  if (error != simdjson::SUCCESS) return invalid("expected a whole number of at least 0");
  return value;
}

Result<double> Value::number() const {
  double value = 0;
  if (element(*this).get(value) != simdjson::SUCCESS) return invalid("expected a number");
  return value;
}

Result<std::string_view> Value::string() const {
  std::string_view value;
  if (element(*this).get(value) != simdjson::SUCCESS) return invalid("expected a string");
  return value;
}

Result<Array> Value::array(std::string path) const {
  if (kind() != Kind::array) return invalid("expected an array");
  return Array(*this, std::move(path));
}

Result<Object> Value::object(std::string path) const {
  if (kind() != Kind::object) return invalid("expected an object");
  return Object(*this, std::move(path));
}

Array::Iterator Array::begin() const {
  return Iterator(Access::from(element(value_).get_array().value_unsafe().begin()));
}

Array::Iterator Array::end() const {
  return Iterator(Access::from(element(value_).get_array().value_unsafe().end()));
}

Array::Iterator& Array::Iterator::operator++() {
  at_ = Access::from(++Access::as<dom::array::iterator>(at_));
  return *this;
}

std::size_t Array::size() const {
  std::size_t count = 0;
  for (auto at = begin(); at != end(); ++at) ++count;
  return count;
}

std::string Array::path_of(std::size_t index) const {
  return path_ + "[" + std::to_string(index) + "]";
}

Object::Iterator Object::begin() const {
  return Iterator(Access::from(element(value_).get_object().value_unsafe().begin()));
}

Object::Iterator Object::end() const {
  return Iterator(Access::from(element(value_).get_object().value_unsafe().end()));
}

Object::Iterator& Object::Iterator::operator++() {
  at_ = Access::from(++Access::as<dom::object::iterator>(at_));
  return *this;
}

Field Object::Iterator::operator*() const {
  const auto at = Access::as<dom::object::iterator>(at_);
  return {.key = at.key(), .value = Access::from(at.value())};
}

std::size_t Object::size() const {
  std::size_t count = 0;
  for (auto at = begin(); at != end(); ++at) ++count;
  return count;
}

std::string Object::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::optional<Value> Object::find(std::string_view key) const {
  for (auto at = begin(), last = end(); at != last; ++at) {
    const Field field = *at;
    if (field.key == key) return field.value;
  }
  return std::nullopt;
}

Result<void> Object::only(std::initializer_list<std::string_view> keys) const {
  for (auto at = begin(), last = end(); at != last; ++at) {
    const std::string_view key = (*at).key;
    if (std::ranges::find(keys, key) == keys.end()) {
      return invalid("is not known here").within(path_of(key));
    }
  }
  return {};
}

Result<Value> Object::value(std::string_view key) const {
  const std::optional<Value> found = find(key);
  if (!found) return invalid("is missing").within(path_of(key));
  return *found;
}

template <class T>
Result<T> Object::get(std::string_view key, Result<T> (*getter)(Value)) const {
  TRY_ASSIGN(const Value found, value(key));
  Result<T> result = getter(found);
  if (!result.ok()) return std::move(result).error().within(path_of(key));
  return result;
}

template <class T>
Result<std::optional<T>> Object::get_optional(std::string_view key,
                                              Result<T> (*getter)(Value)) const {
  const std::optional<Value> found = find(key);
  if (!found || found->is_null()) return std::optional<T>{};
  TRY_ASSIGN(T result, get<T>(key, getter));
  return std::optional<T>(std::move(result));
}

namespace {

Result<std::uint64_t> id_of(Value value) {
  TRY_ASSIGN(const std::string_view digits, value.string());
  return parse_id(digits);
}

}  // namespace

Result<bool> Object::boolean(std::string_view key) const {
  return get<bool>(key, [](Value value) { return value.boolean(); });
}

Result<std::int64_t> Object::integer(std::string_view key) const {
  return get<std::int64_t>(key, [](Value value) { return value.integer(); });
}

Result<std::uint64_t> Object::unsigned_integer(std::string_view key) const {
  return get<std::uint64_t>(key, [](Value value) { return value.unsigned_integer(); });
}

Result<double> Object::number(std::string_view key) const {
  return get<double>(key, [](Value value) { return value.number(); });
}

Result<std::string_view> Object::string(std::string_view key) const {
  return get<std::string_view>(key, [](Value value) { return value.string(); });
}

Result<std::uint64_t> Object::id(std::string_view key) const {
  return get<std::uint64_t>(key, id_of);
}

Result<Array> Object::array(std::string_view key) const {
  TRY_ASSIGN(const Value found, value(key));
  return within(path_of(key), found.array(path_of(key)));
}

Result<Object> Object::object(std::string_view key) const {
  TRY_ASSIGN(const Value found, value(key));
  return within(path_of(key), found.object(path_of(key)));
}

Result<std::optional<bool>> Object::optional_boolean(std::string_view key) const {
  return get_optional<bool>(key, [](Value value) { return value.boolean(); });
}

Result<std::optional<std::int64_t>> Object::optional_integer(std::string_view key) const {
  return get_optional<std::int64_t>(key, [](Value value) { return value.integer(); });
}

Result<std::optional<std::string_view>> Object::optional_string(std::string_view key) const {
  return get_optional<std::string_view>(key, [](Value value) { return value.string(); });
}

Result<std::optional<std::uint64_t>> Object::optional_id(std::string_view key) const {
  return get_optional<std::uint64_t>(key, id_of);
}

Result<std::uint64_t> parse_id(std::string_view digits) {
  std::uint64_t id = 0;
  const char* end = digits.data() + digits.size();
  const bool plain = !digits.empty() && digits[0] >= '1' && digits[0] <= '9';
  const auto [stop, error] = std::from_chars(end - digits.size(), end, id);
  if (!plain || error != std::errc{} || stop != end ||
      id > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return invalid("expected an id: decimal digits in a string");
  }
  return id;
}

}  // namespace matsuri::json
