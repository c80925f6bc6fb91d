// Timeline's posts for the domains that speak of them, and empathy's marks for the posts: what each
// of them declares is filled here, because none of them calls another.
#pragma once

#include "empathy/posts.h"
#include "notification/posts.h"
#include "sql/db.h"
#include "timeline/empathies.h"
#include "timeline/home.h"

namespace matsuri {

// Thread-safe.
class Posts final : public empathy::PostLookup,
                    public notification::PostLookup,
                    public timeline::EmpathyLookup {
 public:
  Posts(sql::Db& timeline, timeline::Home& home, sql::Db& empathy)
      : timeline_(timeline), home_(home), empathy_(empathy) {}

  void find(PostId post, AccountId viewer, io::Executor& executor,
            std::move_only_function<void(Result<Known>)> done) override;
  void find(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
            std::move_only_function<void(Result<Found>)> done) override;
  void find(AccountId account, std::vector<PostId> posts, io::Executor& executor,
            timeline::EmpathyLookup::Done done) override;
  void render(std::vector<PostId> posts, AccountId viewer, io::Executor& executor,
              std::move_only_function<void(Result<std::vector<std::string>>)> done) override;

 private:
  sql::Db& timeline_;
  timeline::Home& home_;
  sql::Db& empathy_;
};

}  // namespace matsuri
