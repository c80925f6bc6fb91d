// People who do everything that may be done, at random, and note what they were told.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "matsuri/posts.h"
#include "timeline/exec.h"
#include "world.h"

namespace matsuri::property {

// Answers of deferred commands may be waited for later, so that many are on their way together.
class Crowd {
 public:
  // People, a title and communities come at once.
  Crowd(World& world, std::mt19937_64& random);

  // Somebody does something.
  void act();
  // Waits for what is on its way.
  void collect();
  // Some people look at their notifications, and mark what they saw. Call where everything rests.
  void read_notifications();

  // The first promise that an answer broke; empty where none did.
  const std::string& wrong() const { return wrong_; }

 private:
  // A request for a post under an idempotency key, and every id that was told for it.
  struct Wish {
    timeline::NewPost wanted;
    std::vector<PostId> told;
    // In which life exec heard of the key the last time, and for which request it takes it since.
    unsigned life = 0;
    std::uint64_t fingerprint = 0;
  };

  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  AccountId anybody();
  template <class T>
  const T* any_sent();
  std::optional<PostId> any_post(bool with_comments);
  void complain(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  // Calls `call` with a completion, and `took` with what it was given, at the next collect().
  template <class T, class Call, class Took>
  void send(Call call, Took took);
  // The same at once.
  template <class T, class Call>
  Result<T> ask(Call call);
  void note(const Position& position, Event event, const IdempotencyKey& key = {});

  std::optional<timeline::Post> see(PostId post, AccountId viewer);
  timeline::NewPost new_post(AccountId author);
  void publish(const timeline::NewPost& wanted, std::optional<std::size_t> wish);
  void hear_published(const timeline::NewPost& wanted, std::optional<std::size_t> wish,
                      bool is_allowed, bool is_known, const Result<timeline::Published>& told);
  void post();
  void comment();
  void retry();
  void edit();
  void remove();
  void empathize();
  void follow_person();
  void follow_community();
  void block_or_mute();
  void change_profile();
  void change_role();
  void change_rules();
  void choose_kinds();
  void make_communities();

  World& world_;
  std::mt19937_64& random_;
  std::deque<std::function<void()>> pending_;
  std::vector<Wish> wishes_;
  AccountId admin_;
  std::uint64_t number_ = 0;
  std::string wrong_;
};

}  // namespace matsuri::property
