// The people: what they ask of a node, and what they were told. What they were told is what has to
// be there after every power cut.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node.h"

namespace matsuri::powercut {

struct Person {
  std::string handle;
  // What the answer said; nothing where there was none.
  std::optional<AccountId> told;
  std::string cookie;
};

struct Wish {
  std::size_t author = 0;  // index of the person
  std::string text;        // no two wishes have the same
  IdempotencyKey key;
  std::uint64_t fingerprint = 0;
  std::optional<PostId> told;
  std::optional<Position> told_position;
};

// Calls return an error where the power failed, and what only a bug explains in `complaint`.
class Crowd {
 public:
  explicit Crowd(Machine& machine) : machine_(machine) {}

  Result<void> sign_up(Node& node);
  // `count` new posts of one person, all asked for before the first is answered.
  Result<void> post(Node& node, std::size_t author, std::size_t count);
  // Asks for the last `count` again, with the same keys: an answer that was given has to come
  // again.
  Result<void> retry(Node& node, std::size_t count);
  // Asks again for all, also for what was never answered. In the end every wish is told.
  Result<void> retry_all(Node& node) { return retry(node, wishes_.size()); }

  const std::vector<Person>& people() const { return people_; }
  const std::deque<Wish>& wishes() const { return wishes_; }
  const std::string& complaint() const { return complaint_; }
  std::string password_of(const Person& person) const { return "password of " + person.handle; }

 private:
  Result<void> ask(Node& node, std::span<Wish*> asked);
  void hear(Wish& wish, const timeline::Published& answer, bool was_alone);
  void complain(const std::string& text) {
    if (complaint_.empty()) complaint_ = text;
  }

  Machine& machine_;
  std::vector<Person> people_;
  std::deque<Wish> wishes_;
  std::uint64_t largest_id_ = 0;  // that anybody was told
  std::string complaint_;
};

}  // namespace matsuri::powercut
