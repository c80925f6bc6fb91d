#include "checker.h"

#include <future>
#include <map>
#include <set>

namespace matsuri::powercut {
namespace {

// What the databases hold, read in one go each.
struct Found {
  struct Account {
    std::uint64_t id = 0;
    std::string name;
  };
  std::multimap<std::string, Account> accounts;          // by handle
  std::map<std::uint64_t, std::uint64_t> account_facts;  // number of facts by account
  std::uint64_t main_facts_end = 0, main_counter = 0, main_fact_count = 0;

  struct Post {
    std::uint64_t id = 0;
    std::uint64_t author = 0;
  };
  std::multimap<std::string, Post> posts;  // by text
  std::map<std::uint64_t, std::string> authors;
  std::uint64_t duplicate_count = 0, refused_count = 0, quarantined_count = 0;
  std::map<std::uint64_t, std::uint64_t> positions;   // by incarnation
  std::map<std::uint64_t, std::uint64_t> post_facts;  // subject by offset
  std::uint64_t timeline_counter = 0;
  std::string verdict;
};

Result<void> read_main(sql::Connection& connection, Found& found) {
  TRY(connection.query("PRAGMA integrity_check(1)", {}, [&](const sql::Row& row) {
    if (row.text(0) != "ok") found.verdict = "main is damaged: " + std::string(row.text(0));
  }));
  TRY(connection.query("SELECT handle, id, name FROM account", {}, [&](const sql::Row& row) {
    found.accounts.emplace(row.text(0), Found::Account{row.id(1), std::string(row.text(2))});
  }));
  TRY(connection.query("SELECT at_offset, subject_id FROM outbox ORDER BY at_offset", {},
                       [&](const sql::Row& row) {
                         found.main_facts_end = row.id(0);
                         ++found.main_fact_count;
                         ++found.account_facts[row.id(1)];
                       }));
  return connection.query("SELECT amount FROM stream_counter WHERE name = 'outbox'", {},
                          [&](const sql::Row& row) { found.main_counter = row.id(0); });
}

Result<void> read_timeline(sql::Connection& connection, Found& found) {
  TRY(connection.query("PRAGMA integrity_check(1)", {}, [&](const sql::Row& row) {
    if (row.text(0) != "ok") found.verdict = "timeline is damaged: " + std::string(row.text(0));
  }));
  TRY(connection.query("SELECT text, id, author FROM post", {}, [&](const sql::Row& row) {
    found.posts.emplace(row.text(0), Found::Post{row.id(1), row.id(2)});
  }));
  TRY(connection.query("SELECT id, name FROM author", {},
                       [&](const sql::Row& row) { found.authors[row.id(0)] = row.text(1); }));
  TRY(connection.query(
      "SELECT code = 0, count(*) FROM refusal GROUP BY code = 0", {}, [&](const sql::Row& row) {
        (row.integer(0) != 0 ? found.duplicate_count : found.refused_count) = row.id(1);
      }));
  TRY(connection.query("SELECT count(*) FROM quarantine", {},
                       [&](const sql::Row& row) { found.quarantined_count = row.id(0); }));
  TRY(connection.query("SELECT incarnation, at_offset FROM view_position", {},
                       [&](const sql::Row& row) { found.positions[row.id(0)] = row.id(1); }));
  TRY(connection.query("SELECT at_offset, subject_id FROM outbox", {},
                       [&](const sql::Row& row) { found.post_facts[row.id(0)] = row.id(1); }));
  return connection.query("SELECT amount FROM stream_counter WHERE name = 'outbox'", {},
                          [&](const sql::Row& row) { found.timeline_counter = row.id(0); });
}

std::string check_people(Node& node, const Crowd& crowd, const Found& found) {
  std::set<std::string> asked;
  for (const Person& person : crowd.people()) asked.insert(person.handle);
  for (const auto& [handle, account] : found.accounts) {
    if (!asked.contains(handle)) return handle + " never signed up";
    if (found.accounts.count(handle) > 1) return handle + " is there twice";
    const auto facts = found.account_facts.find(account.id);
    if (facts == found.account_facts.end() || facts->second != 1)
      return handle + " does not have one fact";
    const auto author = found.authors.find(account.id);
    if (author == found.authors.end() || author->second != account.name)
      return "the timeline does not know " + handle;
  }
  if (found.main_fact_count != found.accounts.size() ||
      found.main_facts_end != found.main_fact_count || found.main_counter != found.main_facts_end)
    return "the facts of main have gaps, or tell of nobody";
  if (found.authors.size() != found.accounts.size()) return "the timeline knows somebody unknown";
  for (const Person& person : crowd.people()) {
    if (!person.told) continue;
    const auto account = found.accounts.find(person.handle);
    if (account == found.accounts.end()) return person.handle + " was answered and is gone";
    if (account->second.id != person.told->value) return person.handle + " has another id";
    const auto credential = node.signer->verify(person.cookie);
    if (!credential.ok() || credential->account != *person.told ||
        !node.standings->check(*credential).ok())
      return "the session of " + person.handle + " does not count any more";
    static io::InlineExecutor here;
    std::promise<Result<AccountId>> answer;
    node.accounts->log_in(
        {.handle = person.handle, .password = crowd.password_of(person), .user_agent = "test"},
        here, [&](Result<account::Committed<account::SignedIn>> result) {
          if (result.ok())
            answer.set_value(result->value.account.id);
          else
            answer.set_value(result.error());
        });
    const Result<AccountId> logged_in = answer.get_future().get();
    if (!logged_in.ok()) return person.handle + " can't log in: " + logged_in.error().to_string();
    if (*logged_in != *person.told) return person.handle + " logs in as somebody else";
  }
  return "";
}

std::string check_posts(const Crowd& crowd, const Found& found) {
  std::map<std::string, const Wish*> wishes;
  for (const Wish& wish : crowd.wishes()) wishes[wish.text] = &wish;
  std::set<std::uint64_t> ids;
  for (const auto& [text, post] : found.posts) {
    const std::string which = text.substr(0, text.find(':'));
    if (!wishes.contains(text)) return "a post that nobody wrote: " + which;
    if (found.posts.count(text) > 1) return "twice there: " + which;
    if (!ids.insert(post.id).second) return "an id of two posts";
    const Wish& wish = *wishes[text];
    const Person& author = crowd.people()[wish.author];
    if (!author.told || author.told->value != post.author) return "another author: " + which;
  }
  for (const Wish& wish : crowd.wishes()) {
    if (!wish.told) continue;
    const auto post = found.posts.find(wish.text);
    const std::string which = wish.text.substr(0, wish.text.find(':'));
    if (post == found.posts.end()) return "answered and gone: " + which;
    if (post->second.id != wish.told->value) return "another id than was told: " + which;
  }
  return "";
}

std::string check_journal(Node& node, const Crowd& crowd, const Found& found) {
  const std::uint64_t record_count = node.journal->durable_offset();
  const std::uint64_t incarnation = node.journal->origin().incarnation;
  const auto position = found.positions.find(incarnation);
  const std::uint64_t offset = position == found.positions.end() ? 0 : position->second;
  if (offset != record_count)
    return "the view stands at " + std::to_string(offset) + " of " + std::to_string(record_count) +
           " records";
  const auto facts = found.positions.find(node.main_outbox->origin().incarnation);
  const std::uint64_t facts_offset = facts == found.positions.end() ? 0 : facts->second;
  if (facts_offset != found.main_counter)
    return "the view does not stand at the end of main's facts";
  if (found.positions.size() > 2) return "the view has positions of an origin that is gone";
  if (found.quarantined_count != 0) return "a record is in quarantine";
  if (found.refused_count != 0) return "a post was accepted and then refused";
  // By the database alone: what the journal holds has become a post or is known for a duplicate.
  if (found.posts.size() + found.duplicate_count != record_count)
    return std::to_string(record_count) + " records, but " + std::to_string(found.posts.size()) +
           " posts and " + std::to_string(found.duplicate_count) + " duplicates";
  for (const Wish& wish : crowd.wishes()) {
    if (!wish.told_position) continue;
    if (wish.told_position->origin.incarnation != incarnation ||
        wish.told_position->offset > record_count)
      return "a position that was told lies outside of the journal";
  }
  return "";
}

std::string check_post_facts(const Found& found) {
  if (found.timeline_counter != found.posts.size()) return "posts and their facts do not agree";
  std::set<std::uint64_t> ids;
  for (const auto& [text, post] : found.posts) ids.insert(post.id);
  // Retention takes from the front; what is left goes to the end without a gap.
  std::uint64_t expected =
      found.post_facts.empty() ? found.timeline_counter + 1 : found.post_facts.begin()->first;
  for (const auto& [offset, subject] : found.post_facts) {
    if (offset != expected++) return "the timeline's facts have a gap";
    if (ids.erase(subject) == 0) return "a fact tells of no post, or a second time";
  }
  return expected == found.timeline_counter + 1 ? "" : "the newest facts are missing";
}

}  // namespace

std::string broken_promise(Node& node, const Crowd& crowd) {
  Found found;
  Result<void> read = node.main_db->read_and_wait(
      [&](sql::Connection& connection) { return read_main(connection, found); });
  if (read.ok()) {
    read = node.timeline_db->read_and_wait(
        [&](sql::Connection& connection) { return read_timeline(connection, found); });
  }
  if (!read.ok()) return "can't be read: " + read.error().to_string();
  if (!crowd.complaint().empty()) return crowd.complaint();
  if (!found.verdict.empty()) return found.verdict;
  if (std::string broken = check_journal(node, crowd, found); !broken.empty()) return broken;
  if (std::string broken = check_posts(crowd, found); !broken.empty()) return broken;
  if (std::string broken = check_post_facts(found); !broken.empty()) return broken;
  for (const stream::ApplierStatus& status : node.stream->status()) {
    const std::uint64_t sum = status.done + status.duplicate + status.refused + status.not_mine +
                              status.quarantined + status.in_flight;
    if (status.read != sum) return "the identity of view " + status.view + " does not hold";
    if (status.in_flight != 0 || status.lag != 0) return "view " + status.view + " lags";
  }
  return check_people(node, crowd, found);
}

}  // namespace matsuri::powercut
