// `matsuri serve` with one shard of game state and a title whose raids are known, and requests that
// hit bosses, as a game's servers send them.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/client.h"
#include "bench/exchange.h"
#include "bench/program.h"
#include "bench/raids.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "sql/db.h"

namespace matsuri::bench {

inline constexpr std::string_view raid_schema =
    R"({"kinds":[{"name":"boss","fields":[{"name":"hp","min":0}]},)"
    R"({"name":"raider","fields":[{"name":"hp","min":0},{"name":"damage","min":0}]}]})";

// As a client writes it.
inline void append(std::string& body, const Command& command) {
  static constexpr std::string_view digits = "0123456789abcdef";
  body += R"({"key":")";
  for (std::size_t i = 0; i < command.key.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) body += '-';
    body += digits[command.key.bytes[i] >> 4];
    body += digits[command.key.bytes[i] & 15];
  }
  body += R"(","arena":")" + command.entities[0].arena + R"(","reason":")" + command.reason +
          R"(","entities":[)";
  const char* between = "";
  for (const EntityName& name : command.entities) {
    body += between;
    body += R"({"kind":")";
    body += name.kind == boss ? "boss" : "raider";
    body += R"(","id":")" + name.id + R"("})";
    between = ",";
  }
  body += R"(],"guards":[)";
  if (!command.guards.empty()) body += R"({"entity":0,"field":"hp","is":">","value":0})";
  body += R"(],"steps":[)";
  between = "";
  for (const Step& step : command.steps) {
    body += between;
    body += R"({"entity":)" + std::to_string(step.entity) + R"(,"field":")" +
            (*step.field == 0 ? "hp" : "damage") + R"(","do":")" +
            (step.operation == Operation::set   ? "set"
             : step.operation == Operation::add ? "add"
                                                : "sub_clamp") +
            R"(","value":)" + std::to_string(step.value) + '}';
    between = ",";
  }
  body += "]}";
}

// The body of a request.
inline std::string body_of(std::span<const Command> commands) {
  std::string body = R"({"commands":[)";
  for (const Command& command : commands) {
    if (&command != commands.data()) body += ',';
    append(body, command);
  }
  return body += "]}";
}

