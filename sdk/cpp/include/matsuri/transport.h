// What the client needs of the machine it runs on, each behind an interface that a game may fill:
// the network, the time, chance, and a place to keep what was not answered yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "matsuri/result.h"

namespace matsuri {

struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::int64_t timeout_ms = 0;  // from start() to the last byte of the answer
};

struct HttpResponse {
  int status = 0;       // 0: there was no answer, or not a whole one
  std::string failure;  // with status 0, why
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Sends requests. The client calls it from one thread at a time, from any of its methods.
class Transport {
 public:
  using Answered = std::function<void(HttpResponse)>;

  virtual ~Transport() = default;
  // Begins a request and returns at once. `answered` is called once, inside a later poll(), also
  // where there is no answer; not at all, where the transport is destroyed before.
  virtual void start(HttpRequest request, Answered answered) = 0;
  // Moves what is under way as far as it goes without waiting.
  virtual void poll() = 0;
};

struct CurlOptions {
  std::string ca_file;  // of certificates to trust; the system's where empty
  std::size_t response_size_max = 16 * 1024 * 1024;  // a longer answer counts as none
  std::int64_t connect_timeout_ms = 10'000;
};

// The transport that a client has unless told: libcurl's multi interface, which keeps connections,
// speaks TLS and HTTP/2, follows no redirects, and never waits. Destroying it waits for a look-up
// of a name that is under way.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options = {});

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t monotonic_ms() = 0;  // never goes back
  virtual std::int64_t unix_ms() = 0;       // what the device believes; players set it as they like
};
std::unique_ptr<Clock> make_clock();

// 64 bits that nobody can guess.
using Random = std::function<std::uint64_t()>;
Random make_random();

// Where the queue is kept so that it survives a restart. Called from the client's methods and from
// tick(): it is expected to take as long as a write to a file's cache, and not to wait for a disk.
class Storage {
 public:
  virtual ~Storage() = default;
  // Everything that was written; nothing where nothing was.
  virtual Result<std::string> load() = 0;
  virtual Result<Done> append(std::string_view data) = 0;
  // Puts `data` in the place of everything, or changes nothing.
  virtual Result<Done> replace(std::string_view data) = 0;
  // Keeps a copy of a damaged queue for whoever wants to look at it.
  virtual void set_aside(std::string_view data) = 0;
};

// A file, which is locked while it is open: a second client of the same file gets Code::conflict.
// What it holds survives the end of the process, however that comes; after a power cut its last
// seconds may be missing.
Result<std::unique_ptr<Storage>> open_file_storage(const std::string& path);

}  // namespace matsuri
