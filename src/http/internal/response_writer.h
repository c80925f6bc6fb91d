// Responses into bytes, with the headers that every answer carries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/internal/rate_limiter.h"
#include "http/message.h"

namespace matsuri::http {

// What the answer must know of its request and connection.
struct ResponseContext {
  bool is_head = false;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  RateVerdict rate;
};

// The head of every answer is the same but for a few lines, so it is made once. Not thread-safe:
// one an I/O thread.
class ResponseWriter {
 public:
  explicit ResponseWriter(bool behind_tls);

  // Sets the Date header. Cheap where the second is the same.
  void set_time(std::int64_t unix_ms);

  void write(std::string& out, const Response& response, const ResponseContext& context);
  // The same with a body that lies elsewhere.
  void write(std::string& out, const Response& response, std::string_view body,
             const ResponseContext& context);
  // The head of an answer without end.
  void write_stream_head(std::string& out, const ResponseContext& context);

 private:
  void write_head(std::string& out, const Response& response, const ResponseContext& context);

  std::string page_headers_;  // the security headers of pages, and of all else
  std::string data_headers_;
  std::string date_line_;  // "date: …\r\n"
  std::int64_t second_ = -1;
};

}  // namespace matsuri::http
