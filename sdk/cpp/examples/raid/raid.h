// A raid: one boss, many raiders, and what they say to each other. The rules are those of the
// title's schema (schema.json beside this file); the server holds them, whatever a game sends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "matsuri/client.h"

namespace raid {

struct Options {
  std::string title;
  std::string title_key;
  std::string arena;  // that of the hour where empty
};

struct Raider {
  std::int64_t version = 0;
  std::int64_t hp = 0;
  std::int64_t damage = 0;
  std::int64_t healed = 0;
};

// What this player did and was told of, to be held against what the server has.
struct Tally {
  std::int64_t damage = 0;
  std::int64_t healed = 0;
  int attacks = 0;
  int heals = 0;
  int refused = 0;  // a guard did not hold any more: somebody was faster
};

// One player's raid. Lives no longer than the client; everything happens in the client's tick().
class Raid {
 public:
  Raid(matsuri::Client& client, Options options);

  // Joins, as soon as somebody is signed in. Call it in every frame: it also goes on to the raid of
  // the next hour.
  void update();

  void attack();
  void heal(const matsuri::Id& raider);
  void say(const std::string& text, bool with_drawing);
  void feel(const matsuri::Post& post);
  void read_messages();

  bool is_joined() const { return is_joined_; }
  const std::string& arena() const { return arena_; }
  const matsuri::Id& player() const { return player_; }
  std::int64_t boss_hp() const { return boss_hp_; }
  std::int64_t boss_hp_max() const { return boss_hp_max_; }
  bool is_won() const { return is_joined_ && boss_hp_max_ > 0 && boss_hp_ == 0; }
  const std::map<matsuri::Id, Raider>& raiders() const { return raiders_; }
  // Who has the least left to live, and is not at full health; empty where nobody is.
  matsuri::Id weakest() const;
  const std::vector<matsuri::Post>& messages() const { return messages_; }
  // What a raider is called, as far as their messages tell.
  std::string name_of(const matsuri::Id& raider) const;
  const std::string& news() const { return news_; }  // what happened last, for people
  const std::string& trouble() const {
    return trouble_;
  }  // why there is no game; empty if there is
  const Tally& tally() const { return tally_; }
  bool struck_the_last_blow() const { return struck_the_last_blow_; }
  // Who was healed after death, in the one order that the change feed has: nobody ever.
  int healed_after_death() const { return healed_after_death_; }

 private:
  void begin(const std::string& arena);
  void join();
  void take(const std::vector<matsuri::Entity>& entities);
  void hear(const matsuri::Result<matsuri::Changes>& changes);
  // False, and told as news, where it was not applied.
  bool is_applied(const char* what, const matsuri::Result<matsuri::Outcome>& outcome);
  std::int64_t luck(std::int64_t least, std::int64_t most);

  matsuri::Client& client_;
  Options options_;
  std::mt19937_64 dice_{std::random_device{}()};
  std::string arena_;
  matsuri::Id player_;
  matsuri::Id community_;
  matsuri::FollowId follow_ = 0;
  bool is_joined_ = false;

  std::int64_t boss_version_ = 0;
  std::int64_t boss_hp_ = 0;
  std::int64_t boss_hp_max_ = 0;
  std::map<matsuri::Id, Raider> raiders_;
  std::map<matsuri::Id, std::int64_t> hp_in_order_;  // as the feed told, in the order of seq
  std::vector<matsuri::Post> messages_;
  std::string news_;
  std::string trouble_;
  Tally tally_;
  bool struck_the_last_blow_ = false;
  int healed_after_death_ = 0;
};

}  // namespace raid
