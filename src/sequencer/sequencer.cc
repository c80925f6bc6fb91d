// Threads around owners: they sleep until there is something to do, and look by themselves now and
// then where what they wait for makes no noise (a lease that ends, a database that comes back).
#include "sequencer/sequencer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "sequencer/days.h"
#include "sequencer/internal/bell.h"
#include "sequencer/internal/mover.h"
#include "sequencer/router.h"
#include "sequencer/shard_map.h"
#include "sequencer/slots.h"
#include "sequencer/sql_store.h"

namespace matsuri::sequencer {

namespace {

constexpr std::chrono::milliseconds look_again{20};
constexpr std::chrono::milliseconds look_for_shards{1000};  // that were taken meanwhile
constexpr std::int64_t drop_again_us = 5'000'000;
// After one that failed: commands may have waited for it.
constexpr std::int64_t drop_later_us = 60'000'000;

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
    // Who hears an answer on this thread may ask again at once, and be refused at once, into a bag.
    while (!bags_.empty())
      for (Bag& bag : std::exchange(bags_, {}))
        bag.executor->post([letters = std::move(bag.letters)]() mutable {
          for (auto& [done, answer] : letters) done(std::move(answer));
        });
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

  const Owner& owner() const { return owner_; }

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

// A request on its way to the shard that has its slot.
struct Sequencer::Parcel {
  Request request;
  io::Executor* executor;
  Done done;
};

class Sequencer::Routes : public Router<Parcel> {
 public:
  using Router<Parcel>::Router;
};

// Drops days of the shards that this node owns, one behind the other.
class Sequencer::Dropper {
 public:
  // The workers outlive it.
  static Result<std::unique_ptr<Dropper>> start(const SequencerOptions& options,
                                                const std::vector<std::unique_ptr<Worker>>& workers,
                                                io::Clock& clock) {
    std::vector<std::unique_ptr<Days>> days;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      TRY_ASSIGN(auto one, Days::open(*options.shards[i],
                                      {.keep_days = options.keep_days,
                                       .metrics = options.owner.metrics,
                                       .shard_number = static_cast<std::uint32_t>(i)},
                                      clock.unix_ms()));
      days.push_back(std::move(one));
    }
    return std::unique_ptr<Dropper>(
        new Dropper(std::move(days), workers, options.read_to_ms, clock));
  }
  ~Dropper() {
    thread_.request_stop();
    bell_.ring();
    thread_.join();
  }

 private:
  Dropper(std::vector<std::unique_ptr<Days>> days,
          const std::vector<std::unique_ptr<Worker>>& workers,
          std::function<std::int64_t()> read_to_ms, io::Clock& clock)
      : days_(std::move(days)),
        workers_(workers),
        read_to_ms_(std::move(read_to_ms)),
        clock_(clock),
        next_us_(workers.size(), 0) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pass(stop);
        if (!stop.stop_requested()) bell_.wait(look_for_shards);
      }
    });
  }

  void pass(const std::stop_token& stop) {
    for (std::size_t i = 0; i < days_.size() && !stop.stop_requested(); ++i) {
      const Owner& owner = workers_[i]->owner();
      if (!owner.owns() || clock_.monotonic_us() < next_us_[i]) continue;
      const std::int64_t read_to_ms =
          read_to_ms_ ? read_to_ms_() : std::numeric_limits<std::int64_t>::max();
      const Result<void> passed = days_[i]->pass(owner.epoch(), clock_.unix_ms(), read_to_ms, stop);
      next_us_[i] = clock_.monotonic_us() + (passed.ok() ? drop_again_us : drop_later_us);
      if (!passed.ok())
        log::warn("sequencer", "days of commands are dropped later",
                  {{"shard", std::uint64_t{i}}, {"reason", passed.error().to_string()}});
    }
  }

  std::vector<std::unique_ptr<Days>> days_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  const std::function<std::int64_t()> read_to_ms_;
  io::Clock& clock_;
  std::vector<std::int64_t> next_us_;
  Bell bell_;
  std::jthread thread_;
};

Sequencer::Sequencer() = default;

Sequencer::~Sequencer() {
  dropper_.reset();
  mover_.reset();
  if (routes_ != nullptr)
    for (Parcel& parcel : routes_->close())
      parcel.executor->post(
          [request = std::move(parcel.request), done = std::move(parcel.done)]() mutable {
            done(refusal(request, Verdict::not_owner, "the node stops"));
          });
  workers_.clear();
}

Result<std::unique_ptr<Sequencer>> Sequencer::start(const SequencerOptions& options,
                                                    Schemas schemas, io::Clock& clock) {
  std::unique_ptr<Sequencer> sequencer(new Sequencer);
  SqlStoreOptions shard{.number = 0,
                        .shard_count = static_cast<std::uint32_t>(options.shards.size())};
  for (sql::Db* db : options.shards) {
    TRY_ASSIGN(auto store, SqlStore::open(*db, schemas, shard));
    shard.shard_count = store->first_shard_count();
    OwnerOptions owner = options.owner;
    owner.shard_number = shard.number++;
    sequencer->workers_.push_back(
        std::make_unique<Worker>(owner, schemas, std::move(store), clock));
  }
  if (options.keep_days != 0) {
    TRY_ASSIGN(sequencer->dropper_, Dropper::start(options, sequencer->workers_, clock));
  }
  TRY_ASSIGN(const std::vector<Slots> map, read_map(options.shards));
  Sequencer* const here = sequencer.get();
  sequencer->routes_ = std::make_unique<Routes>(
      map_of(map), options.owner.waiting_count_max, [here](std::uint32_t number, Parcel parcel) {
        here->workers_[number]->submit(std::move(parcel.request), *parcel.executor,
                                       std::move(parcel.done));
      });
  sequencer->mover_ = std::make_unique<Mover>(
      options.shards,
      MoverHooks{.ask =
                     [here](std::uint32_t number, Request request, Done done) {
                       static io::InlineExecutor at_once;
                       here->workers_[number]->submit(std::move(request), at_once, std::move(done));
                     },
                 .park = [here](std::uint32_t slot) { here->routes_->park(slot); },
                 .open = [here](std::uint32_t slot,
                                std::uint32_t number) { here->routes_->open(slot, number); },
                 .shard_of = [here](std::uint32_t slot) { return here->routes_->shard_of(slot); }},
      options.owner.metrics);
  return sequencer;
}

std::size_t Sequencer::shard_of(TitleId title, std::string_view arena) const {
  return routes_->shard_of(slot_of(title, arena));
}

void Sequencer::look_at_wishes() { mover_->look(); }

void Sequencer::submit(TitleId title, std::string_view arena, Request request,
                       io::Executor& executor, Done done) {
  const std::uint32_t slot = slot_of(title, arena);
  if (auto* lookup = std::get_if<Lookup>(&request)) lookup->slot = slot;
  auto refused = routes_->submit(slot, {std::move(request), &executor, std::move(done)});
  if (!refused) return;
  executor.post([request = std::move(refused->request), done = std::move(refused->done)]() mutable {
    done(refusal(request, Verdict::overloaded,
                 "the arena moves, and too many wait for it: try again in a moment"));
  });
}

}  // namespace matsuri::sequencer
