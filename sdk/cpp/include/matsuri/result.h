// What a call gives back: a value, or an error that says what to do about it. Nothing is thrown.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>

namespace matsuri {

// A code exists only where a program can do something different because of it. The first nine are
// those of the server's problem documents, the others are this library's own.
enum class Code {
  invalid,          // the request is wrong and stays wrong: fix it, do not retry
  denied,           // they know who asks, and they may not
  not_found,        // no such thing, or the caller may not know that it exists
  conflict,         // the state moved, or is another one than the request thinks
  exhausted,        // a limit was met: of the server's, or of this client's queue
  busy,             // not now, for no fault of the caller; all tries are used up
  io,               // a device failed: the server's, or that of the queue's file
  corrupt,          // an answer, or a file, that cannot be read
  unauthenticated,  // sign in, then try again
  unreachable,      // no answer, all tries are used up: it may have taken effect
};

// The name of a code, as the server writes it.
const char* name_of(Code code);

struct Error {
  Code code = Code::invalid;
  std::string message;    // a sentence for people; names the limit that was met
  int status = 0;         // of HTTP; 0 where the error is this library's own
  int retry_after_s = 0;  // as the server said; 0 where it did not
};

// Nothing, where there is nothing to say but that it is done.
struct Done {};

// A value or an error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  const T& value() const { return *std::get_if<0>(&state_); }
  T& value() { return *std::get_if<0>(&state_); }
  const T& operator*() const { return value(); }
  T& operator*() { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  // REQUIRES: !ok().
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

// Hears how a call ended: exactly once, inside Client::tick(), on the thread that calls it; never,
// where the client is destroyed before. May call the client. Must not throw. May be empty.
template <typename T>
using Callback = std::function<void(Result<T>)>;

}  // namespace matsuri