class GameServer {
 public:
  // MariaDB's options name where the shard shall be; for SQLite it lies in the data folder.
  GameServer(const sql::DbOptions& shard, std::size_t raid_count) : raids_(raid_count) {
    const std::string config = folder_.path() + "/matsuri.toml";
    {
      std::ofstream file(config);
      for (const char* who : {"account", "address"})
        for (const char* what : {"read", "write", "sign_in", "game"})
          file << "[limits." << who << '_' << what << "]\nper_minute = 6000000\nburst = 1000000\n";
      if (shard.engine == sql::Engine::mariadb)
        file << "[game]\nengine = \"mariadb\"\nsocket = \"" << shard.mariadb_socket
             << "\"\nuser = \"" << shard.mariadb_user << "\"\npassword = \""
             << shard.mariadb_password << "\"\nschemas = [\"" << shard.mariadb_schema << "\"]\n";
    }
    shard_ = shard;
    if (shard.engine == sql::Engine::sqlite)
      shard_.sqlite_path = folder_.path() + "/data/db/game-0.sqlite";
    const std::vector<std::string> place = {"--data", folder_.path() + "/data", "--config", config};
    const auto with = [&](std::vector<std::string> words) {
      words.insert(words.begin(), our_program("matsuri"));
      words.insert(words.end(), place.begin(), place.end());
      return words;
    };
    program_ = std::make_unique<Program>(with({"serve", "--listen", "127.0.0.1:0"}),
                                         folder_.path() + "/log");
    constexpr std::string_view before = "serving url=http://127.0.0.1:";
    for (int i = 0; i < 3000 && port_ == 0; ++i) {
      const std::string said = program_->said();
      if (const std::size_t at = said.find(before); at != std::string::npos)
        port_ = static_cast<std::uint16_t>(std::atoi(said.c_str() + at + before.size()));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (port_ == 0) give_up("the server did not start: " + program_->said());
    make_title(with);
    send(raids_.births(now_ms()), 64, 4);
    // An owner that has been there for a while knows keys of now to be new: this long is a while.
    std::this_thread::sleep_for(std::chrono::milliseconds(8'000));
  }

  // Ends it as an operator does. False where it did not go well.
  bool stop() { return program_->stop().status == 0; }
  const sql::DbOptions& shard() const { return shard_; }
  double cpu() const { return cpu_seconds_of(program_->pid()); }

  // Sends so many hits, in requests of `together` over so many connections. Gives the seconds.
  double hit_bosses(std::size_t count, std::size_t together, std::size_t connection_count) {
    return send(hits(raids_, count, now_ms()), together, connection_count);
  }

 private:
  static std::int64_t now_ms() { return io::system_clock().unix_ms(); }

  template <class With>
  void make_title(const With& with) {
    HttpClient client(port_);
    const auto post = [&](const char* method, const std::string& path, const std::string& headers,
                          const std::string& body) {
      const auto answer = client.ask(method, path, headers, body);
      if (answer.status != 200 && answer.status != 201)
        give_up(path + ": " + std::string(answer.body));
      return std::string(answer.body) + std::string(answer.head);
    };
    const auto value = [](const std::string& text, const std::string& name, char end) {
      const std::size_t at = text.find(name);
      if (at == std::string::npos) give_up("no " + name + " in " + text);
      return text.substr(at + name.size(), text.find(end, at + name.size()) - at - name.size());
    };
    const std::string signed_up = post("POST", "/v1/accounts", "",
                                       R"({"handle":"bench","name":"B","password":"long enough"})");
    const std::string admin =
        "Cookie: " + value(signed_up, "Set-Cookie: ", ';') + "\r\nOrigin: http://localhost\r\n";
    Program role(with({"account", "role", "bench", "admin"}), folder_.path() + "/role.log");
    if (role.wait().status != 0) give_up("no admin: " + role.said());
    std::string made;
    for (int i = 0; i < 200 && made.empty(); ++i) {  // until the server has heard of it
      const auto answer = client.ask("POST", "/v1/titles", admin, R"({"names":{"en":"Raids"}})");
      if (answer.status == 201) made = answer.body;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const std::string path = "/v1/game/" + value(made, "\"id\":\"", '"');
    const std::string key =
        value(post("POST", path + "/keys", admin, R"({"kind":"server","name":"bench"})"),
              "\"key\":\"", '"');
    head_ = "POST " + path + "/commands HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
            key + "\r\nContent-Type: application/json\r\nContent-Length: ";
    post("PUT", path + "/schema", "Authorization: Bearer " + key + "\r\n",
         std::string(raid_schema));
  }

  double send(const std::vector<Command>& commands, std::size_t together,
              std::size_t connection_count) {
    std::vector<std::string> requests;
    for (std::size_t begin = 0; begin < commands.size(); begin += together) {
      const std::size_t count = std::min(commands.size() - begin, together);
      const std::string body = body_of(std::span(commands).subspan(begin, count));
      requests.push_back(head_ + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    std::size_t applied = 0;
    Exchange exchange(port_, connection_count);
    const double begin = seconds_now();
    for (std::size_t next = 0; next < requests.size() || !exchange.is_idle();) {
      while (next < requests.size() && exchange.has_room())
        exchange.ask(requests[next++], [&applied](const Answer& answer) {
          constexpr std::string_view wanted = R"("outcome":"applied")";
          for (std::size_t at = answer.body.find(wanted); at != std::string_view::npos;
               at = answer.body.find(wanted, at + wanted.size()))
            ++applied;
          if (answer.status != 200) give_up(std::string(answer.body));
        });
      exchange.poll(1);
    }
    const double seconds = seconds_now() - begin;
    if (applied != commands.size()) give_up("not all commands were applied");
    return seconds;
  }

  const Folder folder_;
  sql::DbOptions shard_;
  Raids raids_;
  std::unique_ptr<Program> program_;
  std::uint16_t port_ = 0;
  std::string head_;  // of a request, up to its length
};

}  // namespace matsuri::bench
