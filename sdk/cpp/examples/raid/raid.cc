#include "raid.h"

#include <algorithm>
#include <utility>

namespace raid {

using matsuri::Command;
using matsuri::Entity;
using matsuri::EntityRef;
using matsuri::Outcome;
using matsuri::Post;
using matsuri::Result;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t boss_hp_begin = 12'000;
constexpr std::int64_t raider_hp_max = 100;
constexpr std::int64_t heal_hp = 20;

EntityRef boss() { return EntityRef("boss", "catfish"); }
EntityRef raider(const matsuri::Id& id) { return EntityRef("raider", id); }

// A lantern, by hand.
matsuri::Drawing lantern() {
  const auto stroke = [](int pen, std::vector<int> points) {
    return matsuri::Stroke{pen, false, std::move(points)};
  };
  return matsuri::Drawing{{
      stroke(3, {560, 60, 0, 720, 60, 40}),
      stroke(2, {560, 60, 0, 480, 160, 30, 480, 320, 30, 560, 420, 30}),
      stroke(2, {720, 60, 0, 800, 160, 30, 800, 320, 30, 720, 420, 30}),
      stroke(1, {485, 180, 0, 795, 180, 60}),
      stroke(1, {485, 300, 0, 795, 300, 60}),
      stroke(3, {560, 420, 0, 720, 420, 40}),
  }};
}

}  // namespace

Raid::Raid(matsuri::Client& client, Options options)
    : client_(client), options_(std::move(options)) {
  client_.open_game({options_.title, options_.title_key, ""},
                    [this](const Result<matsuri::GameSession>& session) {
                      if (session)
                        player_ = session->player;
                      else
                        news_ = trouble_ = "no game: " + session.error().message;
                    });
  client_.get_title(options_.title, [this](const Result<matsuri::Title>& title) {
    if (!title) return;
    community_ = title->main_community;
    read_messages();
  });
}

void Raid::update() {
  if (player_.empty()) return;
  const std::string arena = options_.arena.empty()
                                ? "raid-" + std::to_string(client_.server_time_ms() / hour_ms)
                                : options_.arena;
  if (arena != arena_) begin(arena);
}

void Raid::begin(const std::string& arena) {
  arena_ = arena;
  is_joined_ = false;
  boss_version_ = boss_hp_ = boss_hp_max_ = 0;
  raiders_.clear();
  hp_in_order_.clear();
  struck_the_last_blow_ = false;
  if (follow_ != 0) client_.unfollow(follow_);
  // From the first command of the arena on: what comes is all that there is to know.
  follow_ = client_.follow({arena_, "", 1000},
                           [this](const Result<matsuri::Changes>& changes) { hear(changes); });
  join();
}

void Raid::join() {
  const EntityRef me = raider(player_);
  client_.send(Command(arena_, "raid.join")
                   .then(boss()["hp"].set_if_absent(boss_hp_begin))
                   .then(boss()["hp_max"].set_if_absent(boss_hp_begin))
                   .then(me["hp"].set_if_absent(raider_hp_max)),
               [this, arena = arena_](const Result<Outcome>& outcome) {
                 if (arena == arena_ && is_applied("join", outcome)) is_joined_ = true;
               });
}

void Raid::attack() {
  if (!is_joined_) return;
  const EntityRef me = raider(player_);
  const std::int64_t blow = luck(10, 30);
  const std::int64_t answer = luck(0, 8);  // The boss hits back.
  Command attack = Command(arena_, "raid.attack")
                       .when(boss()["hp"] > 0)
                       .when(me["hp"] > 0)
                       .then(boss()["hp"].sub_clamp(blow))
                       .then(me["damage"].add(blow));
  if (answer > 0) attack.then(me["hp"].sub_clamp(answer));
  client_.send(attack, [this, blow](const Result<Outcome>& outcome) {
    if (!is_applied("attack", outcome)) return;
    tally_.damage += blow;
    ++tally_.attacks;
    news_ = "You hit for " + std::to_string(blow) + ".";
    const Entity* const after = outcome->find(boss());
    if (after != nullptr && after->get("hp") == 0) struck_the_last_blow_ = true;
  });
}

