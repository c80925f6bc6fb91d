// Errors are values: every function that can fail returns a Result.
//
// No exception crosses a module. One table in http/problem.cc maps the codes to HTTP statuses.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace matsuri {

// A code exists only where a caller can do something different because of it. Detail for people
// goes into the message. The values appear in logs and in API replies: never renumber them.
enum class Code : std::uint8_t {
  invalid = 1,          // The request is wrong and stays wrong: fix it, do not retry.
  denied = 2,           // We know who asks, and they may not.
  not_found = 3,        // No such thing, or the caller may not know that it exists.
  conflict = 4,         // The state moved under the caller: read again, then retry.
  exhausted = 5,        // A limit was met: retry after the time the reply names.
  busy = 6,             // Not now, for no fault of the caller: retry with backoff.
  io = 7,               // A device, file or peer failed. The data at rest is believed good.
  corrupt = 8,          // Bytes at rest are wrong. Stop, page somebody.
  unauthenticated = 9,  // We don't know who asks: sign in, then retry.
};

// The stable name of a code, as logs and API replies carry it.
std::string_view name_of(Code code);

// What went wrong: a code for programs and a sentence for people.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // "invalid: text is empty", for logs.
  std::string to_string() const;

  // Puts where it happened in front of the message: "open segment: no space left".
  Error within(std::string_view context) &&;

 private:
  Code code_;
  std::string message_;
};

// A value, or the error that kept it from being.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // An Error converts by itself, so that `return Error(Code::busy, "…")` reads as what it is.
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}  // NOLINT

  bool ok() const { return this->has_value(); }
};

// Carries an error upwards with a sentence of where it happened, and leaves a value alone.
template <class T>
Result<T> within(std::string_view context, Result<T> result) {
  if (result.ok()) return result;
  return std::move(result).error().within(context);
}

}  // namespace matsuri

#define MATSURI_CONCAT_INNER(a, b) a##b
#define MATSURI_CONCAT(a, b) MATSURI_CONCAT_INNER(a, b)

// Returns from the enclosing function with the error of `expression`, if it has one.
#define TRY(expression)                                                         \
  do {                                                                          \
    auto matsuri_try_result = (expression);                                     \
    if (!matsuri_try_result.ok()) return std::move(matsuri_try_result).error(); \
  } while (false)

#define MATSURI_TRY_ASSIGN(temporary, target, expression)   \
  auto temporary = (expression);                            \
  if (!temporary.ok()) return std::move(temporary).error(); \
  target = std::move(temporary).value()

// TRY_ASSIGN(const int n, parse(text)): declares or assigns the value, or returns the error.
#define TRY_ASSIGN(target, ...) \
  MATSURI_TRY_ASSIGN(MATSURI_CONCAT(matsuri_result_, __LINE__), target, (__VA_ARGS__))
