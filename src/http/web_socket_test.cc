// Goal: messages are answered in whatever order, whatever the client's frames look like; what breaks the
// protocol, or a limit, ends the socket with the right code; and neither silence nor haste of a
// client costs more than what is allowed.
#include "http/web_socket.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/testing_client.h"

namespace matsuri::http {
namespace {

constexpr std::string_view upgrade_headers =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

enum : unsigned { continuation = 0, text = 1, binary = 2, close_frame = 8, ping = 9, pong = 10 };

// A frame as clients send them. `first` is the first byte: 0x80 for the last of a message, and the
// opcode.
std::string frame(unsigned first, std::string_view payload, bool is_masked = true) {
  std::string bytes(1, static_cast<char>(first));
  const auto mark = static_cast<char>(is_masked ? 0x80 : 0);
  if (payload.size() < 126) {
    bytes += static_cast<char>(mark | static_cast<char>(payload.size()));
  } else {
    const int size = payload.size() < 65536 ? 2 : 8;
    bytes += static_cast<char>(mark | (size == 2 ? 126 : 127));
    for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(payload.size() >> (8 * i));
  }
  const std::string mask = "\x12\x34\x56\x78";
  if (is_masked) bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    bytes += static_cast<char>(payload[i] ^ (is_masked ? mask[i % 4] : 0));
  return bytes;
}
std::string message(std::string_view payload) { return frame(0x80 | binary, payload); }
std::string close_with(int code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  return frame(0x80 | close_frame, payload.append(reason));
}

struct Frame {
  unsigned first = 0;  // 0: the connection ended
  std::string payload;

  int close_code() const {
    if (first != (0x80 | close_frame) || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }
};

// A client that has opened the socket.
class Client {
 public:
  explicit Client(std::uint16_t port, std::string_view path = "/echo", int receive_size = 0)
      : client_(port, receive_size) {
    std::string request = "GET ";
    request.append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(upgrade_headers);
    client_.send(request.append("\r\n"));
    const std::string head = client_.read_until("\r\n\r\n");
    is_open = head.starts_with("HTTP/1.1 101 ") &&
              head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos;
  }

  bool send(std::string_view bytes) { return client_.send(bytes); }
  void end_sending() { client_.end_sending(); }

