#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace matsuri::log {
namespace {

std::atomic<Format> format_now{Format::text};
std::atomic<Level> level_now{Level::info};

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  return true;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>(
        "matsuri", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

}  // namespace

void configure(Level level, Format format) {
  level_now = level;
  format_now = format;
  // In JSON the whole line is one object: the pattern opens it, format_line() goes on.
  logger().set_pattern(format == Format::json
                           ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v",
                       spdlog::pattern_time_type::utc);
}

std::string format_line(Format format, std::string_view module, std::string_view message,
                        Fields fields) {
  std::string line;
  if (format == Format::json) {
    line += "\"module\":";
    append_escaped(line, module);
    line += ",\"message\":";
    append_escaped(line, message);
    for (const Field& field : fields) {
      line += ',';
      append_escaped(line, field.key);
      line += ':';
      if (field.value.is_text())
        append_escaped(line, field.value.text());
      else
        line += field.value.text();
    }
    return line;
  }
  line += module;
  line += ": ";
  line += message;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (is_plain(field.value.text()))
      line += field.value.text();
    else
      append_escaped(line, field.value.text());
  }
  return line;
}

bool is_enabled(Level level) { return level >= level_now.load(std::memory_order_relaxed); }

void write(Level level, std::string_view module, std::string_view message, Fields fields) {
  if (!is_enabled(level)) return;
  logger().log(spdlog_level(level), "{}",
               format_line(format_now.load(std::memory_order_relaxed), module, message, fields));
}

}  // namespace matsuri::log
