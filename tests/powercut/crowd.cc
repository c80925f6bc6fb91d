#include "crowd.h"

#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace matsuri::powercut {
namespace {

// Long enough that a batch takes several sectors, of characters that show when bytes are missing.
std::string text_of(std::size_t number) {
  std::string text = "願い " + std::to_string(number) + ": ";
  for (std::size_t i = 0; i < 250; ++i) text += i % 2 == 0 ? "祭" : "灯";
  return text + " " + std::to_string(number);
}

IdempotencyKey key_of(std::size_t number) {
  IdempotencyKey key;
  key.bytes.fill(std::byte{0x5a});
  std::memcpy(key.bytes.data(), &number, sizeof number);
  return key;
}

// Answers come on other threads.
template <class T>
struct Answer {
  std::shared_ptr<std::promise<Result<T>>> promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();

  auto completion() {
    return [promise = promise](Result<T> result) { promise->set_value(std::move(result)); };
  }
};

io::Executor& here() {
  static io::InlineExecutor executor;
  return executor;
}

}  // namespace

Result<void> Crowd::sign_up(Node& node) {
  machine_.clock.advance_ms(100);
  Person& person = people_.emplace_back();
  person.handle = "person_" + std::to_string(people_.size());
  Answer<account::Committed<account::SignedIn>> answer;
  node.accounts->sign_up({.handle = person.handle,
                          .name = "Person " + std::to_string(people_.size()),
                          .password = password_of(person),
                          .user_agent = "test"},
                         here(), answer.completion());
  TRY_ASSIGN(const auto signed_in, answer.future.get());
  person.told = signed_in.value.account.id;
  person.cookie = node.signer->sign(signed_in.value.credential);
  if (person.told->value <= largest_id_) complain("an account's id is not greater than all before");
  largest_id_ = std::max(largest_id_, person.told->value);
  return {};
}

Result<void> Crowd::post(Node& node, std::size_t author, std::size_t count) {
  machine_.clock.advance_ms(100);
  std::vector<Wish*> asked;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = wishes_.size();
    wishes_.push_back({.author = author,
                       .text = text_of(number),
                       .key = key_of(number),
                       .fingerprint = 1'000 + number});
    asked.push_back(&wishes_.back());
  }
  return ask(node, asked);
}

Result<void> Crowd::retry(Node& node, std::size_t count) {
  std::vector<Wish*> asked;
  for (std::size_t i = wishes_.size() - std::min(count, wishes_.size()); i < wishes_.size(); ++i) {
    if (people_[wishes_[i].author].told) asked.push_back(&wishes_[i]);
    if (asked.size() < 3 && i + 1 < wishes_.size()) continue;
    TRY(ask(node, asked));
    asked.clear();
  }
  return {};
}

Result<void> Crowd::ask(Node& node, std::span<Wish*> asked) {
  std::vector<Wish*> waiting(asked.begin(), asked.end());
  Result<void> first_error;
  // As a client does: busy means, the same again.
  for (int attempt = 0; attempt < 2'000 && !waiting.empty() && first_error.ok(); ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<Answer<timeline::Published>> answers(waiting.size());
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const Wish& wish = *waiting[i];
      const Person& person = people_[wish.author];
      node.timeline->publish({.community = common_ground,
                              .author = {.id = *person.told, .handle = person.handle, .name = ""},
                              .text = wish.text,
                              .language = "ja",
                              .key = wish.key,
                              .fingerprint = wish.fingerprint},
                             here(), answers[i].completion());
    }
    std::vector<Wish*> busy;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const Result<timeline::Published> answer = answers[i].future.get();
      if (answer.ok())
        hear(*waiting[i], *answer, waiting.size() == 1);
      else if (answer.error().code() == Code::busy)
        busy.push_back(waiting[i]);
      else if (first_error.ok())
        first_error = answer.error();
    }
    waiting = std::move(busy);
  }
  if (!first_error.ok() || waiting.empty()) return first_error;
  return Error(Code::busy, "the journal stays busy");
}

void Crowd::hear(Wish& wish, const timeline::Published& answer, bool was_alone) {
  using Kind = timeline::Published::Kind;
  const bool is_new = answer.kind == Kind::published;
  if (answer.kind == Kind::key_reused) complain("a key counts for another request");
  if (wish.told && (is_new || *wish.told != answer.post.id))
    complain("a retry of " + wish.text.substr(0, wish.text.find(':')) +
             " got another answer than the first");
  if (is_new) {
    if (answer.post.id.value <= largest_id_ && was_alone)
      complain("a post's id is not greater than all before");
    largest_id_ = std::max(largest_id_, answer.post.id.value);
    wish.told_position = answer.position;
  }
  wish.told = answer.post.id;
}

}  // namespace matsuri::powercut
