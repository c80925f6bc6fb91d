// Threads around owners: they sleep until there is something to do, and look by themselves now and
// then where what they wait for makes no noise (a lease that ends, a database that comes back).
#include "sequencer/sequencer.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "sequencer/sql_store.h"

namespace matsuri::sequencer {

namespace {

constexpr std::chrono::milliseconds look_again{20};

// Wakes one thread, and loses no call between its look and its sleep.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    condition_.notify_one();
  }
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, at_most, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
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
      while (!stop.stop_requested()) {
        if (owner_.step())
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

  void submit(Request request, Done done) {
    owner_.submit(std::move(request), std::move(done));
    load_.ring();
    step_.ring();  // It may have to take the shard first.
  }

 private:
  static constexpr std::chrono::milliseconds idle{1000};

  std::unique_ptr<SqlStore> store_;
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
  workers_[shard_of(title, arena)]->submit(
      std::move(request), [&executor, done = std::move(done)](Answer answer) mutable {
        executor.post([done = std::move(done), answer = std::move(answer)]() mutable {
          done(std::move(answer));
        });
      });
}

}  // namespace matsuri::sequencer
