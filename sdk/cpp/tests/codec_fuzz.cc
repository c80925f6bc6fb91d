// Whatever a server, or what pretends to be one, answers: the parsers give a value or an error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "codec.h"
#include "queue.h"

namespace {

// A queue's file is somebody else's text too, after a crash.
class Text final : public matsuri::Storage {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  matsuri::Result<std::string> load() override { return text_; }
  matsuri::Result<matsuri::Done> append(std::string_view) override { return matsuri::Done{}; }
  matsuri::Result<matsuri::Done> replace(std::string_view data) override {
    text_ = data;
    return matsuri::Done{};
  }
  void set_aside(std::string_view) override {}

 private:
  std::string text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  (void)matsuri::parse_problem(503, body);
  (void)matsuri::parse_account(body).ok();
  (void)matsuri::parse_token(body).ok();
  (void)matsuri::parse_title(body).ok();
  (void)matsuri::parse_communities(body).ok();
  (void)matsuri::parse_post(body).ok();
  (void)matsuri::parse_posts(body).ok();
  (void)matsuri::parse_people(body).ok();
  (void)matsuri::parse_drawing(body).ok();
  (void)matsuri::parse_fate(body).ok();
  (void)matsuri::parse_session(body).ok();
  (void)matsuri::parse_outcomes(body).ok();
  (void)matsuri::parse_looked_up(body).ok();
  (void)matsuri::parse_entity(body).ok();
  (void)matsuri::parse_changes(body).ok();
  (void)matsuri::parse_trade_outcome(body).ok();
  (void)matsuri::Queue::open(std::make_unique<Text>(body), {100, 100'000}).ok();
  return 0;
}
