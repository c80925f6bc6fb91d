// Goal: what a client says over TLS reaches the plain side and back, to the last byte; who speaks
// something else hears so; who says nothing is let go.
#include "tls/front.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "io/clock.h"
#include "io/sim_disk.h"
#include "tls/certificate.h"

namespace matsuri::tls {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Secure = asio::ssl::stream<tcp::socket>;

// Says back what it hears, to one client at a time, and ends when the client does.
class Echo {
 public:
  Echo() : thread_([this] { run(); }) {}
  ~Echo() {
    is_over_ = true;
    ErrorCode ignored;
    tcp::socket wake(io_);
    (void)wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void run() {
    for (;;) {
      tcp::socket client(io_);
      ErrorCode ec;
      (void)acceptor_.accept(client, ec);
      if (is_over_) return;
      std::array<char, 4096> buffer;
      while (!ec) {
        const std::size_t size = client.read_some(asio::buffer(buffer), ec);
        if (!ec) asio::write(client, asio::buffer(buffer, size), ec);
      }
    }
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

class FrontTest : public testing::Test {
 protected:
  void start() {
    options.port = 0;
    options.plain_port = echo.port();
    options.pem = certificate.pem;
    auto made = Front::listen(options);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    front = std::move(made).value();
    front->start();
    trust.add_certificate_authority(asio::buffer(certificate.pem));
    trust.set_verify_mode(asio::ssl::verify_peer);
  }
  tcp::endpoint endpoint() const { return {asio::ip::address_v4::loopback(), front->port()}; }
  // Connected, with hands shaken; the certificate was looked at.
  Secure connect() {
    Secure stream(io, trust);
    stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    stream.next_layer().connect(endpoint());
    stream.handshake(asio::ssl::stream_base::client);
    return stream;
  }
  static std::string read_all(auto& stream) {
    std::string text;
    ErrorCode ec;
    asio::read(stream, asio::dynamic_buffer(text), ec);
    return text;
  }

  io::SimDisk disk;
  Certificate certificate =
      self_signed(disk, "own.pem", {"127.0.0.1"}, io::system_clock().unix_ms()).value();
  Echo echo;
  FrontOptions options;
  asio::io_context io;
  asio::ssl::context trust{asio::ssl::context::tls_client};
  std::unique_ptr<Front> front;
};

TEST_F(FrontTest, PassesEverythingOnBothWays) {
  start();
  Secure stream = connect();
  std::string said(3 << 20, 'x');
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = static_cast<char>(i * 31 >> 3);
  std::string heard(said.size(), 0);
  ErrorCode said_ec, heard_ec;
  asio::async_write(stream, asio::buffer(said), [&](ErrorCode ec, std::size_t) { said_ec = ec; });
  asio::async_read(stream, asio::buffer(heard), [&](ErrorCode ec, std::size_t) { heard_ec = ec; });
  io.run();
  EXPECT_FALSE(said_ec || heard_ec) << said_ec.message() << ", " << heard_ec.message();
  EXPECT_TRUE(said == heard);
}

TEST_F(FrontTest, WhoHasSaidAllStillHearsTheRest) {
  start();
  Secure stream = connect();
  asio::write(stream, asio::buffer(std::string_view("the last word")));
  stream.next_layer().shutdown(tcp::socket::shutdown_send);
  EXPECT_EQ(read_all(stream), "the last word");
}

TEST_F(FrontTest, SaysThatItSpeaksHttps) {
  start();
  tcp::socket plain(io);
  plain.connect(endpoint());
  asio::write(plain, asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  const std::string answer = read_all(plain);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nThis port speaks https: ask for https://.\n")) << answer;
}

TEST_F(FrontTest, LetsTheSilentGo) {
  options.handshake_timeout_ms = 50;
  start();
  tcp::socket silent(io);
  silent.connect(endpoint());
  EXPECT_EQ(read_all(silent), "");
  // Nor is half a greeting worth waiting for.
  tcp::socket half(io);
  half.connect(endpoint());
  asio::write(half, asio::buffer(std::string_view("\x16\x03\x01\x02", 4)));
  EXPECT_EQ(read_all(half), "");
}

TEST_F(FrontTest, TheNextOneWaitsUntilThereIsRoom) {
  options.connection_count_max = 1;
  start();
  auto first = std::make_unique<Secure>(connect());
  std::thread second([&] {
    Secure stream = connect();
    asio::write(stream, asio::buffer(std::string_view("in")));
    std::string heard(2, 0);
    asio::read(stream, asio::buffer(heard));
    EXPECT_EQ(heard, "in");
  });
  asio::write(*first, asio::buffer(std::string_view("still here")));
  std::string heard(10, 0);
  asio::read(*first, asio::buffer(heard));
  EXPECT_EQ(heard, "still here");
  first.reset();
  second.join();
}

TEST_F(FrontTest, OldVersionsAreRefused) {
  start();
  asio::ssl::context old(asio::ssl::context::tls_client);
  SSL_CTX_set_security_level(old.native_handle(), 0);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
  Secure stream(io, old);
  stream.next_layer().connect(endpoint());
  ErrorCode ec;
  stream.handshake(asio::ssl::stream_base::client, ec);
  EXPECT_TRUE(ec.failed());
}

TEST_F(FrontTest, LetsNobodyInOnceItStops) {
  start();
  const tcp::endpoint place = endpoint();
  Secure stream = connect();
  front->begin_stop();
  ErrorCode ec;
  do {  // Whom the system had let in already is reset.
    tcp::socket late(io);
    (void)late.connect(place, ec);
  } while (!ec || ec == asio::error::connection_reset);
  EXPECT_EQ(ec, asio::error::connection_refused);
  asio::write(stream, asio::buffer(std::string_view("on")));
  std::string heard(2, 0);
  asio::read(stream, asio::buffer(heard));
  EXPECT_EQ(heard, "on");
  front.reset();
  EXPECT_EQ(read_all(stream), "");
}

TEST_F(FrontTest, SaysWhatItCannotUse) {
  start();
  options.port = front->port();
  EXPECT_EQ(Front::listen(options).error().code(), Code::busy);
  options.port = 0;
  options.host = "lantern.example";
  EXPECT_EQ(Front::listen(options).error().code(), Code::invalid);
  options.host = "127.0.0.1";
  options.pem = "no certificate";
  EXPECT_EQ(Front::listen(options).error().code(), Code::invalid);
}

}  // namespace
}  // namespace matsuri::tls
