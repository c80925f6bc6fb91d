#include "points/forms.h"

#include <utility>

#include "base/sentence.h"
#include "game/model.h"
#include "json/value.h"
#include "json/writer.h"

namespace matsuri::points {
namespace {

using http::Response;

Result<sequencer::Key> key_in(const json::Object& object) {
  TRY_ASSIGN(const std::string_view text, object.string("key"));
  const auto key = game::parse_key(text);
  if (!key || !key->is_uuid_v7()) return Error(Code::invalid, "key: is not a UUIDv7");
  return *key;
}

Result<std::string> purse_name_in(const json::Object& object, std::string_view field) {
  TRY_ASSIGN(const std::string_view name, object.string(field));
  TRY(within(field, check_purse_name(name)));
  return std::string(name);
}

Result<std::int64_t> amount_in(const json::Object& object, std::string_view field,
                               std::int64_t max) {
  TRY_ASSIGN(const std::int64_t amount, object.integer(field));
  TRY(within(field, check_amount(amount, max)));
  return amount;
}

Result<std::string> reason_in(const json::Object& object) {
  TRY_ASSIGN(const auto reason, object.optional_string("reason"));
  TRY(within("reason", check_reason(reason.value_or(""))));
  return std::string(reason.value_or(""));
}

void write_named(json::Writer& writer, const NamedPurse& purse, sequencer::KindIndex kind) {
  writer.begin_object().field("name", purse.name).field_id("title", purse.title.value);
  if (kind == campaign_kind)
    writer.field("left", purse.balance).field("held", purse.held);
  else
    writer.field("spent", purse.balance);
  writer.end_object();
}

Response render_named(const NamedPurse& purse, sequencer::KindIndex kind) {
  Response response;
  json::Writer writer(response.body);
  write_named(writer, purse, kind);
  return response;
}

void write_done(json::Writer& writer, const Done& done) {
  writer.field("key", game::to_string(done.key))
      .field("seq", done.seq)
      .field("time_ms", done.time_ms)
      .field("duplicate", done.is_duplicate);
}

void write_spent(json::Writer& writer, const Spent& spent, std::string_view word) {
  writer.field("outcome", spent.is_done ? word : std::string_view("insufficient"))
      .field("balance", spent.balance)
      .field("held", spent.held);
  write_done(writer, spent.done);
}

void write_hold(json::Writer& writer, const Hold& hold) {
  writer.begin_object()
      .field("id", hold.id.to_string())
      .field_id("account", hold.account.value)
      .field_id("title", hold.title.value)
      .field("sink", hold.id.sink)
      .field("amount", hold.amount)
      .field("until_ms", hold.until_ms)
      .field("state", name_of(hold.state))
      .end_object();
}

void write_next(json::Writer& writer, std::string_view next) {
  if (next.empty())
    writer.field_null("next");
  else
    writer.field("next", next);
}

}  // namespace

Result<NewPurseForm> parse_new_purse(std::string_view body, bool is_campaign) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(body));
  TRY_ASSIGN(const json::Object object, document.object());
  if (is_campaign)
    TRY(object.only({"key", "name", "title", "budget"}));
  else
    TRY(object.only({"key", "name", "title"}));
  NewPurseForm form;
  TRY_ASSIGN(form.key, key_in(object));
  TRY_ASSIGN(form.name, purse_name_in(object, "name"));
  TRY_ASSIGN(const std::uint64_t title, object.id("title"));
  form.title = TitleId{title};
  if (is_campaign) {
    TRY_ASSIGN(form.budget, amount_in(object, "budget", budget_max));
  }
  return form;
}

Result<TopUpForm> parse_top_up(std::string_view body) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"key", "amount"}));
  TopUpForm form;
  TRY_ASSIGN(form.key, key_in(object));
  TRY_ASSIGN(form.amount, amount_in(object, "amount", budget_max));
  return form;
}

Result<GrantForm> parse_grant(std::string_view body) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"event", "campaign", "account", "amount", "reason"}));
  GrantForm form;
  TRY_ASSIGN(const std::string_view event, object.string("event"));
  TRY(within("event", check_event(event)));
  form.grant.event = event;
  TRY_ASSIGN(form.grant.campaign, purse_name_in(object, "campaign"));
  TRY_ASSIGN(const std::uint64_t account, object.id("account"));
  form.grant.account = AccountId{account};
  TRY_ASSIGN(form.grant.amount, amount_in(object, "amount", amount_max));
  TRY_ASSIGN(form.reason, reason_in(object));
  return form;
}

