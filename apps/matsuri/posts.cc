#include "posts.h"

#include <utility>

#include "empathy/query.h"
#include "sql/call.h"
#include "timeline/query.h"
#include "timeline/render.h"

namespace matsuri {

void Posts::find(PostId post, AccountId viewer, io::Executor& executor,
                 std::move_only_function<void(Result<Known>)> done) {
  sql::read_value<Known>(
      timeline_, executor,
      [post, viewer](sql::Connection& connection) -> Result<Known> {
        TRY_ASSIGN(const timeline::Post found, timeline::read_post(connection, post, viewer));
        return Known{.author = found.author.id, .community = found.community};
      },
      std::move(done));
}

void Posts::find(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
                 std::move_only_function<void(Result<Found>)> done) {
  if (posts.empty()) return done(Found());
  sql::read_value<Found>(
      timeline_, executor,
      [posts = std::move(posts), viewer](sql::Connection& connection) -> Result<Found> {
        TRY_ASSIGN(auto read, timeline::read_posts(connection, posts, viewer));
        Found found;
        for (timeline::Post& post : read) {
          if (post.spoiler && post.author.id != viewer) post.text.clear();
          found[post.id] = {.text = std::move(post.text), .community = post.community};
        }
        return found;
      },
      std::move(done));
}

void Posts::find(AccountId account, std::vector<PostId> posts, io::Executor& executor,
                 timeline::EmpathyLookup::Done done) {
  if (posts.empty() || !account) return done(std::vector<PostId>());
  sql::read_value<std::vector<PostId>>(
      empathy_, executor,
      [account,
       posts = std::move(posts)](sql::Connection& connection) -> Result<std::vector<PostId>> {
        TRY_ASSIGN(const auto given, empathy::given_by(connection, account, posts));
        return std::vector<PostId>(given.begin(), given.end());
      },
      std::move(done));
}

void Posts::render(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
                   std::move_only_function<void(Result<std::vector<std::string>>)> done) {
  if (posts.empty()) return done(std::vector<std::string>());
  using Given = std::unordered_set<PostId>;
  sql::read_value<Given>(
      empathy_, executor,
      [posts, viewer](sql::Connection& connection) {
        return empathy::given_by(connection, viewer, posts);
      },
      [this, posts, viewer, &executor, done = std::move(done)](Result<Given> given) mutable {
        if (!given.ok()) return done(given.error());
        sql::read_value<std::vector<std::string>>(
            timeline_, executor,
            [this, posts = std::move(posts), viewer, given = std::move(given).value(),
             moment =
                 home_.now()](sql::Connection& connection) -> Result<std::vector<std::string>> {
              TRY_ASSIGN(const auto rows, home_.read_posts({&connection, moment}, posts, viewer));
              std::vector<std::string> rendered;
              for (const timeline::RowPtr& row : *rows)
                timeline::append_row(rendered.emplace_back(), *row,
                                     {.empathized = given.contains(row->post.id),
                                      .mine = row->post.author.id == viewer});
              return rendered;
            },
            std::move(done));
      });
}

}  // namespace matsuri
