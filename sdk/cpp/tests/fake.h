// A network, a clock and a storage that a test holds in its hands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json.h"
#include "matsuri/client.h"

namespace matsuri::testing {

// What a client sent, and how it can be answered.
struct Sent {
  HttpRequest request;
  Transport::Answered answered;
  bool is_answered = false;

  std::string header(std::string_view name) const {
    for (const auto& [own, value] : request.headers)
      if (own == name) return value;
    return {};
  }
  Json body() const { return parse_json(request.body); }
  // Without the server's address.
  std::string path() const { return request.url.substr(std::string("http://test").size()); }
};

// Requests stay where they are until the test answers them; answers come in the next poll().
class World {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Set: answers each request in the poll() after it, in place of the test.
  std::function<HttpResponse(const HttpRequest&)> server;

  std::vector<std::unique_ptr<Sent>> sent;
  std::int64_t monotonic_ms = 1'000'000;
  std::int64_t unix_ms = 1'764'000'000'000;
  std::string stored;  // what the storage holds
  bool storage_fails = false;
  std::string set_aside;
  std::vector<Error> notices;
  std::vector<Recovered> recovered;

  std::unique_ptr<Client> open(bool with_storage = false) {
    return open(with_storage, [](ClientOptions&) {});
  }
  std::unique_ptr<Client> open(bool with_storage, const std::function<void(ClientOptions&)>& set);

  // Answers request `index`.
  void answer(std::size_t index, int status, std::string body = {}, Headers headers = {});
  // Request `index`, or its answer, is lost.
  void lose(std::size_t index) { answer(index, 0); }

  // Lets time pass, in steps of 10 ms with a tick in each.
  void run(Client& client, std::int64_t ms) {
    for (std::int64_t passed = 0; passed <= ms; passed += 10) {
      client.tick();
      monotonic_ms += 10;
      unix_ms += 10;
    }
  }

 private:
  friend class FakeTransport;
  std::vector<std::function<void()>> answers_;  // for the next poll()
  std::uint64_t random_ = 88172645463325252;
};

// The answers that most tests need.
inline const char* const me = R"({"id":"42","handle":"mio","name":"Mio","role":"user",
  "created_at":"2026-11-21T22:30:00.123Z","bio":"","face":"0123456789abcdef"})";
std::string post_json(const std::string& id, const std::string& text);
std::string problem(const std::string& code, const std::string& detail);
// An outcome of the command in `sent` at `index`; `rest` is put behind its verdict.
std::string outcomes(const Sent& sent, const std::string& verdict, const std::string& rest = "");

}  // namespace matsuri::testing
