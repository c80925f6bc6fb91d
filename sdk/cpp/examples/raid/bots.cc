#include "bots.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace raid {
namespace {

using matsuri::Entity;
using matsuri::Result;

constexpr std::int64_t weak_hp = 50;   // whoever has less is healed
constexpr std::int64_t blow_max = 30;  // of which the last one may have been more than was left
constexpr int words_seconds_max = 60;  // for what is said after the fight

struct Bot {
  std::unique_ptr<matsuri::Client> client;
  std::unique_ptr<Raid> raid;
  std::int64_t next_move_ms = 0;
  bool has_felt = false;
};

class Party {
 public:
  explicit Party(const BotOptions& options) : options_(options), clock_(matsuri::make_clock()) {}

  int run() {
    if (!gather()) return 1;
    const auto is_over = [this] {
      bool over = true;
      for (const Bot& bot : bots_) over = over && (bot.raid->is_won() || is_down(bot));
      return over;
    };
    std::int64_t next_word_ms = 0;
    if (!tick_until(options_.seconds_max, [&] {
          for (Bot& bot : bots_) move(bot);
          if (clock_->monotonic_ms() > next_word_ms) {
            next_word_ms = clock_->monotonic_ms() + 1'000;
            std::printf("boss %lld\n", static_cast<long long>(bots_[0].raid->boss_hp()));
            std::fflush(stdout);
          }
          return is_over();
        }))
      std::printf("The time is up.\n");
    if (!tick_until(options_.seconds_max, [this] { return is_idle(); }))
      return fail("some commands were never answered") ? 0 : 1;
    return count() && talk() ? 0 : 1;
  }

 private:
  // Says so, and is false.
  static bool fail(const std::string& what) {
    std::fprintf(stderr, "raid: %s\n", what.c_str());
    return false;
  }

