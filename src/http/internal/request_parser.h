// Bytes into a Request, without a socket: so a fuzzer and the torture files can reach all of it.
//
// Beast's strict parser reads the grammar. What Beast lets through and we don't is refused here:
// header lines that go on (obs-fold), Content-Length given twice or as a list, any transfer coding
// but chunked, chunked in HTTP/1.0, no Host or more than one, and sizes without end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace matsuri::http {

struct ParserLimits {
  std::size_t header_size_max = 16 << 10;  // request line and headers, with their line ends
  std::size_t header_count_max = 100;
  std::size_t target_size_max = 8 << 10;
};

// What is wrong with the bytes. The connection can't go on after it: nobody knows where the next
// request starts.
struct ParseError {
  int status = 0;
  std::string_view detail;
};

// Reads one request after the other. Not thread-safe.
class RequestParser {
 public:
  enum class Step : std::uint8_t {
    need_more,    // all that can be used was used: come again with the rest and more
    header_done,  // once a request: look at it, set a limit for its body, go on
    complete,     // the request is whole; start() the next one
    failed,       // see error()
  };

  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // The next request is read into `request`, which must stay until it is complete.
  void start(Request& request);
  // Uses bytes from the front and says how many; stops after header_done and complete.
  // Bytes that were not used must be there again at the next call, in front of the new ones.
  Step feed(std::string_view bytes, std::size_t& used);

  // After header_done. More than this is 413.
  void limit_body(std::size_t size_max);
  // After header_done: the body is read, up to the limit, and thrown away.
  void discard_body();

  // True once any byte of the request was seen, empty lines in front of it aside.
  bool has_started() const;
  bool is_header_done() const;

  const ParseError& error() const;
  // After header_done:
  bool keep_alive() const;
  bool is_http_1_0() const;
  bool has_body() const;  // one of at least one byte is to come
  bool is_chunked() const;
  std::uint64_t content_length() const;  // 0 where chunked
  bool expects_continue() const;
  // A method that Request can't say: 405 for TRACE, 501 for CONNECT and unknown ones, else 0.
  int refused_method() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::http