  Frame read() {
    const std::string head = client_.read_exactly(2);
    if (head.size() < 2) return {};
    std::uint64_t size = static_cast<unsigned char>(head[1]);
    EXPECT_LT(size, 128U) << "a server does not mask";
    if (size >= 126) {
      const std::string more = client_.read_exactly(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
    }
    return {static_cast<unsigned char>(head[0]), client_.read_exactly(size)};
  }
  // The next message; "" where something else comes.
  std::string read_message() {
    const Frame got = read();
    return got.first == (0x80 | binary) ? got.payload : "";
  }
  // The code that the server closes with, behind whatever it still sends; 0 where it ends without.
  int read_close() {
    for (;;) {
      const Frame got = read();
      if (got.first == 0) return 0;
      if (const int code = got.close_code(); code != 0) return code;
    }
  }
  bool has_ended() { return client_.has_ended(); }

  bool is_open = false;

 private:
  TestClient client_;
};

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() {
    options.port = 0;
    options.thread_count = 1;
    options.metrics = &metrics;
    options.socket_close_timeout_ms = 300;  // some clients here never answer an end
    options.address_game = {.per_minute = 0, .burst = 0};
    const auto echo = [](const SocketMessage& got, SocketReply reply) {
      reply.send({.message = std::string(got.bytes) + "!", .end = {}});
    };
    add("/echo", [echo] { return OpenedSocket{.on_message = echo, .message_size_max = 70'000}; });
    add("/first", [echo] { return OpenedSocket{.on_message = echo, .must_speak = true}; });
    add("/keep", [this] {
      return OpenedSocket{.on_message = [this](const SocketMessage& got, SocketReply reply) {
        const std::scoped_lock lock(mutex);
        counts.push_back(got.in_flight_count);
        kept.emplace_back(got.bytes, std::move(reply));
        changed.notify_all();
      }};
    });
    add("/drop", [] { return OpenedSocket{.on_message = [](const auto&, SocketReply) {}}; });
    add("/rate", [] {
      return OpenedSocket{.on_message = [](const SocketMessage& got, SocketReply reply) {
        reply.send({.message = got.retry_s == 0 ? "taken" : "later", .end = {}});
      }};
    });
    add("/last", [] {
      return OpenedSocket{.on_message = [](const SocketMessage&, SocketReply reply) {
        reply.send({.message = "the last", .end = SocketEnd{4321, std::string(200, 'r')}});
      }};
    });
    router.add_socket("/denied", {}, [](const RequestPtr&) -> Result<OpenedSocket> {
      return Error(Code::denied, "not you");
    });
    router.add(Method::get, "/kept", {}, [this](const RequestPtr&, Responder respond) {
      const std::scoped_lock lock(mutex);
      responders.push_back(std::move(respond));
      changed.notify_all();
    });
  }
  ~WebSocketTest() override {
    if (server) server->stop();
  }

  void add(const std::string& path, std::function<OpenedSocket()> open) {
    router.add_socket(
        path, {.cost = Cost::game, .body_size_max = 0},
        [open = std::move(open)](const RequestPtr&) -> Result<OpenedSocket> { return open(); });
  }
  void start() {
    server = std::move(Server::listen(options, router)).value();
    server->start();
  }
  void wait_kept(std::size_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return kept.size() >= count; }));
  }
  void answer(std::size_t index, const std::string& bytes) {
    kept[index].second.send({.message = bytes, .end = {}});
  }
  int close_code_of(const std::string& bytes, std::string_view path = "/echo") {
    Client client(server->port(), path);
    EXPECT_TRUE(client.is_open && client.send(bytes));
    const int code = client.read_close();
    EXPECT_TRUE(client.has_ended());
    return code;
  }