  template <typename Condition>
  bool tick_until(int seconds, Condition is_so) {
    const std::int64_t end = clock_->monotonic_ms() + std::int64_t{1'000} * seconds;
    while (!is_so()) {
      if (clock_->monotonic_ms() > end) return false;
      for (Bot& bot : bots_) {
        bot.client->tick();
        bot.raid->update();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  bool gather() {
    std::random_device device;
    std::string trouble;
    for (int i = 0; i < options_.count; ++i) {
      matsuri::ClientOptions options;
      options.server = options_.server;
      auto client = matsuri::Client::open(std::move(options));
      if (!client) return fail(client.error().message);
      Bot bot;
      bot.client = std::move(*client);
      bot.raid = std::make_unique<Raid>(*bot.client, options_.raid);
      const std::string handle = "bot_" + std::to_string(device() % 100'000'000);
      bot.client->sign_up({handle, "Bot " + std::to_string(i + 1), "a bot's password"},
                          [&trouble](const Result<matsuri::Account>& account) {
                            if (!account) trouble = account.error().message;
                          });
      bots_.push_back(std::move(bot));
    }
    const bool all = tick_until(60, [&] {
      bool joined = true;
      for (const Bot& bot : bots_) {
        joined = joined && bot.raid->is_joined();
        if (trouble.empty()) trouble = bot.raid->trouble();
      }
      return joined || !trouble.empty();
    });
    if (!trouble.empty()) return fail(trouble);
    return all || fail("cannot join: " + bots_[0].raid->news());
  }

  static bool is_down(const Bot& bot) {
    const auto own = bot.raid->raiders().find(bot.raid->player());
    return own != bot.raid->raiders().end() && own->second.hp == 0;
  }

  bool is_idle() const {
    for (const Bot& bot : bots_)
      if (bot.client->status().queued_count > 0) return false;
    return true;
  }

  void move(Bot& bot) {
    const std::int64_t now = clock_->monotonic_ms();
    if (now < bot.next_move_ms || bot.raid->is_won() || is_down(bot)) return;
    // What is under way stays in sight: a bot is no faster than its own eyes.
    if (bot.client->status().queued_count > 4) return;
    bot.next_move_ms = now + options_.pace_ms;
    const matsuri::Id weakest = bot.raid->weakest();
    if (!weakest.empty() && bot.raid->raiders().at(weakest).hp < weak_hp)
      bot.raid->heal(weakest);
    else
      bot.raid->attack();
  }

  // What the server has now, from the one order.
  bool read(Bot& bot, const matsuri::EntityRef& entity, Entity& into) {
    bool is_read = false;
    bot.client->get_entity(bot.raid->arena(), entity, matsuri::Consistency::linearizable,
                           [&](const Result<matsuri::EntityRead>& got) {
                             if (got) into = got->entity;
                             is_read = got.ok();
                           });
    return tick_until(30, [&] { return is_read; });
  }

  // Everything that a bot was told is there, once; and nothing else, where nobody else plays.
  bool count() {
    std::int64_t damage = 0;
    int attacks = 0, heals = 0, refused = 0;
    for (Bot& bot : bots_) {
      Entity own;
      if (!read(bot, matsuri::EntityRef("raider", bot.raid->player()), own))
        return fail("a raider cannot be read");
      const Tally& told = bot.raid->tally();
      if (own.get("damage") != told.damage || own.get("healed") != told.healed)
        return fail("a raider has damage " + std::to_string(own.get("damage")) + " and healed " +
                    std::to_string(own.get("healed")) + ", and was told " +
                    std::to_string(told.damage) + " and " + std::to_string(told.healed));
      if (bot.raid->healed_after_death() > 0) return fail("somebody was healed after death");
      attacks += told.attacks;
      heals += told.heals;
      refused += told.refused;
    }
    Entity boss;
    if (!read(bots_[0], matsuri::EntityRef("boss", "catfish"), boss))
      return fail("the boss cannot be read");
    for (const auto& [id, raider] : bots_[0].raid->raiders()) damage += raider.damage;
    const std::int64_t lost = boss.get("hp_max") - boss.get("hp");
    const std::int64_t too_much = damage - lost;
    if (too_much < 0 || too_much >= (boss.get("hp") == 0 ? blow_max : 1))
      return fail("the boss lost " + std::to_string(lost) + ", and raiders dealt " +
                  std::to_string(damage));
    std::printf("boss %lld of %lld, damage %lld; %d attacks, %d heals, %d too late\n",
                static_cast<long long>(boss.get("hp")), static_cast<long long>(boss.get("hp_max")),
                static_cast<long long>(damage), attacks, heals, refused);
    return true;
  }

  // Who struck the last blow tells, and all others of the party feel with it.
  bool talk() {
    Bot* hero = nullptr;
    for (Bot& bot : bots_)
      if (bot.raid->struck_the_last_blow()) hero = &bot;
    if (hero == nullptr) return true;
    hero->raid->say("The catfish is beaten!", true);
    std::int64_t next_look_ms = 0;
    const auto all_feel = [&] {
      const bool looks = clock_->monotonic_ms() >= next_look_ms;
      if (looks) next_look_ms = clock_->monotonic_ms() + 200;
      for (Bot& bot : bots_) {
        if (looks) bot.raid->read_messages();
        for (const matsuri::Post& post : bot.raid->messages()) {
          if (post.author.id != hero->raid->player()) continue;
          if (!post.mine && !bot.has_felt) {
            bot.has_felt = true;
            bot.raid->feel(post);
          }
          if (post.mine && post.empathy_count == static_cast<std::int64_t>(bots_.size()) - 1)
            return true;
        }
      }
      return false;
    };
    if (!tick_until(words_seconds_max, all_feel)) return fail("not all feel with the hero");
    std::printf("1 post, %d empathies\n", static_cast<int>(bots_.size()) - 1);
    return true;
  }

  BotOptions options_;
  std::unique_ptr<matsuri::Clock> clock_;
  std::vector<Bot> bots_;
};

}  // namespace

int run_bots(const BotOptions& options) { return Party(options).run(); }

}  // namespace raid
