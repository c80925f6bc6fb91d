// Structured logs: one line an event, `time level module message key=value …` for people on a
// terminal, or one JSON object a line for machines. Never a secret, never a user's text.
//
//   log::info("journal", "segment sealed", {{"segment", name}, {"records", count}});
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace matsuri::log {

enum class Level : std::uint8_t { debug, info, warn, error };

enum class Format : std::uint8_t { text, json };

// A value of a field. Numbers stay numbers in JSON.
class Value {
 public:
  Value(std::string_view text) : text_(text), is_text_(true) {}      // NOLINT: reads as a literal
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT
  Value(bool value) : text_(value ? "true" : "false") {}             // NOLINT
  template <std::integral T>
  Value(T number) : text_(std::to_string(number)) {}       // NOLINT
  Value(double number) : text_(std::to_string(number)) {}  // NOLINT

  const std::string& text() const { return text_; }
  bool is_text() const { return is_text_; }

 private:
  std::string text_;
  bool is_text_ = false;
};

struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

// Sets where lines go: standard error, in this form, from this level up. Call once, early; without
// it, info and above go out as text. Thread-safe from then on.
void configure(Level level, Format format);

// Would a line of this level go out? For callers to whom even making the fields is too much.
bool is_enabled(Level level);

void write(Level level, std::string_view module, std::string_view message, Fields fields = {});

inline void debug(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::debug, module, message, fields);
}
inline void info(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::info, module, message, fields);
}
inline void warn(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::warn, module, message, fields);
}
inline void error(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::error, module, message, fields);
}

// One line in the given form, without time and level: what write() prints. For tests.
std::string format_line(Format format, std::string_view module, std::string_view message,
                        Fields fields);

}  // namespace matsuri::log
