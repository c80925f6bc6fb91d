// One client's connection: reads requests, keeps their answers in order, and closes in time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/internal/dispatcher.h"
#include "http/internal/event_stream.h"
#include "http/internal/loop.h"
#include "http/internal/request_parser.h"
#include "http/internal/timer_wheel.h"

namespace matsuri::http {

// What a shutdown waits for a client to go on, or to end.
inline constexpr std::int64_t stopping_idle_ms = 500;

// One request and its way to an answer. Lives as long as anybody holds the request or may answer.
class Exchange final : public Responder::Sink, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Connection> connection, std::shared_ptr<Mailbox> mailbox)
      : connection_(std::move(connection)), mailbox_(std::move(mailbox)) {
    request.executor = mailbox_.get();
  }

  // From any thread.
  void send(Response response) override;

  Connection& connection() { return *connection_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  Request request;
  Admission admission;
  std::uint64_t sequence = 0;  // among the connection's requests
  std::int64_t started_us = 0;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  bool is_stale = false;

 private:
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<Mailbox> mailbox_;
};

// What a connection needs to become a WebSocket.
struct Upgrade {
  std::shared_ptr<Exchange> exchange;
  OpenedSocket opened;
};

// Belongs to its loop's thread. It owns itself while its socket is open, and what other threads may
// still hold after that is an empty husk.
//
// An idle connection has no buffer and no parser: it waits until there is something to read, reads
// it into the loop's buffer, and keeps only what is no whole request yet. One that asks many times
// in a row ("hot") gets a buffer of its own until it pauses, which spares a system call a request.
//
// Callbacks rather than a coroutine: answers come in any order and from any thread, and pause and
// resume the reading, so the state has to lie open anyway.
class Connection final : public TimerWheel::Entry, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Socket socket, std::string address);
  ~Connection() override;

  void start();
  void begin_shutdown();
  void close();
  bool is_open() const { return socket_.has_value(); }
  std::size_t index = 0;  // in the loop's list

 private:
  friend class Exchange;

  // Where the bytes of one answer go, in the order of the requests.
  struct Slot {
    std::string bytes;
    bool is_ready = false;
  };

  void on_deadline() override;
  void leave();
  void set_deadline();
  bool is_idle() const;  // nothing is read, answered or written
  std::int64_t idle_timeout_ms() const;

  void arm_read();
  void on_readable(bool failed);
  void on_hot_read(const boost::system::error_code& ec, std::size_t size);
  void on_bytes(std::string_view bytes);
  void on_end_of_input();
  std::size_t consume(std::string_view bytes);
  void begin_request();
  void on_header();
  void on_complete();
  void refuse_rest(Response response);
  void queue(Exchange& exchange);
  bool is_paused() const;
  void resume();

  void run(const std::shared_ptr<Exchange>& exchange);
  void run_handler(const std::shared_ptr<Exchange>& exchange);
  void run_stream(const std::shared_ptr<Exchange>& exchange);
  void run_socket(const std::shared_ptr<Exchange>& exchange);
  void refuse_upgrade();
  void hand_over();
  void answer_file(Exchange& exchange);
  void answer(Exchange& exchange, Response response);
  ResponseContext context_of(const Exchange& exchange);
  std::string& place_of(std::uint64_t sequence);
  void finish_answer(const Exchange& exchange, const std::string& place, int status);
  void collect_ready();

  void flush();
  void write_output();
  void wait_writable();
  void on_writable(bool failed);
  void after_writing();
  void write_stream();
  void linger();

  void heat();
  void cool();
  void give_buffer();
  void release_memory();

  Loop& loop_;
  std::optional<Socket> socket_;
  std::shared_ptr<Connection> self_;
  const std::string address_;

  std::unique_ptr<RequestParser> parser_;
  std::shared_ptr<Exchange> reading_;  // the request that is not whole yet
  std::string partial_;                // bytes of it that the parser has not used
  char* hot_buffer_ = nullptr;

  std::vector<Slot> slots_;
  std::uint64_t slot_first_ = 0;  // the sequence of slots_[0]
  std::uint64_t sequence_next_ = 0;
  std::string unsent_;
  std::size_t unsent_offset_ = 0;
  std::size_t unsent_counted_ = 0;  // as far as the write timeout was moved on
  std::shared_ptr<BufferedStream> stream_;
  std::unique_ptr<Upgrade> upgrade_;  // what this becomes once its bytes are taken apart

  std::int64_t read_due_ms_ = 0;  // 0: none
  std::int64_t write_due_ms_ = 0;
  std::int64_t active_ms_ = 0;  // when bytes came, or the last answer was written
  bool is_reading_ = false;     // an operation is under way
  bool is_writing_ = false;
  bool is_last_read_ = false;  // no more requests are taken
  bool input_ended_ = false;
  bool is_lingering_ = false;
  bool is_cooling_ = false;  // the hot buffer goes when its read has ended
  bool stream_started_ = false;
  bool is_writing_stream_ = false;
  bool is_left_over_ = false;  // partial_ holds requests that were not looked at yet
};

}  // namespace matsuri::http
