// A client for tests: it says exactly the bytes that it is told to, and takes answers apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace matsuri::http {

// What came back. status 0: the connection ended, or nothing came in time, before a whole answer.
struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The value of a header; empty where absent.
  std::string header(const std::string& name) const;
};

enum class BodyRule : std::uint8_t { by_length, none };

// One blocking connection to 127.0.0.1. Each read gives up after `timeout_ms`, so that a test that
// would hang fails instead.
class TestClient {
 public:
  static constexpr int timeout_ms = 20'000;

  // `receive_size`: of the socket's buffer, for clients that read slowly; 0: the system's.
  explicit TestClient(std::uint16_t port, int receive_size = 0);
  ~TestClient();
  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&&) = delete;

  bool is_connected() const { return socket_ >= 0; }
  // False where the server has closed.
  bool send(std::string_view bytes);
  // Closes our side: no more requests come.
  void end_sending();

  // The next answer; `none` for answers to HEAD.
  Reply read(BodyRule rule = BodyRule::by_length);
  // Everything up to and with `mark`; what came so far where the connection ends before.
  std::string read_until(std::string_view mark);
  // So many bytes; fewer where the connection ends before.
  std::string read_exactly(std::size_t size);
  std::string read_to_end();
  // Reads what is left, and says whether the server ended the connection in an orderly way.
  bool has_ended();

  // Sends a request with a Host and `headers` (whole lines), and reads its answer.
  Reply get(std::string_view path, std::string_view headers = {});
  Reply post(std::string_view path, std::string_view body, std::string_view headers = {});

 private:
  bool fill();

  int socket_ = -1;
  std::string input_;
  bool is_at_end_ = false;
  bool is_failed_ = false;
};

}  // namespace matsuri::http
