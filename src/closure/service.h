// A closure's two answers, whichever way it runs: tickets, and what became of a check-in. It keeps
// nothing between requests; what is to be kept it hands to its caller as a record.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "closure/admit.h"
#include "closure/broadcast.h"
#include "closure/schedule.h"
#include "http/message.h"
#include "io/clock.h"
#include "io/random.h"
#include "model/event.h"
#include "model/record.h"
#include "program/show.h"
#include "ticket/keys.h"

namespace matsuri::json {
class Writer;
}

namespace matsuri::closure {

// What is told at the start, and may be told anew while it runs.
struct Settings {
  ticket::Keys keys;
  Broadcast broadcast;
};

struct ServiceParts {
  const program::Show& show;
  io::Clock& clock = io::system_clock();
  io::Random& random = io::system_random();
};

// One attempt: what is to be answered once its record is kept.
struct Judged {
  http::Response response;
  RecordHeader header;  // without an id
  CheckinAttempted event;
};

// Thread-safe.
class Service {
 public:
  Service(ServiceParts parts, Settings settings);

  // From the next request on.
  void change(Settings settings);

  // GET …/ticket. `pass` is the header Matsuri-Pass, `path` the query's.
  Result<http::Response> give_ticket(std::string_view programme, std::string_view pass,
                                     std::optional<std::string_view> path) const;

  // POST. Errors are those of admit(), and Code::not_found for another programme.
  Result<Judged> check_in(std::string_view programme, std::string_view body) const;

 private:
  std::shared_ptr<const Settings> settings() const;
  Result<void> check_programme(std::string_view programme) const;
  bool is_open_at(std::int64_t time_ms) const;
  void add_retry(json::Writer& writer, std::int64_t time_ms) const;
  http::Response no_ticket(std::int64_t time_ms) const;
  http::Response answer_of(const Verdict& verdict, std::int64_t time_ms) const;

  ServiceParts parts_;
  Schedule schedule_;
  mutable std::mutex mutex_;  // held for a copy of the pointer
  std::shared_ptr<const Settings> settings_;
};

}  // namespace matsuri::closure
