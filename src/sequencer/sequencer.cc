// Threads around owners: they sleep until there is something to do, and look by themselves now and
// then where what they wait for makes no noise (a lease that ends, a database that comes back).
#include "sequencer/sequencer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "sequencer/sql_store.h"

namespace matsuri::sequencer {

namespace {

constexpr std::chrono::milliseconds look_again{20};

// Wakes one thread, and loses no call between its look and its sleep.
class Bell {
 public:
  void ring() {
    if (rung_.exchange(true)) return;  // Whoever rang before wakes it, and it has yet to look.
    {
      const std::lock_guard lock(mutex_);
    }
    condition_.notify_one();
  }
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, at_most, [this] { return rung_.load(); });
    rung_.exchange(false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> rung_ = false;
};

// Answers on their way: one post for each executor and batch, not for each command.
class Mail {
 public:
  using Done = Owner::Done;

  // Only what is answered on the thread that `collect()` is called on waits for send().
  void collect() { collector_ = std::this_thread::get_id(); }
  void add(io::Executor& executor, Done done, Answer answer) {
    if (collector_ != std::this_thread::get_id()) {
      executor.post([done = std::move(done), answer = std::move(answer)]() mutable {
        done(std::move(answer));
      });
      return;
    }
    auto bag = std::ranges::find(bags_, &executor, &Bag::executor);
    if (bag == bags_.end()) bag = bags_.insert(bag, {&executor, {}});
    bag->letters.emplace_back(std::move(done), std::move(answer));
  }
  void send() {
    for (Bag& bag : bags_)
      bag.executor->post([letters = std::move(bag.letters)]() mutable {
        for (auto& [done, answer] : letters) done(std::move(answer));
      });
    bags_.clear();
  }

 private:
  struct Bag {
    io::Executor* executor;
    std::vector<std::pair<Done, Answer>> letters;
  };
  std::vector<Bag> bags_;
  std::atomic<std::thread::id> collector_;
};

}  // namespace

class Sequencer::Worker {
 public:
  Worker(const OwnerOptions& options, Schemas schemas, std::unique_ptr<SqlStore> store,
         io::Clock& clock)
      : store_(std::move(store)), owner_(options, std::move(schemas), *store_, clock) {
    loader_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (owner_.load())
          step_.ring();
        else
          load_.wait(owner_.busy() ? look_again : idle);
      }
    });
    stepper_ = std::jthread([this](const std::stop_token& stop) {
      mail_.collect();
      while (!stop.stop_requested()) {
        const bool done = owner_.step();
        mail_.send();
        if (done)
          load_.ring();
        else
          step_.wait(owner_.busy() ? look_again : idle);
      }
    });
  }

  ~Worker() {
    loader_.request_stop();
    stepper_.request_stop();
    load_.ring();
    step_.ring();
    loader_.join();
    stepper_.join();
    owner_.stop();
  }

  void submit(Request request, io::Executor& executor, Done done) {
    owner_.submit(std::move(request),
                  [this, &executor, done = std::move(done)](Answer answer) mutable {
                    mail_.add(executor, std::move(done), std::move(answer));
                  });
    load_.ring();
    if (!owner_.owns()) step_.ring();  // It has to take the shard first.
  }

 private:
  static constexpr std::chrono::milliseconds idle{1000};

  std::unique_ptr<SqlStore> store_;
  Mail mail_;
  Owner owner_;
  Bell load_;
  Bell step_;
  std::jthread loader_;
  std::jthread stepper_;
};

Sequencer::Sequencer() = default;
Sequencer::~Sequencer() = default;

Result<std::unique_ptr<Sequencer>> Sequencer::start(const SequencerOptions& options,
                                                    Schemas schemas, io::Clock& clock) {
  std::unique_ptr<Sequencer> sequencer(new Sequencer);
  for (sql::Db* db : options.shards) {
    TRY_ASSIGN(auto store, SqlStore::open(*db, schemas));
    OwnerOptions owner = options.owner;
    owner.shard_number = static_cast<std::uint32_t>(sequencer->workers_.size());
    sequencer->workers_.push_back(
        std::make_unique<Worker>(owner, schemas, std::move(store), clock));
  }
  return sequencer;
}

std::size_t Sequencer::shard_of(TitleId title, std::string_view arena) const {
  return slot_of(title, arena) * workers_.size() / slot_count;
}

void Sequencer::submit(TitleId title, std::string_view arena, Request request,
                       io::Executor& executor, Done done) {
  workers_[shard_of(title, arena)]->submit(std::move(request), executor, std::move(done));
}

}  // namespace matsuri::sequencer
