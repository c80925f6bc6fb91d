#include "stream/stream.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "stream/internal/applier.h"
#include "stream/internal/feed.h"
#include "stream/internal/memory_follower.h"
#include "stream/internal/schema.h"
#include "stream/internal/signal.h"
#include "stream/internal/watch.h"

namespace matsuri::stream {

class Stream::Impl {
 public:
  explicit Impl(StreamOptions options)
      : options_(std::move(options)),
        signal_(std::make_shared<internal::Signal>()),
        feeds_(*options_.files, signal_),
        watch_(feeds_, *options_.clock),
        memory_(feeds_, watch_, signal_, options_) {}

  ~Impl() { stop(); }

  internal::Feeds& feeds() { return feeds_; }
  internal::Watch& watch() { return watch_; }

  Result<void> add_view(View& view, Outbox& outbox) {
    MATSURI_ASSERT(!started_, "views are added before start()");
    if (view.name().empty() || view.name().size() > internal::view_name_size_max)
      return Error(Code::invalid, "a view's name has 1 to 64 bytes");
    for (const auto& applier : appliers_)
      if (applier->view().name() == view.name())
        return Error(Code::invalid, "two views are named " + std::string(view.name()));
    appliers_.push_back(
        std::make_unique<internal::Applier>(view, outbox, feeds_, watch_, signal_, options_));
    return {};
  }

  void add_memory_view(MemoryView& view, const std::vector<Position>& from) {
    MATSURI_ASSERT(!started_, "views are added before start()");
    memory_.add(view, from);
  }

  Result<void> start() {
    MATSURI_ASSERT(!started_, "a stream starts once");
    started_ = true;
    watch_.start();
    memory_.start();
    for (const auto& applier : appliers_) applier->start();
    poller_ = std::thread([this] { poll(); });
    return {};
  }

  void stop() {
    signal_->stop();
    for (const auto& applier : appliers_) applier->join();
    memory_.join();
    if (poller_.joinable()) poller_.join();
    watch_.stop();
    feeds_.close_all();
  }

  // What views write into outboxes on the way is more to apply: so many rounds as there are views
  // follow any chain of them, and end even while others write.
  bool drain(std::int64_t timeout_ms) {
    const std::int64_t deadline_us = options_.clock->monotonic_us() + timeout_ms * 1000;
    for (std::size_t round = 0; round <= appliers_.size(); ++round) {
      while (!feeds_.poll().ok()) {
        if (options_.clock->monotonic_us() >= deadline_us || signal_->stopping()) return false;
        signal_->sleep(20);
      }
      std::vector<Position> ends;
      for (const auto& feed : *feeds_.list())
        ends.push_back({.origin = feed->origin(), .offset = feed->end()});
      const std::int64_t left_ms = (deadline_us - options_.clock->monotonic_us()) / 1000;
      if (!watch_.wait_passed(std::move(ends), left_ms)) return false;
    }
    return true;
  }

  Result<void> admit(EventKind kind) const {
    for (const auto& applier : appliers_) {
      if (!applier->view().wants(kind)) continue;
      // The poller may just now wait for the database that is to blame.
      applier->check_lag_if_due();
      if (applier->lags())
        return Error(Code::busy, "view " + std::string(applier->view().name()) + " lags behind");
    }
    return {};
  }

  std::vector<ApplierStatus> status() const {
    std::vector<ApplierStatus> all;
    for (const auto& applier : appliers_) all.push_back(applier->status());
    std::ranges::move(memory_.status(), std::back_inserter(all));
    return all;
  }

 private:
  // Other processes write as well, and nobody wakes us for those.
  void poll() {
    bool failed = false;
    while (!signal_->stopping()) {
      const Result<void> polled = feeds_.poll();
      if (!polled.ok() && !failed)
        log::warn("stream", "can't look for new records", {{"why", polled.error().to_string()}});
      failed = !polled.ok();
      for (const auto& applier : appliers_) applier->check_lag();
      signal_->sleep(options_.batch_wait_ms);
    }
  }

  const StreamOptions options_;
  std::shared_ptr<internal::Signal> signal_;
  internal::Feeds feeds_;
  internal::Watch watch_;
  internal::MemoryFollower memory_;
  std::vector<std::unique_ptr<internal::Applier>> appliers_;
  std::thread poller_;
  bool started_ = false;
};

Stream::Stream(StreamOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Stream::~Stream() = default;

Result<void> Stream::add_journal(const std::string& folder, journal::Writer* writer) {
  return within("journal " + folder, impl_->feeds().add_journal(folder, writer));
}

Result<void> Stream::add_outbox(Outbox& outbox) {
  return within("outbox of " + outbox.db().name(), impl_->feeds().add_outbox(outbox));
}

void Stream::remove_origin(const Origin& origin) { impl_->feeds().remove(origin); }

Result<void> Stream::add_view(View& view, Outbox& outbox) { return impl_->add_view(view, outbox); }

void Stream::add_memory_view(MemoryView& view, const std::vector<Position>& from) {
  impl_->add_memory_view(view, from);
}

Result<void> Stream::start() { return impl_->start(); }
void Stream::stop() { impl_->stop(); }

bool Stream::has_passed(const PositionSet& position) const {
  return impl_->watch().has_passed(position.positions());
}

void Stream::when_passed(const PositionSet& position, std::int64_t timeout_ms,
                         std::move_only_function<void(bool)> done) {
  impl_->watch().when_passed(position.positions(), timeout_ms, std::move(done));
}

bool Stream::drain(std::int64_t timeout_ms) { return impl_->drain(timeout_ms); }
Result<void> Stream::admit(EventKind kind) const { return impl_->admit(kind); }
std::vector<ApplierStatus> Stream::status() const { return impl_->status(); }
std::vector<Position> Stream::applied_by_all() const { return impl_->watch().stored_by_all(); }

}  // namespace matsuri::stream
