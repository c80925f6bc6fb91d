// Between the shapes of the public headers and what goes over the wire. All parsers give
// Code::corrupt for what is not as api/openapi.yaml says, and pass over fields that they don't
// know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matsuri/community.h"
#include "matsuri/game.h"
#include "matsuri/result.h"
#include "matsuri/trade.h"

namespace matsuri {

// The error in an answer of this status: from its problem document, or from the status alone where
// a proxy in between answered in its own words.
Error parse_problem(int status, const std::string& body);

std::string to_body(const NewAccount& account);
std::string to_body(const Credentials& credentials);
std::string to_body(const NewPost& post);
std::string label_body(const std::string& label);

Result<Account> parse_account(const std::string& body);
Result<std::string> parse_token(const std::string& body);
Result<Title> parse_title(const std::string& body);
Result<CommunityPage> parse_communities(const std::string& body);
Result<Post> parse_post(const std::string& body);
Result<PostPage> parse_posts(const std::string& body);
Result<PeoplePage> parse_people(const std::string& body);
Result<Drawing> parse_drawing(const std::string& body);
Result<Fate> parse_fate(const std::string& body);

// What of a command does not change: all but its key, as the inside of a JSON object. Code::invalid
// where it cannot be a command.
Result<std::string> to_wire(const Command& command);
std::string title_key_body(const std::string& title_key);

struct SessionAnswer {
  std::string player_token;
  std::string player;
  std::int64_t server_time_ms = 0;
};
Result<SessionAnswer> parse_session(const std::string& body);

// One outcome as the server tells it: closed, or one that the client has to do something about.
struct WireOutcome {
  enum class Again {
    no,           // it is final
    later,        // overloaded, not_owner, busy: not executed, send it again
    look_up,      // unknown
    another_key,  // key_from_future: not executed, the client's clock is wrong
  };
  Again again = Again::no;
  Outcome outcome;
};
struct OutcomesAnswer {
  std::vector<WireOutcome> outcomes;
  std::string token;
};
Result<OutcomesAnswer> parse_outcomes(const std::string& body);
Result<WireOutcome> parse_looked_up(const std::string& body);

struct EntityAnswer {
  EntityRead read;
  std::string token;
};
Result<EntityAnswer> parse_entity(const std::string& body);
Result<Changes> parse_changes(const std::string& body);

std::string to_body(const Trade& trade, const std::string& key);
Result<TradeOutcome> parse_trade_outcome(const std::string& body);

}  // namespace matsuri