  metrics::Registry metrics;
  ServerOptions options;
  Router router;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, SocketReply>> kept;
  std::vector<std::size_t> counts;
  std::vector<Responder> responders;
  std::unique_ptr<Server> server;
};

TEST_F(WebSocketTest, MessagesAreAnsweredInWhateverOrder) {
  start();
  Client client(server->port(), "/keep");
  ASSERT_TRUE(client.is_open);
  client.send(message("one") + message("two") + message("three"));
  wait_kept(3);
  EXPECT_EQ(counts, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(kept[2].first, "three");
  answer(2, "to three");
  EXPECT_EQ(client.read_message(), "to three");
  std::thread other([&] { answer(0, "to one"); });
  EXPECT_EQ(client.read_message(), "to one");
  other.join();
  client.send(message("four"));
  wait_kept(4);
  EXPECT_EQ(counts[3], 2U);
  answer(3, std::string(100'000, 'x'));
  answer(1, "to two");
  EXPECT_EQ(client.read_message(), std::string(100'000, 'x'));
  EXPECT_EQ(client.read_message(), "to two");
}

TEST_F(WebSocketTest, WhatDoesNotAskForOneIsToldSo) {
  start();
  TestClient client(server->port());
  const auto with = [&](std::string_view path, std::string from, std::string_view to) {
    std::string headers(upgrade_headers);
    headers.replace(headers.find(from), from.size(), to);
    return client.get(path, headers);
  };
  const Reply plain = client.get("/echo");
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(plain.header("upgrade"), "websocket");
  EXPECT_EQ(with("/echo", "websocket", "h2c").status, 426);
  EXPECT_EQ(with("/echo", "Connection: Upgrade", "Connection: keep-alive").status, 426);
  const Reply old = with("/echo", "13", "8");
  EXPECT_EQ(old.status, 426);
  EXPECT_EQ(old.header("sec-websocket-version"), "13");
  EXPECT_EQ(with("/echo", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==").status, 400);
  EXPECT_EQ(with("/echo", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ").status, 400);
  EXPECT_EQ(with("/echo", "dGhlIHNhbXBsZSBub25jZQ==", std::string(64, 'A')).status, 400);
  EXPECT_EQ(client.get("/denied", upgrade_headers).status, 403);
  EXPECT_EQ(client.post("/echo", "", upgrade_headers).status, 405);
  // In other letters, in a list: it is still one.
  client.send(
      "GET /echo HTTP/1.1\r\nHost: a\r\nUPGRADE: h2c, WebSocket\r\n"
      "Connection: keep-alive, upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));

  TestClient old_http(server->port());
  old_http.send("GET /echo HTTP/1.0\r\nHost: a\r\n" + std::string(upgrade_headers) + "\r\n");
  EXPECT_EQ(old_http.read().status, 426);
  TestClient with_body(server->port());
  with_body.send("GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" +
                 std::string(upgrade_headers) + "\r\nx");
  EXPECT_EQ(with_body.read().status, 413);
}

TEST_F(WebSocketTest, NothingMayComeBeforeTheAnswerNorBeLeft) {
  start();
  TestClient hasty(server->port());
  const std::string open =
      "GET /echo HTTP/1.1\r\nHost: a\r\n" + std::string(upgrade_headers) + "\r\n";
  hasty.send(open + message("x"));
  const Reply early = hasty.read();
  EXPECT_EQ(early.status, 400);
  EXPECT_EQ(early.header("connection"), "close");
  EXPECT_TRUE(hasty.has_ended());

  TestClient behind(server->port());
  behind.send("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n" + open);
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return !responders.empty(); }));
  }
  responders[0].send(Response{.body = "kept"});
  EXPECT_EQ(behind.read().body, "kept");
  EXPECT_EQ(behind.read().status, 400);
}

TEST_F(WebSocketTest, SocketsAreCounted) {
  options.socket_count_max = 2;
  start();
  const Client one(server->port());
  {
    Client two(server->port());
    EXPECT_TRUE(one.is_open && two.is_open);
    TestClient third(server->port());
    EXPECT_EQ(third.get("/echo", upgrade_headers).status, 503);
    two.send(close_with(1000));
    EXPECT_EQ(two.read_close(), 1000);
    EXPECT_TRUE(two.has_ended());
  }
  // The client may see the end before the server has counted it.
  int status = 503;
  for (int i = 0; i < 2000 && status == 503; ++i) {
    TestClient next(server->port());
    next.send("GET /echo HTTP/1.1\r\nHost: a\r\n" + std::string(upgrade_headers) + "\r\n");
    status = next.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 ") ? 101 : 503;
  }
  EXPECT_EQ(status, 101);
}

TEST_F(WebSocketTest, HoweverItIsCut) {
  start();
  const std::string bytes = frame(binary, "ab") + frame(0x80 | ping, "p") +
                            frame(continuation, "") + frame(0x80 | continuation, "cd");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    SCOPED_TRACE(cut);
    Client client(server->port());
    client.send(bytes.substr(0, cut));
    client.send(bytes.substr(cut));
    const Frame got = client.read();
    EXPECT_EQ(got.first, 0x80U | pong);
    EXPECT_EQ(got.payload, "p");
    EXPECT_EQ(client.read_message(), "abcd!");
  }
  Client client(server->port());
  for (const char byte : bytes + message("next")) client.send({&byte, 1});
  EXPECT_EQ(client.read().payload, "p");
  EXPECT_EQ(client.read_message(), "abcd!");
  EXPECT_EQ(client.read_message(), "next!");
  // Each form of a length.
  for (const std::size_t size : {125U, 126U, 65'535U, 65'536U, 70'000U}) {
    client.send(message(std::string(size, 's')));
    EXPECT_EQ(client.read_message().size(), size + 1);
  }
}

TEST_F(WebSocketTest, WhatBreaksTheProtocolEndsIt) {
  start();
  EXPECT_EQ(close_code_of(frame(0x80 | binary, "x", false)), 1002) << "not masked";
  for (const unsigned reserved : {0x40U, 0x20U, 0x10U})
    EXPECT_EQ(close_code_of(frame(0x80 | reserved | binary, "x")), 1002) << "reserved bits";
  for (const unsigned opcode : {3U, 7U, 11U, 15U})
    EXPECT_EQ(close_code_of(frame(0x80 | opcode, "x")), 1002) << "opcode " << opcode;
  EXPECT_EQ(close_code_of(frame(0x80 | continuation, "x")), 1002) << "goes on, and has not begun";
  EXPECT_EQ(close_code_of(frame(binary, "x") + message("y")), 1002) << "two at once";
  EXPECT_EQ(close_code_of(frame(ping, "x")), 1002) << "a ping in pieces";
  EXPECT_EQ(close_code_of(frame(0x80 | ping, std::string(126, 'x'))), 1002) << "a long ping";
  EXPECT_EQ(close_code_of(frame(0x80 | close_frame, "x")), 1002) << "half a code";
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999})
    EXPECT_EQ(close_code_of(close_with(code)), 1002) << "code " << code;
  EXPECT_EQ(close_code_of(close_with(1000, "\xff")), 1002) << "a reason that is no UTF-8";
  EXPECT_EQ(close_code_of(frame(0x80 | text, "x")), 1003);
  EXPECT_EQ(close_code_of(frame(text, "x") + frame(0x80 | continuation, "y")), 1003);
  EXPECT_EQ(close_code_of(message(std::string(70'001, 'x'))), 1009);
  const std::string piece(35'000, 'x');
  EXPECT_EQ(close_code_of(frame(binary, piece) + frame(continuation, piece) +
                          frame(0x80 | continuation, "x")),
            1009);
  // A length that nobody could send is refused by its first bytes.
  EXPECT_EQ(close_code_of(std::string("\x82\xff\x00\x00\x00\xff\xff\xff\xff\xff", 10) + "mask"),
            1009);
}

TEST_F(WebSocketTest, GarbageHarmsNobody) {
  start();
  Client calm(server->port());
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 2 == 0 ? frame(0x80 | binary, "x") : "";
    for (std::size_t size = random() % 200; size > 0; --size)
      bytes += static_cast<char>(random() % 4 == 0 ? 0x82 : random());
    Client client(server->port());
    ASSERT_TRUE(client.is_open);
    client.send(bytes);
    client.end_sending();
    EXPECT_TRUE(client.has_ended());
  }
  calm.send(message("still"));
  EXPECT_EQ(calm.read_message(), "still!");
}

TEST_F(WebSocketTest, ClosesWithTheClient) {
  start();
  EXPECT_EQ(close_code_of(close_with(1000, "bye")), 1000);
  EXPECT_EQ(close_code_of(close_with(4999)), 4999);
  EXPECT_EQ(close_code_of(message("x") + close_with(1001)), 1001);
  Client without(server->port());
  without.send(frame(0x80 | close_frame, ""));
  EXPECT_EQ(without.read().first, 0x80U | close_frame);
  EXPECT_TRUE(without.has_ended());
  // What is answered after the end goes nowhere.
  Client gone(server->port(), "/keep");
  gone.send(message("x") + close_with(1000));
  EXPECT_EQ(gone.read_close(), 1000);
  wait_kept(1);
  answer(0, "nobody reads this");
  Client vanished(server->port());
  vanished.end_sending();
  EXPECT_TRUE(vanished.has_ended());
}

TEST_F(WebSocketTest, ClosesBehindTheLastAnswer) {
  start();
  Client client(server->port(), "/last");
  client.send(message("x") + message("y"));
  EXPECT_EQ(client.read_message(), "the last");
  const Frame end = client.read();
  EXPECT_EQ(end.close_code(), 4321);
  EXPECT_EQ(end.payload.size(), 125U);
  client.send(close_with(4321));
  EXPECT_TRUE(client.has_ended());
  EXPECT_EQ(close_code_of(message("x"), "/drop"), 1011);
}

TEST_F(WebSocketTest, WhoeverIsSilentIsAskedAndThenLeft) {
  options.idle_timeout_ms = 400;
  start();
  Client silent(server->port());
  EXPECT_EQ(silent.read().first, 0x80U | ping);
  EXPECT_TRUE(silent.has_ended());
  Client living(server->port());
  for (int i = 0; i < 5; ++i) {
    const Frame asked = living.read();
    ASSERT_EQ(asked.first, 0x80U | ping);
    living.send(frame(0x80 | pong, asked.payload));
  }
  living.send(message("here"));
  EXPECT_EQ(living.read_message(), "here!");
}

TEST_F(WebSocketTest, AMessageHasItsTime) {
  options.header_timeout_ms = options.body_timeout_ms = 300;
  start();
  Client silent(server->port(), "/first");
  EXPECT_EQ(silent.read_close(), 1008);
  EXPECT_EQ(close_code_of(frame(binary, "half")), 1008);
  Client speaks(server->port(), "/first");
  speaks.send(message("x"));
  EXPECT_EQ(speaks.read_message(), "x!");
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  speaks.send(message("y"));
  EXPECT_EQ(speaks.read_message(), "y!");
}

TEST_F(WebSocketTest, EachMessageCountsForTheRate) {
  options.address_game = {.per_minute = 1, .burst = 3};
  start();
  Client client(server->port(), "/rate");  // takes the first
  for (const std::string_view wanted : {"taken", "taken", "later", "later"}) {
    client.send(message("x"));
    EXPECT_EQ(client.read_message(), wanted);
  }
}

TEST_F(WebSocketTest, AnswersThatNobodyReadsEndIt) {
  start();
  Client client(server->port(), "/keep", 4096);
  for (int i = 0; i < 40; ++i) client.send(message("x"));
  wait_kept(40);
  // More than a socket takes from us, and than is held.
  for (std::size_t i = 0; i < 40; ++i) answer(i, std::string(1 << 20, 'a'));
  Client other(server->port());
  other.send(message("still"));
  EXPECT_EQ(other.read_message(), "still!");
  int count = 0;
  Frame got = client.read();
  for (; got.first == (0x80 | binary); got = client.read()) {
    EXPECT_EQ(got.payload.size(), std::size_t{1} << 20);
    ++count;
  }
  EXPECT_LT(count, 40);
  EXPECT_EQ(got.close_code(), 1008);
}

TEST_F(WebSocketTest, WhoDoesNotReadIsNotReadFrom) {
  options.write_timeout_ms = 300;
  start();
  Client client(server->port(), "/echo", 4096);
  const std::string big = message(std::string(65'000, 'b'));
  // Ends when the server has closed: it takes no more than it may hold, and then waits no longer.
  std::size_t sent = 0;
  while (client.send(big)) ++sent;
  EXPECT_GT(sent, 1U);
  for (int i = 0; i < 2000 && server->connection_count() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(server->connection_count(), 0U);
}

TEST_F(WebSocketTest, AStopAnswersWhatWasTaken) {
  start();
  Client busy(server->port(), "/keep");
  Client idle(server->port());
  idle.send(message("x"));
  EXPECT_EQ(idle.read_message(), "x!");
  busy.send(message("one") + message("two"));
  wait_kept(2);
  std::thread stopper([&] { server->stop(); });
  EXPECT_EQ(idle.read_close(), 1001);
  idle.send(close_with(1001));
  EXPECT_TRUE(idle.has_ended());
  // Too late: not taken, and so not answered.
  busy.send(message("three"));
  answer(1, "to two");
  EXPECT_EQ(busy.read_message(), "to two");
  answer(0, "to one");
  EXPECT_EQ(busy.read_message(), "to one");
  EXPECT_EQ(busy.read().close_code(), 1001);
  busy.send(close_with(1001));
  EXPECT_TRUE(busy.has_ended());
  stopper.join();
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(server->connection_count(), 0U);
}

TEST_F(WebSocketTest, AStopDoesNotWaitForever) {
  options.shutdown_ms_max = 500;
  start();
  Client busy(server->port(), "/keep");
  busy.send(message("one"));
  wait_kept(1);
  Client mute(server->port());  // never answers the end
  mute.send(message("x"));
  EXPECT_EQ(mute.read_message(), "x!");
  server->stop();
  EXPECT_EQ(server->connection_count(), 0U);
  answer(0, "too late");
}

}  // namespace
}  // namespace matsuri::http
