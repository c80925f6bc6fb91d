#include "screen.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace raid {
namespace {

constexpr int frame_ms = 30;
constexpr std::size_t rows_max = 8;
// The manners of the raid: no rule of the server.
constexpr std::int64_t attack_pause_ms = 600;
constexpr std::int64_t heal_pause_ms = 1'500;
constexpr std::int64_t messages_pause_ms = 5'000;

const char* const plain = "\x1b[0m";
const char* const bold = "\x1b[1m";
const char* const dim = "\x1b[2m";
const char* const red = "\x1b[31m";
const char* const green = "\x1b[32m";
const char* const orange = "\x1b[38;5;208m";

std::string bar(std::int64_t value, std::int64_t most, int width) {
  const auto full = most <= 0 ? 0 : (value * width + most - 1) / most;
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

// What others wrote must not move our cursor: control characters are left out.
std::string calm(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  return out;
}

std::string padded(std::string text, std::size_t width) {
  std::size_t shown = 0;
  for (const char c : text) shown += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

std::string raider_rows(const Raid& raid) {
  std::vector<std::pair<matsuri::Id, Raider>> all(raid.raiders().begin(), raid.raiders().end());
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.second.damage > b.second.damage; });
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), rows_max); ++i) {
    const auto& [id, one] = all[i];
    text += id == raid.player() ? std::string(bold) + " ▶ " : "   ";
    text += padded(calm(raid.name_of(id)), 16) + (one.hp == 0 ? dim : green) +
            bar(one.hp, 100, 10) + plain + padded(" " + std::to_string(one.hp), 5) + "  damage " +
            padded(std::to_string(one.damage), 6) + " healed " + std::to_string(one.healed) +
            "\x1b[K\r\n";
  }
  if (all.size() > rows_max)
    text += "   and " + std::to_string(all.size() - rows_max) + " more\x1b[K\r\n";
  return text;
}

std::string message_rows(const Raid& raid) {
  std::string text;
  for (std::size_t i = 0; i < std::min(raid.messages().size(), rows_max); ++i) {
    const matsuri::Post& post = raid.messages()[i];
    text += std::string("   ") + orange + calm(post.author.name) + plain + "  " +
            calm(post.spoiler ? "(a spoiler)" : post.text) + (post.has_drawing ? " ✎" : "") +
            (post.empathized ? red : dim) + "  ♥ " + std::to_string(post.empathy_count) + plain +
            "\x1b[K\r\n";
  }
  return text;
}

}  // namespace

struct Keyboard::Settings {
  termios of_terminal{};
  bool is_terminal = false;
};

Keyboard::Keyboard() : before_(new Settings) {
  before_->is_terminal = ::tcgetattr(STDIN_FILENO, &before_->of_terminal) == 0;
  if (!before_->is_terminal) return;
  termios raw = before_->of_terminal;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

Keyboard::~Keyboard() {
  if (before_->is_terminal) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_->of_terminal);
  delete before_;
}

std::string Keyboard::read(int wait_ms) {
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  if (::poll(&ready, 1, wait_ms) <= 0) return {};
  char bytes[256];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count <= 0) return "q";  // Nobody will press anything any more.
  return std::string(bytes, static_cast<std::size_t>(count));
}

std::string ask_secretly(const char* question) {
  std::fputs(question, stdout);
  std::fflush(stdout);
  const Keyboard hidden;
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n' && c != '\r'; c = std::getchar())
    line += static_cast<char>(c);
  std::fputs("\n", stdout);
  return line;
}

