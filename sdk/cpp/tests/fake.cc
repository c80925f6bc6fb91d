#include "fake.h"

namespace matsuri::testing {

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(World& world) : world_(world) {}
  ~FakeTransport() override { world_.answers_.clear(); }

  void start(HttpRequest request, Answered answered) override {
    world_.sent.push_back(
        std::make_unique<Sent>(Sent{std::move(request), std::move(answered), false}));
    if (!world_.server) return;
    Sent* const sent = world_.sent.back().get();
    world_.answers_.emplace_back([this, sent] {
      sent->is_answered = true;
      sent->answered(world_.server(sent->request));
    });
  }

  void poll() override {
    std::vector<std::function<void()>> answers;
    answers.swap(world_.answers_);
    for (const auto& answer : answers) answer();
  }

 private:
  World& world_;
};

namespace {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(World& world) : world_(world) {}
  std::int64_t monotonic_ms() override { return world_.monotonic_ms; }
  std::int64_t unix_ms() override { return world_.unix_ms; }

 private:
  World& world_;
};

class FakeStorage final : public Storage {
 public:
  explicit FakeStorage(World& world) : world_(world) {}
  Result<std::string> load() override { return world_.stored; }
  Result<Done> append(std::string_view data) override {
    if (world_.storage_fails) return Error{Code::io, "no space left", 0, 0};
    world_.stored += data;
    return Done{};
  }
  Result<Done> replace(std::string_view data) override {
    if (world_.storage_fails) return Error{Code::io, "no space left", 0, 0};
    world_.stored = data;
    return Done{};
  }
  void set_aside(std::string_view data) override { world_.set_aside = data; }

 private:
  World& world_;
};

}  // namespace

std::unique_ptr<Client> World::open(bool with_storage,
                                    const std::function<void(ClientOptions&)>& set) {
  ClientOptions options;
  options.server = "http://test";
  options.transport = std::make_unique<FakeTransport>(*this);
  options.clock = std::make_unique<FakeClock>(*this);
  options.random = [this] {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    return random_ ^= random_ << 17;
  };
  if (with_storage) options.storage = std::make_unique<FakeStorage>(*this);
  options.on_notice = [this](const Error& error) { notices.push_back(error); };
  options.on_recovered = [this](const Recovered& one) { recovered.push_back(one); };
  set(options);
  Result<std::unique_ptr<Client>> client = Client::open(std::move(options));
  return client ? std::move(*client) : nullptr;
}

void World::answer(std::size_t index, int status, std::string body, Headers headers) {
  Sent* const one = sent.at(index).get();
  one->is_answered = true;
  answers_.emplace_back([one, status, body = std::move(body), headers = std::move(headers)] {
    HttpResponse response;
    response.status = status;
    response.body = body;
    response.headers = headers;
    if (status == 0) response.failure = "connection reset";
    one->answered(std::move(response));
  });
}

std::string post_json(const std::string& id, const std::string& text) {
  return R"({"id":")" + id + R"(","community":"1","parent":null,"author":{"id":"42","handle":"mio",
    "name":"Mio","face":"0123456789abcdef"},"text":")" +
         text + R"(","drawing":null,"feeling":1,
    "spoiler":false,"tag":null,"language":null,"created_at":"2026-11-21T22:30:00.123Z",
    "edited_at":null,"comment_count":0,"empathy_count":3,"empathized":false,"mine":true,
    "durability":"local","position":"0.1.89abcdef01234567.42"})";
}

std::string problem(const std::string& code, const std::string& detail) {
  return R"({"type":"about:blank","title":"t","status":400,"code":")" + code + R"(","detail":")" +
         detail + R"("})";
}

std::string outcomes(const Sent& sent, const std::string& verdict, const std::string& rest) {
  std::string all;
  const Json body = sent.body();
  for (const Json& command : body["commands"]) {
    if (!all.empty()) all += ',';
    all += R"({"key":")" + command["key"].get<std::string>() + R"(","outcome":")" + verdict + "\"" +
           rest + "}";
  }
  return R"({"outcomes":[)" + all + R"(],"token":"1.2"})";
}

}  // namespace matsuri::testing
