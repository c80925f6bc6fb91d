// Group commit without a timer: while one batch is written the next one gathers and is read for.
//
// A commit whose fate is unknown is tried again as it is. Its first statement moves the shard's row
// from one place in the order to the next, so it waits for whatever still holds that row, and then
// finds it moved (by itself, the first time) or not. Nothing else is decided before that is known.
#include "sequencer/owner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "base/plant.h"

namespace matsuri::sequencer {

namespace {

// The lease of another owner counts as over only so long after its end: clocks differ.
constexpr std::int64_t lease_skew_ms = 1000;

std::size_t count_of(const Request& request) {
  const auto* chain = std::get_if<Chain>(&request);
  return chain == nullptr ? 1 : chain->commands.size();
}

// The first of them, with at most `count_max` commands and reads together; one at least.
template <class AnyRequest, class Waitings>
std::vector<AnyRequest*> requests_of(Waitings& waiting, std::size_t count_max) {
  std::vector<AnyRequest*> requests;
  std::size_t count = 0;
  for (auto& one : waiting) {
    count += count_of(one.request);
    if (count > count_max && !requests.empty()) break;
    requests.push_back(&one.request);
  }
  return requests;
}

// Takes the first `count` away from `from`.
template <class Waiting>
std::deque<Waiting> take_front(std::deque<Waiting>& from, std::size_t count) {
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(count);
  std::deque<Waiting> taken(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
  return taken;
}

}  // namespace

Answer refusal(const Request& request, Verdict verdict, const std::string& message) {
  Answer answer;
  answer.outcomes.assign(count_of(request), Outcome{.verdict = verdict, .message = message});
  return answer;
}

Owner::Owner(OwnerOptions options, Schemas schemas, Store& store, io::Clock& clock)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      shard_(options_.shard, std::move(schemas)) {
  if (options_.metrics != nullptr) meter(*options_.metrics);
}

void Owner::meter(metrics::Registry& registry) {
  const metrics::Labels shard = {{"shard", std::to_string(options_.shard_number)}};
  meters_.decided = &registry.counter("matsuri_sequencer_commands_total",
                                      "Commands that got a place in the order", shard);
  meters_.refused =
      &registry.counter("matsuri_sequencer_refused_total",
                        "Requests that were not executed for no fault of theirs", shard);
  meters_.batch =
      &registry.histogram("matsuri_sequencer_batch_commands", "Commands in a transaction",
                          {1, 4, 16, 64, 256, 1024, 4096}, shard);
  meters_.commit =
      &registry.histogram("matsuri_sequencer_commit_seconds", "From BEGIN to the end of COMMIT",
                          metrics::seconds_bounds(), shard);
  meters_.waiting = registry.gauge_from(
      "matsuri_sequencer_waiting", "Commands and reads that have no answer yet", shard, [this] {
        const std::lock_guard lock(door_);
        return static_cast<double>(count_);
      });
}

void Owner::submit(Request request, Done done) {
  {
    const std::lock_guard lock(door_);
    const std::size_t count = count_of(request);
    if (count_ + count <= options_.waiting_count_max) {
      count_ += count;
      waiting_.push_back({std::move(request), std::move(done)});
      return;
    }
  }
  done(
      refusal(request, Verdict::overloaded, "the shard has too much to do: try again in a moment"));
}

bool Owner::load() {
  std::deque<Waiting> taken;
  Needs needs;
  {
    const std::lock_guard lock(mutex_);
    if (!owns_) return false;
    {
      const std::lock_guard at_door(door_);
      taken = take_front(waiting_,
                         requests_of<const Request>(waiting_, options_.batch_count_max).size());
    }
    if (taken.empty()) return false;
    needs = shard_.needs(requests_of<const Request>(taken, options_.batch_count_max));
  }
  const Result<Found> found = needs.empty() ? Found{} : store_.load(needs);
  const std::lock_guard lock(mutex_);
  if (!found.ok()) {
    log::warn("sequencer", "reading failed, trying again", {{"reason", found.error().to_string()}});
    const std::lock_guard at_door(door_);
    waiting_.insert(waiting_.begin(), std::make_move_iterator(taken.begin()),
                    std::make_move_iterator(taken.end()));
    return false;
  }
  if (!needs.empty()) shard_.found(needs, *found);
  std::ranges::move(taken, std::back_inserter(ready_));
  return true;
}

bool Owner::step() {
  if (open_) {
    commit();
    return !open_;
  }
  if (!owns() && !take_over()) return false;
  if (reload_ && !reload()) return false;
  return begin_batch();
}

// Becomes the owner where the last one is gone. Who waits while somebody else owns the shard hears
// so.
bool Owner::take_over() {
  const Result<ShardRow> seen = store_.row();
  if (!seen.ok()) return false;
  const std::int64_t now_ms = clock_.unix_ms();
  const std::int64_t now_us = clock_.monotonic_us();
  if (seen->owner != options_.name && seen->lease_until_ms + lease_skew_ms > now_ms) {
    refuse_all(Verdict::not_owner, "the shard belongs to " + seen->owner);
    return false;
  }
  const Result<ShardRow> mine = store_.take(*seen, options_.name, now_ms + options_.lease_ms);
  if (!mine.ok()) return false;
  Result<Slots> slots = store_.slots();
  if (!slots.ok()) return false;
  log::info("sequencer", "owns the shard", {{"epoch", mine->epoch}, {"seq", mine->seq}});
  const std::lock_guard lock(mutex_);
  shard_.own(*mine, std::move(*slots), now_ms);
  owns_ = true;
  lease_until_us_ = now_us + options_.lease_ms * 1000;
  return true;
}

// Reads for the first of ready_ on the thread that decides: only where a key repeats one of the
// batch before, or something left memory between load() and step().
bool Owner::reload() {
  Needs needs;
  {
    const std::lock_guard lock(mutex_);
    needs = shard_.needs(requests_of<const Request>(ready_, options_.batch_count_max));
  }
  if (!needs.empty()) {
    const Result<Found> found = store_.load(needs);
    if (!found.ok()) return false;
    const std::lock_guard lock(mutex_);
    shard_.found(needs, *found);
  }
  reload_ = false;
  return true;
}

bool Owner::begin_batch() {
  Open open;
  open.begun_us = clock_.monotonic_us();
  const std::int64_t now_ms = clock_.unix_ms();
  {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) return false;
    const std::vector<Request*> requests = requests_of<Request>(ready_, options_.batch_count_max);
    Shard::Batch batch = shard_.decide(requests, now_ms, open.begun_us);
    for (Answer& answer : batch.answers) answer.shard = options_.shard_number;
    reload_ = batch.answers.size() < requests.size();
    open.waiting = take_front(ready_, batch.answers.size());
    open.answers = std::move(batch.answers);
    open.write = std::move(batch.write);
  }
  open.write.lease_until_ms = now_ms + options_.lease_ms;
  open_ = std::move(open);
  if (open_->waiting.empty()) {
    open_.reset();
    return true;
  }
  if (planted("answer_before_commit")) {
    for (std::size_t i = 0; i < open_->waiting.size(); ++i)
      open_->waiting[i].done(open_->answers[i]);
    open_->answered = true;
  }
  // What the lease covers needs no word with the database: nobody else can have decided anything.
  const bool reads = open_->write.commands.empty() && open_->write.slots.empty();
  if (reads && open_->begun_us < lease_until_us_)
    finish(true);
  else
    commit();
  return true;
}

void Owner::commit() {
  const std::int64_t begun_us = clock_.monotonic_us();
  open_->write.lease_until_ms = clock_.unix_ms() + options_.lease_ms;
  const Committed committed = store_.commit(open_->write);
  const std::int64_t spent_us = clock_.monotonic_us() - begun_us;
  if (meters_.commit != nullptr) meters_.commit->observe(static_cast<double>(spent_us) / 1e6);
  switch (committed) {
    case Committed::done:
      lease_until_us_ = begun_us + options_.lease_ms * 1000;
      return finish(true);
    case Committed::fenced:
      return lose();
    case Committed::unknown:
      open_->unclear = true;
      break;
    case Committed::failed:
      break;
  }
  if (clock_.monotonic_us() - open_->begun_us < options_.answer_after_ms * 1000) return;
  if (!open_->unclear) return finish(false);
  if (open_->answered) return;
  open_->answered = true;
  for (std::size_t i = 0; i < open_->waiting.size(); ++i) {
    Waiting& waiting = open_->waiting[i];
    waiting.done(
        refusal(waiting.request, Verdict::unknown, "the database does not say: look the key up"));
  }
}

// Ends the batch that is open: as decided, or as if it had never been.
void Owner::finish(bool committed) {
  Open open = std::move(*open_);
  open_.reset();
  {
    const std::lock_guard lock(mutex_);
    shard_.settle(committed, clock_.unix_ms());
  }
  leave(open.waiting);
  if (committed && meters_.decided != nullptr) {
    meters_.decided->add(open.write.commands.size());
    meters_.batch->observe(static_cast<double>(open.write.commands.size()));
  }
  if (open.answered) return;
  for (std::size_t i = 0; i < open.waiting.size(); ++i) {
    Waiting& waiting = open.waiting[i];
    waiting.done(committed ? std::move(open.answers[i])
                           : refusal(waiting.request, Verdict::overloaded,
                                     "the database is busy: try again in a moment"));
  }
}

// Somebody else owns the shard. What was open did not happen, unless a commit before this one was
// unclear and came through: then only the keys can tell, and whoever owns the shard now knows them.
void Owner::lose() {
  log::warn("sequencer", "lost the shard", {{"epoch", open_->write.epoch}});
  Open open = std::move(*open_);
  open_.reset();
  {
    const std::lock_guard lock(mutex_);
    owns_ = false;
    shard_.settle(false, clock_.unix_ms());
  }
  leave(open.waiting);
  reload_ = false;
  if (!open.answered) {
    for (Waiting& waiting : open.waiting)
      waiting.done(refusal(waiting.request, open.unclear ? Verdict::unknown : Verdict::not_owner,
                           "the shard has another owner now"));
  }
  refuse_all(Verdict::not_owner, "the shard has another owner now");
}

// Answers all that wait, but for what load() has in hand.
void Owner::refuse_all(Verdict verdict, const std::string& message) {
  std::deque<Waiting> all;
  {
    const std::lock_guard lock(mutex_);
    const std::lock_guard at_door(door_);
    all = std::exchange(ready_, {});
    std::ranges::move(waiting_, std::back_inserter(all));
    waiting_.clear();
  }
  leave(all);
  if (meters_.refused != nullptr) meters_.refused->add(all.size());
  for (Waiting& waiting : all) waiting.done(refusal(waiting.request, verdict, message));
}

// They are about to be answered.
void Owner::leave(const std::deque<Waiting>& answered) {
  const std::lock_guard lock(door_);
  for (const Waiting& waiting : answered) count_ -= count_of(waiting.request);
}

void Owner::stop() {
  if (open_) commit();
  if (open_ && !open_->answered) {
    for (Waiting& waiting : open_->waiting)
      waiting.done(refusal(waiting.request, Verdict::unknown, "the node stops: look the key up"));
  }
  if (owns() && !open_) {
    const std::lock_guard lock(mutex_);
    const ShardRow& row = shard_.row();
    // A lease that stays costs the next owner a wait, nothing else.
    (void)store_.commit({.epoch = row.epoch, .seq_before = row.seq, .seq_after = row.seq});
    owns_ = false;
  }
  refuse_all(Verdict::not_owner, "the node stops");
}

bool Owner::busy() const {
  const std::lock_guard lock(door_);
  return count_ != 0;
}

std::uint64_t Owner::epoch() const {
  const std::lock_guard lock(mutex_);
  return shard_.row().epoch;
}

std::uint64_t Owner::seq() const {
  const std::lock_guard lock(mutex_);
  return shard_.row().seq;
}

}  // namespace matsuri::sequencer
