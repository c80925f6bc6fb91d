// What the API takes for points, and gives: JSON in and out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "points/ledger.h"
#include "points/projection.h"
#include "points/query.h"

namespace matsuri::points {

// All parse_… : Code::invalid names the field that is wrong.
struct NewPurseForm {
  sequencer::Key key;
  std::string name;
  TitleId title;
  std::int64_t budget = 0;  // of a campaign
};
Result<NewPurseForm> parse_new_purse(std::string_view body, bool is_campaign);

struct TopUpForm {
  sequencer::Key key;
  std::int64_t amount = 0;
};
Result<TopUpForm> parse_top_up(std::string_view body);

struct GrantForm {
  Grant grant;
  std::string reason;
};
Result<GrantForm> parse_grant(std::string_view body);

struct SpendForm {
  sequencer::Key key;
  Spend spend;  // the account is whoever asks
  std::string reason;
  std::int64_t hold_ms = hold_ms_default;  // of a hold
};
Result<SpendForm> parse_spend(std::string_view body, bool is_hold);

http::Response render_campaign(const NamedPurse& campaign);
http::Response render_sink(const NamedPurse& sink);
// `next` where there are more than `count_max`; those are left out.
http::Response render_list(std::vector<NamedPurse> purses, sequencer::KindIndex kind,
                           std::size_t count_max);
http::Response render(const Granted& granted, const Grant& grant);
http::Response render_spent(const Spent& spent);
http::Response render(const Placed& placed);
http::Response render(const Hold& hold);
// `wanted`: what was to become of it.
http::Response render(const Ended& ended, HoldState wanted);
http::Response render(const Balance& balance);
http::Response render(std::vector<Posting> postings, std::size_t count_max);

}  // namespace matsuri::points