std::string picture(const Raid& raid, const matsuri::Status& status, const std::string* typed) {
  std::string text = "\x1b[H";
  const std::int64_t hp = raid.boss_hp();
  text += std::string(bold) + orange + " THE CATFISH " + plain + red +
          bar(hp, raid.boss_hp_max(), 40) + plain + "  " + std::to_string(hp) + " / " +
          std::to_string(raid.boss_hp_max()) + "\x1b[K\r\n";
  text += std::string(dim) + " " + raid.arena() + (status.online ? "" : "  (no connection)");
  if (status.queued_count > 0) text += "  " + std::to_string(status.queued_count) + " wait";
  text += std::string(plain) + "\x1b[K\r\n\x1b[K\r\n";
  text += raider_rows(raid) + "\x1b[K\r\n" + message_rows(raid) + "\x1b[K\r\n";
  if (typed != nullptr) {
    text += " say: " + *typed + "_\x1b[K\r\n" + dim + " Enter sends, Escape leaves" + plain;
  } else {
    text += " " + calm(raid.is_won() ? "The catfish is beaten!" : raid.news()) + "\x1b[K\r\n" +
            dim + " a attack   h heal   s say   d draw a lantern   e empathy   q quit" + plain;
  }
  return text + "\x1b[K\x1b[J";
}

namespace {

// What keys do: one at a time, and text while a message is being written.
class Controls {
 public:
  explicit Controls(Raid& raid) : raid_(raid) {}

  void press(const std::string& bytes, std::int64_t now_ms) {
    if (is_writing_) return write(bytes);
    for (const char key : bytes) {
      if (key == 'q') wants_to_leave_ = true;
      if (key == 'a' && now_ms >= next_attack_ms_) {
        next_attack_ms_ = now_ms + attack_pause_ms;
        raid_.attack();
      }
      if (key == 'h' && now_ms >= next_heal_ms_) {
        next_heal_ms_ = now_ms + heal_pause_ms;
        raid_.heal(raid_.weakest());
      }
      if (key == 'd') raid_.say("", true);
      if (key == 'e') feel();
      if (key == 's') {
        is_writing_ = true;
        return;
      }
    }
  }

  const std::string* typed() const { return is_writing_ ? &typed_ : nullptr; }
  bool wants_to_leave() const { return wants_to_leave_; }

 private:
  void write(const std::string& bytes) {
    for (const char c : bytes) {
      if (c == '\x1b' || c == '\n' || c == '\r') {
        if (c != '\x1b' && !typed_.empty()) raid_.say(typed_, false);
        typed_.clear();
        is_writing_ = false;
        return;
      }
      if (c == '\x7f' || c == '\b') {
        while (!typed_.empty() && (static_cast<unsigned char>(typed_.back()) & 0xc0) == 0x80)
          typed_.pop_back();
        if (!typed_.empty()) typed_.pop_back();
      } else if (static_cast<unsigned char>(c) >= 0x20) {
        typed_ += c;
      }
    }
  }

  // With the newest of somebody else that one does not feel with yet.
  void feel() {
    for (const matsuri::Post& post : raid_.messages())
      if (!post.mine && !post.empathized) return raid_.feel(post);
  }

  Raid& raid_;
  bool is_writing_ = false;
  bool wants_to_leave_ = false;
  std::string typed_;
  std::int64_t next_attack_ms_ = 0;
  std::int64_t next_heal_ms_ = 0;
};

}  // namespace

void play(matsuri::Client& client, Raid& raid) {
  Keyboard keyboard;
  Controls controls(raid);
  std::string shown;
  std::int64_t next_messages_ms = 0;
  const auto clock = matsuri::make_clock();
  std::fputs("\x1b[?1049h\x1b[?25l", stdout);
  while (!controls.wants_to_leave()) {
    const std::int64_t now_ms = clock->monotonic_ms();
    client.tick();
    raid.update();
    if (now_ms >= next_messages_ms) {
      next_messages_ms = now_ms + messages_pause_ms;
      raid.read_messages();
    }
    const std::string next = picture(raid, client.status(), controls.typed());
    if (next != shown) {
      std::fputs(next.c_str(), stdout);
      std::fflush(stdout);
      shown = next;
    }
    const std::string bytes = keyboard.read(frame_ms);
    if (!bytes.empty()) controls.press(bytes, now_ms);
  }
  std::fputs("\x1b[?25h\x1b[?1049l", stdout);
}

}  // namespace raid
