// Goal: the queue's file survives what happens to files; libcurl's transport never waits; calls may
// come from any thread.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fake.h"
#include "queue.h"

namespace matsuri {
namespace {

using testing::World;

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::string name = std::filesystem::temp_directory_path() / "matsuri_client_XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder + "/queue";
  }
  ~FolderTest() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<Queue> open() {
    auto storage = open_file_storage(path);
    EXPECT_TRUE(storage.ok());
    auto queue = Queue::open(std::move(*storage), QueueLimits{100, 1'000'000});
    EXPECT_TRUE(queue.ok());
    return std::move(*queue);
  }
  std::string text() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& what) { std::ofstream(path, std::ios::binary) << what; }

  std::string folder;
  std::string path;
};

using FileTest = FolderTest;

TEST_F(FileTest, TheSecondClientOfAFileHearsConflict) {
  auto storage = open_file_storage(path);
  ASSERT_TRUE(storage.ok());
  const auto second = open_file_storage(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  const auto nowhere = open_file_storage(folder + "/none/queue");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::io);
}

TEST_F(FileTest, WhateverByteTheEndStoppedAtWholeLinesAreKept) {
  {
    auto queue = open();
    queue->set_owner("42");
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue->add(R"({"n":)" + std::to_string(i) + "}").ok());
    queue->remove(2);
  }
  const std::string whole = text();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    SCOPED_TRACE(length);
    write(whole.substr(0, length));
    std::map<std::uint64_t, std::string> expected;
    std::size_t line = 0;
    for (std::size_t end = 0, begin = 0; (end = whole.find('\n', begin)) < length;
         begin = end + 1) {
      ++line;
      if (line >= 2 && line <= 4) expected[line - 1] = R"({"n":)" + std::to_string(line - 2) + "}";
      if (line == 5) expected.erase(2);
    }
    auto queue = open();
    EXPECT_FALSE(queue->was_damaged());
    ASSERT_EQ(queue->count(), expected.size());
    for (const Queue::Item& item : queue->items()) EXPECT_EQ(item.payload, expected[item.id]);
    EXPECT_EQ(queue->owner(), expected.empty() ? "" : "42");
  }
}

TEST_F(FileTest, ADamagedLineIsSetAsideAndTheOthersGoOn) {
  write("{\"id\":1,\"item\":{\"n\":1}}\n{\"id\":2,\"it\xff\n{\"id\":3,\"item\":{\"n\":3}}\n");
  auto queue = open();
  EXPECT_TRUE(queue->was_damaged());
  EXPECT_EQ(queue->count(), 2u);
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
  EXPECT_EQ(*queue->add("{}"), 4u);
}

TEST_F(FileTest, TheFileDoesNotGrowForEver) {
  auto queue = open();
  for (int i = 0; i < 2'000; ++i) {
    const auto id = queue->add(R"({"text":")" + std::string(1'000, 'x') + "\"}");
    ASSERT_TRUE(id.ok());
    queue->remove(*id);
  }
  EXPECT_LT(std::filesystem::file_size(path), 300'000u);
  EXPECT_EQ(queue->size(), 0u);
}

// A port that takes connections and never says a word.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket_, 16);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  std::string url;

 private:
  int socket_;
};

TEST(CurlTransport, NeverWaitsForAServerThatSaysNothing) {
  SilentPort silent;
  auto transport = make_curl_transport();
  std::optional<HttpResponse> response;
  HttpRequest request;
  request.method = "GET";
  request.url = silent.url + "/v1/plaza";
  request.timeout_ms = 300;
  transport->start(request, [&](HttpResponse got) { response = std::move(got); });
  std::chrono::steady_clock::duration longest{};
  std::size_t polls = 0;
  for (; !response && polls < 100'000; ++polls) {
    const auto begin = std::chrono::steady_clock::now();
    transport->poll();
    longest = std::max(longest, std::chrono::steady_clock::now() - begin);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 0);
  EXPECT_FALSE(response->failure.empty());
  // Had a poll waited for the answer, there would have been one or two.
  EXPECT_GT(polls, 20u);
  EXPECT_LT(longest, std::chrono::milliseconds(250));
}

TEST(CurlTransport, AnAddressThatIsNoneIsNoAnswer) {
  auto transport = make_curl_transport();
  for (const char* url : {"http://127.0.0.1:1/", "ftp://127.0.0.1/", "nonsense", "http://[::"}) {
    SCOPED_TRACE(url);
    std::optional<HttpResponse> response;
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    request.timeout_ms = 2'000;
    transport->start(request, [&](HttpResponse got) { response = std::move(got); });
    EXPECT_FALSE(response);
    for (int i = 0; !response && i < 5'000; ++i) {
      transport->poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 0);
  }
}

TEST(CurlTransport, CanBeDestroyedWithRequestsUnderWay) {
  SilentPort silent;
  auto transport = make_curl_transport();
  HttpRequest request;
  request.method = "POST";
  request.url = silent.url;
  request.body = "{}";
  request.timeout_ms = 60'000;
  for (int i = 0; i < 4; ++i) transport->start(request, [](HttpResponse) { FAIL(); });
  transport->poll();
}

TEST(Threads, CallsMayComeFromAnyAndCallbacksRunWhereTickIsCalled) {
  World world;
  world.server = [](const HttpRequest&) {
    return HttpResponse{200, {}, {}, testing::post_json("7", "x")};
  };
  auto client = world.open();
  const auto ticker = std::this_thread::get_id();
  std::atomic<int> told{0};
  std::atomic<int> elsewhere{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        client->get_post("7", [&](const Result<Post>&) {
          if (std::this_thread::get_id() != ticker) ++elsewhere;
          (void)client->status();  // Callbacks may call the client.
          ++told;
        });
        (void)client->server_time_ms();
      }
    });
  }
  while (told < 400) client->tick();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
}  // namespace matsuri