void Raid::heal(const matsuri::Id& id) {
  if (!is_joined_ || id.empty()) return;
  const EntityRef me = raider(player_);
  const EntityRef target = raider(id);
  client_.send(Command(arena_, "raid.heal")
                   .when(target["hp"] > 0)
                   .when(target["hp"] < raider_hp_max)
                   .when(me["hp"] > 0)
                   .then(target["hp"].add_clamp(heal_hp, raider_hp_max))
                   .then(me["healed"].add(heal_hp)),
               [this, id](const Result<Outcome>& outcome) {
                 if (!is_applied("heal", outcome)) return;
                 tally_.healed += heal_hp;
                 ++tally_.heals;
                 news_ = "You healed " + name_of(id) + ".";
               });
}

bool Raid::is_applied(const char* what, const Result<Outcome>& outcome) {
  if (!outcome) {
    news_ = std::string(what) + ": " + outcome.error().message;
    return false;
  }
  take(outcome->entities);
  if (outcome->applied()) return true;
  if (outcome->verdict == matsuri::Verdict::rejected) {
    ++tally_.refused;
    news_ = std::string(what) + ": too late.";
  } else {
    news_ = std::string(what) + ": " + matsuri::name_of(outcome->verdict) + " " + outcome->message;
  }
  return false;
}

void Raid::hear(const Result<matsuri::Changes>& changes) {
  if (!changes) {
    news_ = "the feed of the raid ended: " + changes.error().message;
    return;
  }
  for (const matsuri::Change& change : changes->changes) {
    take(change.entities);
    for (const Entity& entity : change.entities) {
      if (entity.name.kind != "raider") continue;
      const auto known = hp_in_order_.find(entity.name.id);
      const std::int64_t hp = entity.get("hp");
      if (known != hp_in_order_.end() && known->second == 0 && hp > 0) ++healed_after_death_;
      hp_in_order_[entity.name.id] = hp;
    }
  }
}

// Outcomes and the feed tell of the same things in any order: the larger version is the newer one.
void Raid::take(const std::vector<Entity>& entities) {
  for (const Entity& entity : entities) {
    if (entity.name == boss().name() && entity.version > boss_version_) {
      boss_version_ = entity.version;
      boss_hp_ = entity.get("hp");
      boss_hp_max_ = entity.get("hp_max");
    } else if (entity.name.kind == "raider") {
      Raider& known = raiders_[entity.name.id];
      if (entity.version > known.version)
        known =
            Raider{entity.version, entity.get("hp"), entity.get("damage"), entity.get("healed")};
    }
  }
}

matsuri::Id Raid::weakest() const {
  matsuri::Id found;
  std::int64_t least = raider_hp_max;
  for (const auto& [id, raider] : raiders_) {
    if (raider.hp <= 0 || raider.hp >= least) continue;
    least = raider.hp;
    found = id;
  }
  return found;
}

void Raid::say(const std::string& text, bool with_drawing) {
  if (community_.empty()) return;
  matsuri::NewPost post;
  post.text = text;
  post.tag = "raid";
  if (with_drawing) post.drawing = lantern();
  client_.create_post(community_, post, [this](const Result<Post>& said) {
    news_ = said ? "Said." : "not said: " + said.error().message;
    read_messages();
  });
}

void Raid::feel(const Post& post) {
  client_.set_empathy(post.id, true, [this](const Result<matsuri::Done>& felt) {
    news_ = felt ? "You feel with them." : felt.error().message;
    read_messages();
  });
}

void Raid::read_messages() {
  if (community_.empty()) return;
  matsuri::Feed feed;
  feed.community = community_;
  feed.page.limit = 20;
  client_.list_posts(feed, [this](const Result<matsuri::PostPage>& page) {
    if (page) messages_ = page->posts;
  });
}

std::string Raid::name_of(const matsuri::Id& id) const {
  const auto said = std::find_if(messages_.begin(), messages_.end(),
                                 [&](const Post& post) { return post.author.id == id; });
  if (said != messages_.end()) return said->author.name;
  return id == player_ ? "you" : "…" + id.substr(id.size() - std::min<std::size_t>(4, id.size()));
}

std::int64_t Raid::luck(std::int64_t least, std::int64_t most) {
  return std::uniform_int_distribution<std::int64_t>(least, most)(dice_);
}

}  // namespace raid