Result<SpendForm> parse_spend(std::string_view body, bool is_hold) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(body));
  TRY_ASSIGN(const json::Object object, document.object());
  if (is_hold)
    TRY(object.only({"key", "sink", "amount", "reason", "hold_ms"}));
  else
    TRY(object.only({"key", "sink", "amount", "reason"}));
  SpendForm form;
  TRY_ASSIGN(form.key, key_in(object));
  TRY_ASSIGN(form.spend.sink, purse_name_in(object, "sink"));
  TRY_ASSIGN(form.spend.amount, amount_in(object, "amount", amount_max));
  TRY_ASSIGN(form.reason, reason_in(object));
  TRY_ASSIGN(const auto hold_ms, object.optional_integer("hold_ms"));
  form.hold_ms = hold_ms.value_or(hold_ms_default);
  TRY(within("hold_ms", check_amount(form.hold_ms, hold_ms_max)));
  return form;
}

Response render_campaign(const NamedPurse& campaign) {
  return render_named(campaign, campaign_kind);
}

Response render_sink(const NamedPurse& sink) { return render_named(sink, sink_kind); }

Response render_list(std::vector<NamedPurse> purses, sequencer::KindIndex kind,
                     std::size_t count_max) {
  const bool has_more = purses.size() > count_max;
  if (has_more) purses.resize(count_max);
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key(kind == campaign_kind ? "campaigns" : "sinks").begin_array();
  for (const NamedPurse& purse : purses) write_named(writer, purse, kind);
  writer.end_array();
  write_next(writer, has_more ? purses.back().name : std::string());
  writer.end_object();
  return response;
}

Response render(const Granted& granted, const Grant& grant) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object()
      .field("outcome", name_of(granted.outcome))
      .field("event", grant.event)
      .field("campaign", grant.campaign)
      .field_id("account", grant.account.value)
      .field("amount", grant.amount);
  if (granted.outcome == Granted::Outcome::granted) writer.field("balance", granted.balance);
  if (granted.outcome != Granted::Outcome::granted_before) writer.field("left", granted.left);
  writer.end_object();
  return response;
}

Response render_spent(const Spent& spent) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object();
  write_spent(writer, spent, "spent");
  writer.end_object();
  return response;
}

Response render(const Placed& placed) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object();
  write_spent(writer, placed.spent, "held");
  if (placed.spent.is_done) {
    writer.key("hold");
    write_hold(writer, placed.hold);
  }
  writer.end_object();
  return response;
}

Response render(const Hold& hold) {
  Response response;
  json::Writer writer(response.body);
  write_hold(writer, hold);
  return response;
}

Response render(const Ended& ended, HoldState wanted) {
  Response response;
  json::Writer writer(response.body);
  const bool is_late = ended.state == HoldState::held && wanted == HoldState::committed;
  writer.begin_object()
      .field("outcome", is_late ? std::string_view("expired") : name_of(ended.state))
      .field("duplicate", ended.was_ended)
      .key("hold");
  write_hold(writer, ended.hold);
  writer.end_object();
  return response;
}

Response render(const Balance& balance) {
  Response response;
  json::Writer(response.body)
      .begin_object()
      .field("balance", balance.balance)
      .field("held", balance.held)
      .end_object();
  return response;
}

Response render(std::vector<Posting> postings, std::size_t count_max) {
  const bool has_more = postings.size() > count_max;
  if (has_more) postings.resize(count_max);
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("postings").begin_array();
  for (const Posting& posting : postings) {
    writer.begin_object()
        .field("seq", posting.seq)
        .field("time_ms", posting.time_ms)
        .field("key", game::to_string(posting.key))
        .field("amount", posting.amount)
        .field("balance_after", posting.balance_after)
        .field("held_after", posting.held_after)
        .field("with", posting.with)
        .field("reason", posting.reason);
    if (posting.by)
      writer.field_id("by", posting.by.value);
    else
      writer.field_null("by");
    writer.end_object();
  }
  writer.end_array();
  write_next(writer, has_more ? std::to_string(postings.back().seq) : std::string());
  writer.end_object();
  return response;
}

}  // namespace matsuri::points
